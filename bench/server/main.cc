// Holds the server with limits to what docs/server.md promises: each figure with its bound.

#include "failure.h"
#include "machine.h"
#include "progress.h"
#include "trial_report.h"
#include "trials.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <fstream>

namespace bench {
namespace {

constexpr int kMissedExit = 3;
constexpr int kInterruptedExit = 130;

void raise_descriptor_limit() {
    rlimit limit = {};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

void write_file(const std::string& path, const std::string& text) {
    if (path.empty()) return;
    std::ofstream file(path);
    file << text;
    file.close();
    if (!file) throw Failure("cannot write " + path, errno_text("write"));
}

int run(int argc, char** argv) {
    const Settings settings = read_settings(argc, argv);
    catch_interrupts();
    raise_descriptor_limit();
    std::vector<Trial> trials;
    bool is_all_met = true;
    for (const KnownTrial& known : all_trials()) {
        if (!settings.wants(known.name)) continue;
        const DisturbanceWatch watch;
        Trial trial = known.measure(settings);
        trial.name = known.name;
        trial.disturbance = watch.so_far();
        clear_progress();
        fmt::print("{}", markdown_of(trial));
        std::fflush(stdout);
        for (const Finding& finding : trial.findings) is_all_met &= finding.is_met();
        trials.push_back(std::move(trial));
    }
    const Machine machine = describe_machine(argc, argv);
    write_file(settings.json_file, json_report(machine, trials));
    write_file(settings.markdown_file, markdown_report(machine, trials));
    return is_all_met ? 0 : kMissedExit;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
    try {
        return bench::run(argc, argv);
    } catch (const bench::Failure& failure) {
        bench::clear_progress();
        fmt::print(stderr, "error: {}\n  {}\n", failure.what(), failure.cause);
        if (!failure.hint.empty()) fmt::print(stderr, "  hint: {}\n", failure.hint);
        return 1;
    } catch (const bench::Interrupted&) {
        bench::clear_progress();
        fmt::print(stderr, "interrupted; every process that was started has been ended\n");
        return bench::kInterruptedExit;
    }
}

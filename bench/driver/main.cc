#include "failure.h"
#include "machine.h"
#include "measure.h"
#include "options.h"
#include "progress.h"
#include "report.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <fstream>

namespace bench {
namespace {

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

/// Says so now rather than after minutes of measuring.
void must_be_writable(const std::string& path) {
    if (path.empty()) return;
    if (!std::ofstream(path, std::ios::app)) {
        throw Failure("cannot write " + path, errno_text("open"));
    }
}

Results measure_all(const Options& options) {
    Results results;
    results.seed = options.seed;
    results.rounds = options.rounds;
    results.rotations = options.rotations;
    results.slice_milliseconds = options.slice_milliseconds;
    for (const ServerSpec& spec : options.servers) results.servers.push_back(spec.name);
    if (options.calls) results.calls = count_calls(options);
    if (options.memory) results.memory = measure_idle_memory(options);
    if (options.time) {
        for (const Row& row : options.rows) results.rows.push_back(measure_row(row, options));
    }
    return results;
}

int run(int argc, char** argv) {
    const Options options = read_options(argc, argv);
    catch_interrupts();
    raise_descriptor_limit();
    for (const auto* path : {&options.json_file, &options.svg_file, &options.markdown_file}) {
        must_be_writable(*path);
    }
    Results results = measure_all(options);
    results.machine = describe_machine(argc, argv);
    fmt::print("{}", text_report(results));
    write_file(options.json_file, json_report(results));
    write_file(options.svg_file, svg_chart(results));
    write_file(options.markdown_file, markdown_report(results));
    return 0;
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

#include "fivetuple/cli/units.h"
#include "fivetuple/os/clock.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/command.h"
#include "tools/sim_run.h"
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <new>

// Many seeds on several cores: each process takes the next one that nobody has taken.
namespace ft_tool {

namespace ft = fivetuple;
using ft_scenarios::Report;

namespace {

// A run that takes longer, of real time, does not end.
constexpr unsigned kGiveUpSeconds = 300;
constexpr unsigned kGiveUpSooner = 60;
constexpr std::size_t kMostFailures = 1000;

struct Failure {
    std::uint64_t run;
    enum class Kind : std::uint8_t { check, trace, death } kind;
};

constexpr unsigned kMostJobs = 256;

// What all processes share.
struct Shared {
    std::atomic<std::uint64_t> next{0};
    std::atomic<std::uint64_t> done{0};
    std::atomic<std::uint64_t> packets{0};
    std::atomic<std::size_t> failures{0};
    Failure failed[kMostFailures];
    std::atomic<std::uint64_t> current[kMostJobs];  // What each process runs.

    void note(Failure failure) {
        const std::size_t place = failures++;
        if (place < kMostFailures) failed[place] = failure;
    }
};

class Search {
public:
    explicit Search(const SimSearch& what) : what_(what), began_(ft::monotonic_now()) {}

    int run() {
        void* there = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (there == MAP_FAILED) return failed("search", ft::Error::system(errno, "mmap"));
        shared_ = new (there) Shared;
        std::fflush(stdout);
        std::map<pid_t, unsigned> workers;
        for (unsigned job = 0; job < std::clamp(what_.jobs, 1u, kMostJobs); ++job) {
            const pid_t worker = ::fork();
            if (worker == 0) work(job);
            if (worker < 0) return failed("search", ft::Error::system(errno, "fork"));
            workers[worker] = job;
        }
        while (!workers.empty()) {
            int status = 0;
            const pid_t ended = ::waitpid(-1, &status, 0);
            const auto found = workers.find(ended);
            if (found == workers.end()) continue;
            const std::uint64_t current = shared_->current[found->second];
            if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
                shared_->note({current, Failure::Kind::death});
            }
            workers.erase(found);
        }
        const int code = tell();
        ::munmap(there, sizeof(Shared));
        return code;
    }

private:
    std::uint64_t seeds() const { return what_.last_seed - what_.first_seed + 1; }
    std::uint64_t all() const { return seeds() * what_.scenarios.size(); }

    SimRun run_number(std::uint64_t number) const {
        SimRun run;
        run.scenario = what_.scenarios[number % what_.scenarios.size()];
        run.values = ft_scenarios::Values(run.scenario->parameters);
        for (const std::string& setting : what_.settings) {
            static_cast<void>(run.values.set(setting));
        }
        run.seed = what_.first_seed + number / what_.scenarios.size();
        return run;
    }

    static Report run_one(const SimRun& run) {
        ft_scenarios::RunOptions options;
        options.seed = run.seed;
        return ft_scenarios::run_scenario(*run.scenario, run.values, options);
    }

    bool goes_on() const {
        if (what_.ends_with_first && shared_->failures > 0) return false;
        return !what_.within || ft::monotonic_now() - began_ < *what_.within;
    }

    [[noreturn]] void work(unsigned job) {
        while (goes_on()) {
            const std::uint64_t number = shared_->next++;
            if (number >= all()) break;
            // Should it abort or never end, this is the last that is heard of it.
            shared_->current[job] = number;
            const SimRun run = run_number(number);
            ::alarm(what_.ends_with_first ? kGiveUpSooner : kGiveUpSeconds);
            const Report report = run_one(run);
            const bool is_same = !what_.runs_twice || run_one(run).trace == report.trace;
            ::alarm(0);
            shared_->packets += report.packets;
            ++shared_->done;
            if (!report.passed()) {
                shared_->note({number, Failure::Kind::check});
            } else if (!is_same) {
                shared_->note({number, Failure::Kind::trace});
            }
        }
        std::_Exit(0);
    }

    void tell_failure(const Failure& failure) const {
        constexpr const char* kWhat[] = {"fails", "is another run the second time",
                                         "ends the program, or does not end"};
        std::printf("  %s  # %s\n", replay_line(run_number(failure.run)).c_str(),
                    kWhat[static_cast<std::size_t>(failure.kind)]);
    }

    int tell() {
        const std::size_t count = std::min(shared_->failures.load(), kMostFailures);
        std::vector<Failure> failures(shared_->failed, shared_->failed + count);
        std::ranges::sort(failures, {}, &Failure::run);
        const ft::Duration took = ft::monotonic_now() - began_;
        std::printf("%s runs%s of %zu scenario%s from seed %llu on, %s packets in %s: ",
                    ft::format_count(shared_->done).c_str(),
                    what_.runs_twice ? ", each twice," : "", what_.scenarios.size(),
                    what_.scenarios.size() == 1 ? "" : "s",
                    static_cast<unsigned long long>(what_.first_seed),
                    ft::format_count(shared_->packets * (what_.runs_twice ? 2 : 1)).c_str(),
                    ft::format_duration(took).c_str());
        if (failures.empty()) {
            std::printf("none failed\n");
            return 0;
        }
        std::printf("%zu failed\n", failures.size());
        constexpr std::size_t kMostTold = 20;
        for (std::size_t place = 0; place < std::min(count, kMostTold); ++place) {
            tell_failure(failures[place]);
        }
        if (count > kMostTold) std::printf("  and %zu more\n", count - kMostTold);
        // All that can be known of the first.
        const auto first = std::ranges::find(failures, Failure::Kind::check, &Failure::kind);
        if (first == failures.end()) return 1;
        SimRun run = run_number(first->run);
        if (what_.ends_with_first) {
            run.makes_small = false;
        } else {
            run.pcap = std::string(run.scenario->name) + '-' + std::to_string(run.seed) + ".pcap";
        }
        std::printf("\n");
        return run_once(run);
    }

    const SimSearch& what_;
    ft::Time began_;
    Shared* shared_ = nullptr;
};

}  // namespace

int search(const SimSearch& what) { return Search(what).run(); }

}  // namespace ft_tool

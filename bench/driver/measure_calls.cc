#include "../count_calls.h"
#include "failure.h"
#include "fd.h"
#include "measure.h"
#include "progress.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <numeric>

namespace bench {
namespace {

constexpr std::chrono::milliseconds kLength{40};
constexpr int kSlices = 15;

constexpr std::array kCallNames = {
#define FT_CALL_NAME(name) #name,
    FT_COUNTED_CALLS(FT_CALL_NAME)
#undef FT_CALL_NAME
};

/// The file in which a preloaded server counts.
class CountFile {
public:
    CountFile() : file_(memfd_create("calls", MFD_CLOEXEC)) {
        if (!file_.is_open() || ftruncate(file_.number(), sizeof(FtCallCounts)) < 0) {
            throw Failure("cannot count system calls", errno_text("memfd_create"));
        }
        void* memory =
            mmap(nullptr, sizeof(FtCallCounts), PROT_READ, MAP_SHARED, file_.number(), 0);
        if (memory == MAP_FAILED) throw Failure("cannot count system calls", errno_text("mmap"));
        counts_ = static_cast<const FtCallCounts*>(memory);
    }
    CountFile(const CountFile&) = delete;
    CountFile& operator=(const CountFile&) = delete;
    ~CountFile() { munmap(const_cast<FtCallCounts*>(counts_), sizeof(FtCallCounts)); }

    std::vector<std::string> environment(const std::string& counter) const {
        return {"LD_PRELOAD=" + counter,
                fmt::format(FT_COUNT_CALLS_FILE "=/proc/{}/fd/{}", getpid(), file_.number())};
    }

    FtCallCounts read() const {
        FtCallCounts now = {};
        for (int kind = 0; kind < kFtCallKinds; ++kind) {
            now.made[kind] = __atomic_load_n(&counts_->made[kind], __ATOMIC_RELAXED);
        }
        return now;
    }

private:
    Fd file_;
    const FtCallCounts* counts_ = nullptr;
};

/// The calls of one slice for each request, by kind.
std::array<double, kFtCallKinds> count_slice(LoadProcess& load, const CountFile& file) {
    const FtCallCounts before = file.read();
    const Slice slice = load.run({}, kLength);
    const FtCallCounts after = file.read();
    std::array<double, kFtCallKinds> each = {};
    for (std::size_t kind = 0; kind < each.size(); ++kind) {
        each[kind] = static_cast<double>(after.made[kind] - before.made[kind]) /
                     static_cast<double>(slice.requests);
    }
    return each;
}

/// How many requests a server finds at each wait is partly luck: hence medians of several slices.
CallCounts count_one(const Row& row, const ServerSpec& spec, const Options& options,
                     const std::string& counter) {
    const CountFile file;
    Server server(spec, options.server_core, file.environment(counter));
    LoadProcess load(row, server, options.load_core);
    load.wait_until_open();
    load.run({}, kLength);
    std::vector<double> all(kSlices);
    std::array<std::vector<double>, kFtCallKinds> by_kind;
    for (double& sum : all) {
        const auto each = count_slice(load, file);
        sum = std::accumulate(each.begin(), each.end(), 0.0);
        for (std::size_t kind = 0; kind < each.size(); ++kind) by_kind[kind].push_back(each[kind]);
    }
    server.stop();
    CallCounts counts{row.name, spec.name, figure_of(all), {}};
    for (std::size_t kind = 0; kind < by_kind.size(); ++kind) {
        const double each = median(by_kind[kind]);
        if (each > 0) counts.by_kind[kCallNames[kind]] = each;
    }
    return counts;
}

}  // namespace

std::vector<CallCounts> count_calls(const Options& options) {
    const auto counter = std::filesystem::path(options.programs) / "libcount_calls.so";
    if (access(counter.c_str(), R_OK) < 0) {
        throw Failure("cannot count system calls", counter.string() + " is not there",
                      "build all of bench, or leave the count out with --no-calls");
    }
    std::vector<CallCounts> all;
    for (const Row& row : options.rows) {
        if (!row.is_counted) continue;
        for (const ServerSpec& spec : options.servers) {
            show_progress(fmt::format("row {}: counting calls of {}", row.name, spec.name));
            all.push_back(count_one(row, spec, options, counter.string()));
        }
    }
    clear_progress();
    return all;
}

}  // namespace bench

#include "fivetuple/io/backends/readiness.h"
#include "fivetuple/io/backends/uring.h"
#include "fivetuple/io/loop.h"
#include "fivetuple/io/open_backend.h"

#include <cstdlib>
#include <utility>

// Which backend a loop gets: the one asked for, or the best that works.
namespace fivetuple {
namespace {

constexpr std::pair<BackendKind, std::string_view> kNames[] = {
    {BackendKind::io_uring, "io_uring"},
    {BackendKind::epoll, "epoll"},
    {BackendKind::poll, "poll"},
    {BackendKind::select, "select"},
};

// A ring can be had and yet not be used, where a filter forbids one of its calls: so it is used.
std::optional<Error> try_uring() {
    auto ring = UringRing::open(8);
    if (!ring) return std::move(ring).error();
    UringBuffers buffers(8, 4096);
    UringRing used = *std::move(ring);  // Gone before the buffers it is lent.
    if (const int result = buffers.register_with(used); result < 0) {
        return Error::system(-result, "io_uring_register");
    }
    if (const int result = used.enable(); result < 0) {
        return Error::system(-result, "io_uring_register");
    }
    ::io_uring_prep_nop(used.request());
    const int result = used.enter(true, Time(), kNever);
    if (result < 0 || used.completions() != 1) return Error::system(-result, "io_uring_enter");
    return std::nullopt;
}

// Once a process: limits and filters do not become looser.
const std::optional<Error>& why_no_uring() {
    static const std::optional<Error> answer = try_uring();
    return answer;
}

Result<std::unique_ptr<Backend>> open_backend(BackendKind kind, const LoopOptions& options) {
    if (kind != BackendKind::io_uring) return ReadinessBackend::open(kind, options);
    if (why_no_uring()) return std::unexpected(*why_no_uring());
    return UringBackend::open(options);
}

Result<OpenBackend> open_exactly(BackendKind kind, const LoopOptions& options,
                                 std::string_view because) {
    auto backend = open_backend(kind, options);
    if (!backend) {
        const std::string subject =
            std::string(to_string(kind)) + " (" + std::string(because) + ")";
        return std::unexpected(std::move(backend).error().about(subject));
    }
    return OpenBackend{*std::move(backend), BackendChoice{kind, std::string(because), {}}};
}

std::vector<std::string> uring_offers() {
    std::vector<std::string> offers = {"single issuer",       "deferred task run",
                                       "multishot accept",    "multishot receive over lent buffers",
                                       "gathered submission", "silent sends"};
    io_uring_probe* probe = ::io_uring_get_probe();
    if (probe == nullptr) return offers;
    if (::io_uring_opcode_supported(probe, IORING_OP_SEND_ZC)) offers.push_back("zero-copy send");
    ::io_uring_free_probe(probe);
    return offers;
}

std::vector<std::string> offers_of(BackendKind kind) {
    switch (kind) {
        case BackendKind::io_uring:
            return uring_offers();
        case BackendKind::epoll:
            return {"edge-triggered, one registration a descriptor"};
        case BackendKind::poll:
            return {"cost grows with the descriptors awaited"};
        case BackendKind::select:
            break;
    }
    return {"descriptors 0 to 1023 only", "cost grows with the descriptors awaited"};
}

BackendWrapper wrapper_of_all = nullptr;

}  // namespace

std::string_view to_string(BackendKind kind) {
    for (const auto& [each, name] : kNames) {
        if (each == kind) return name;
    }
    return "?";
}

Result<BackendKind> parse_backend(std::string_view name) {
    for (const auto& [kind, each] : kNames) {
        if (each == name) return kind;
    }
    return std::unexpected(Error::malformed("backend", "there are io_uring, epoll, poll and select")
                               .about("\"" + std::string(name) + "\""));
}

Result<OpenBackend> open_backend(const LoopOptions& options) {
    if (options.backend) return open_exactly(*options.backend, options, "asked for");
    if (const char* named = std::getenv("FT_BACKEND"); named != nullptr && *named != '\0') {
        const auto kind = parse_backend(named);
        if (kind) return open_exactly(*kind, options, "FT_BACKEND");
        return std::unexpected(
            Error::malformed("FT_BACKEND", "there are io_uring, epoll, poll and select")
                .about("\"" + std::string(named) + "\""));
    }
    BackendChoice choice{BackendKind::epoll, "the best that works here", {}};
    for (const BackendKind kind : kBackendKinds) {
        auto backend = open_backend(kind, options);
        if (backend) {
            choice.kind = kind;
            return OpenBackend{*std::move(backend), std::move(choice)};
        }
        choice.passed_over.push_back({kind, std::move(backend).error()});
    }
    return std::unexpected(choice.passed_over.back().why);
}

void wrap_backends(BackendWrapper wrapper) { wrapper_of_all = wrapper; }

Result<std::unique_ptr<Loop>> Loop::open(const LoopOptions& options) {
    FT_TRY(OpenBackend opened, open_backend(options));
    if (wrapper_of_all != nullptr) opened.backend = wrapper_of_all(std::move(opened.backend));
    return std::make_unique<Loop>(std::move(opened.backend), std::move(opened.choice));
}

std::vector<BackendProbe> probe_backends() {
    std::vector<BackendProbe> probes;
    for (const BackendKind kind : kBackendKinds) {
        BackendProbe probe{kind, std::nullopt, {}};
        if (auto backend = open_backend(kind, {}); !backend) {
            probe.unavailable = std::move(backend).error();
        }
        if (!probe.unavailable) probe.offers = offers_of(kind);
        probes.push_back(std::move(probe));
    }
    return probes;
}

}  // namespace fivetuple

#include "fivetuple/faults/faulty_backend.h"
#include "fivetuple/io/open_backend.h"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

// Linked to a program as it is, this makes call number FT_TORTURE of its loops fail, with an error
// that the call can have; and, when the program ends, notes in the file FT_TORTURE_SAYS what has
// been done to it.
namespace fivetuple {
namespace {

struct Torturer {
    Torturer() {
        const char* wish = std::getenv("FT_TORTURE");
        if (wish == nullptr) return;
        number = std::strtoull(wish, nullptr, 10);
        wrap_backends(&wrap);
    }

    static std::unique_ptr<Backend> wrap(std::unique_ptr<Backend> under);
    std::optional<Fault> judge(CallKind call, std::span<const Fault> possible);
    static void say(const std::string& what);

    std::size_t number = 0;
    std::size_t calls = 0;
};

Torturer torturer;

std::unique_ptr<Backend> Torturer::wrap(std::unique_ptr<Backend> under) {
    auto backend = std::make_unique<FaultyBackend>(std::move(under));
    backend->faults().judge_by([](CallKind call, std::span<const Fault> possible) {
        return torturer.judge(call, possible);
    });
    return backend;
}

std::optional<Fault> Torturer::judge(CallKind call, std::span<const Fault> possible) {
    if (call == CallKind::wait || ++calls != number) return std::nullopt;
    std::size_t errors = 0;
    for (const Fault& each : possible) errors += each.kind == FaultKind::error ? 1 : 0;
    if (errors == 0) return std::nullopt;
    const Fault fault = possible[number % errors];
    say(std::string(to_string(call)) + " suffered " + fault.to_string());
    return fault;
}

void Torturer::say(const std::string& what) {
    const char* path = std::getenv("FT_TORTURE_SAYS");
    if (path == nullptr) return;
    if (std::FILE* file = std::fopen(path, "w"); file != nullptr) {
        std::fputs(what.c_str(), file);
        std::fclose(file);
    }
}

}  // namespace
}  // namespace fivetuple

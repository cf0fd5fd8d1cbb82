#pragma once

#include "fivetuple/base/assert.h"
#include "fivetuple/io/loop.h"

#include "tests/testing/testing.h"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>

namespace fivetuple::testing_help {

/// A backend without sockets, whose clock goes straight to whatever is waited for: for tests of
/// what stands on a loop and needs no network. Nothing in it depends on how fast the machine is.
class QuietBackend final : public Backend {
public:
    void submit(Op&) override { FT_ASSERT(false, "there are no sockets here"); }
    void cancel(Op&) override { FT_ASSERT(false, "there are no sockets here"); }
    void close(Handle) override { FT_ASSERT(false, "there are no sockets here"); }
    void wait(Time until) override {
        waits_++;
        if (woken_.exchange(false)) return;
        FT_ASSERT(until != kNever, "everyone waits for what will never come");
        now_ = std::max(now_, until);
    }
    void wake() override { woken_ = true; }
    Time now() const override { return now_; }
    Sockets& sockets() override {
        FT_ASSERT(false, "there are no sockets here");
        std::abort();
    }
    std::string_view name() const override { return "quiet"; }
    BackendStats stats() const override { return {.waits = waits_}; }
    std::size_t open_sockets() const override { return 0; }

private:
    Time now_{std::chrono::hours(1)};
    std::uint64_t waits_ = 0;
    std::atomic<bool> woken_ = false;
};

/// A loop of its own on such a backend.
inline std::unique_ptr<Loop> open_quiet_loop() {
    return std::make_unique<Loop>(std::make_unique<QuietBackend>());
}

/// A test of what needs a loop and nothing else.
class QuietTest : public ::testing::Test {
protected:
    Loop& loop() { return *loop_; }

private:
    std::unique_ptr<Loop> loop_ = open_quiet_loop();
};

}  // namespace fivetuple::testing_help

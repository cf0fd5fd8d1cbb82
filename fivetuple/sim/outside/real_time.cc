#include "fivetuple/sim/outside/real_time.h"

#include "fivetuple/os/duplicate.h"
#include "fivetuple/sim/world.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/wait_ready.h"
#include "fivetuple/task/within.h"

#include <chrono>
#include <utility>

namespace fivetuple::sim {
namespace {

// Packets that one outlet takes in before others have their turn.
constexpr std::size_t kAtOnce = 64;
// To sleep for less takes longer than that.
constexpr Duration kTooShort = std::chrono::microseconds(30);

}  // namespace

void RealTime::catch_up() {
    const Duration due = loop_.now() - began_;
    world_.run_for(std::max(due - world_.elapsed(), Duration::zero()));
}

Task<Result<void>> RealTime::run(std::function<bool()> is_done) {
    is_done_ = std::move(is_done);
    began_ = loop_.now() - world_.elapsed();
    failure_.reset();
    co_return co_await with_scope(&RealTime::drive, std::ref(*this));
}

Task<Result<void>> RealTime::drive(Scope& scope, RealTime& self) {
    for (Outlet* each : self.outlets_) scope.spawn(self.listen(*each));
    while (true) {
        self.changed_.reset();
        self.catch_up();
        if (self.failure_ || self.is_done_()) break;
        self.planned_ = self.world_.next_event();
        if (self.planned_ == kNever) {
            FT_CO_TRY_VOID(co_await self.changed_.wait());
            continue;
        }
        const Duration left = self.planned_ - self.world_.now();
        if (left < kTooShort) {
            FT_CO_TRY_VOID(co_await sleep(Duration::zero()));
            continue;
        }
        auto changed = co_await within(left, self.changed_.wait());
        if (!changed && !changed.error().is_deadline()) co_return changed;
    }
    scope.cancel();
    if (self.failure_) co_return std::unexpected(*std::move(self.failure_));
    co_return Result<void>();
}

Task<void> RealTime::listen(Outlet& outlet) {
    auto heard = co_await hear(outlet);
    if (heard || heard.error().is_cancelled()) co_return;
    if (!failure_) failure_ = std::move(heard).error();
    look();
}

Task<Result<void>> RealTime::hear(Outlet& outlet) {
    // The loop closes what it has adopted, and the device is still the outlet's.
    FT_CO_TRY(Fd file, duplicate(outlet.device().fd().raw()));
    FT_CO_TRY(const Handle handle, loop_.sockets().adopt(std::move(file)));
    struct Closing {
        ~Closing() { loop.backend().close(handle); }
        Loop& loop;
        Handle handle;
    } closing{loop_, handle};
    while (true) {
        FT_CO_TRY_VOID(co_await WaitReady(handle, kPollReadable));
        std::size_t count = kAtOnce;
        while (count == kAtOnce) {
            catch_up();
            FT_CO_TRY(count, outlet.take_in(kAtOnce, world_.now()));
            catch_up();
        }
        if (world_.next_event() < planned_ || is_done_()) look();
    }
}

}  // namespace fivetuple::sim

#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/io/loop.h"
#include "fivetuple/sim/outside/outlet.h"
#include "fivetuple/task/event.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/task/task.h"

#include <functional>
#include <optional>
#include <vector>

namespace fivetuple::sim {

/// Lets a world go on as time does, with outlets to the kernel's network: its hosts, links and
/// routers are there for everybody on this machine. What happens is no longer given by the seed
/// alone. One that cannot keep up is late, and misses nothing.
class RealTime {
public:
    /// On a loop of the kernel's. Both must outlive it.
    RealTime(Loop& loop, World& world) : loop_(loop), world_(world) {}
    RealTime(const RealTime&) = delete;
    RealTime& operator=(const RealTime&) = delete;

    /// One of the world's outlets, before run().
    void add(Outlet& outlet) { outlets_.push_back(&outlet); }

    /// Runs until `is_done`, which is asked after all that happens, or until it is cancelled.
    /// Errors: as Outlet::take_in(); EMFILE; cancelled, deadline.
    Task<Result<void>> run(std::function<bool()> is_done = [] { return false; });
    /// Something was done to the world from outside of it, or `is_done` may have changed.
    void look() { changed_.set(); }

private:
    static Task<Result<void>> drive(Scope& scope, RealTime& self);
    Task<void> listen(Outlet& outlet);
    Task<Result<void>> hear(Outlet& outlet);
    void catch_up();

    Loop& loop_;
    World& world_;
    std::vector<Outlet*> outlets_;
    std::function<bool()> is_done_;
    Time began_{};
    Time planned_ = kNever;  // Of the world's time: until then the driver sleeps.
    Event changed_;
    std::optional<Error> failure_;
};

}  // namespace fivetuple::sim

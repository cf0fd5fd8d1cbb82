#pragma once

#include "fivetuple/faults/faults.h"
#include "fivetuple/faults/trial.h"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace fivetuple {

struct ForEachAwaitOptions {
    /// Each call suffers all that it can, one after the other; else one error, a different one each
    /// time that this kind of call is made.
    bool every_fault = false;
    /// Real time that one run may take.
    Duration patience = std::chrono::seconds(10);
    /// So many findings end it.
    std::size_t most_findings = 10;
};

/// What for_each_await() has done and found.
struct ForEachAwaitReport {
    std::size_t awaits = 0;  ///< In the undisturbed run: places in time at which a task waits.
    std::size_t limits = 0;  ///< Those of them with a deadline over them.
    std::size_t calls = 0;   ///< Requests and calls in the undisturbed run.
    std::vector<std::string> places;    ///< The awaits in their order: "recv at echo.cc:41".
    std::size_t runs = 0;               ///< How often the program has run.
    std::size_t not_met = 0;            ///< Runs that never came to what was to be disturbed.
    std::vector<std::string> findings;  ///< In words: what was done to the program, what was wrong.
    FaultTally tally;                   ///< What the calls have suffered.

    bool ok() const { return findings.empty(); }
    /// All of it for a person: a line of numbers, then the findings.
    std::string to_string() const;
};

/// Runs `program` undisturbed, then once for each of its awaits, with the program cancelled there
/// (and, where there is a deadline over it, once more with that run out), then once for each of its
/// calls, with that failing. After each run nothing may be left: no task, no open socket or
/// descriptor, no request under way, no lease, no timer; and what the program expects must hold.
///
///     const auto report = for_each_await([](Trial& trial) {
///         sim::World world;
///         sim::Host& host = world.host("host", "10.0.0.1");
///         trial.watch(host.loop());
///         host.run(serve());
///         world.run_until_idle();
///     });
///     EXPECT_TRUE(report.ok()) << report.to_string();
///
/// Each run is a process of its own: it may crash or hang, which is a finding, and what it changes
/// is gone with it. Expectations of a test framework are not seen from there: use Trial::expect().
ForEachAwaitReport for_each_await(const std::function<void(Trial&)>& program,
                                  const ForEachAwaitOptions& options = {});

}  // namespace fivetuple

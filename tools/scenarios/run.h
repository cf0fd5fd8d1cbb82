#pragma once

#include "fivetuple/base/random.h"
#include "fivetuple/sim.h"
#include "fivetuple/sim/script.h"

#include "tools/scenarios/scenario.h"
#include "tools/scenarios/wire_check.h"
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ft_scenarios {

/// One run of a scenario, as the scenario sees it.
class Run {
public:
    Run(const Values& values, const RunOptions& options);

    ft::sim::World& world() { return world_; }
    const Values& values() const { return values_; }
    /// A generator of the seed's, for what the scenario itself draws.
    ft::Random random(std::string_view name) const { return world_.streams().named(name); }

    /// Something that the programs refer to; it outlives them.
    template <class T, class... Args>
    T& keep(Args&&... args) {
        auto kept = std::make_shared<T>(std::forward<Args>(args)...);
        T& there = *kept;
        kept_.push_back(std::move(kept));
        return there;
    }

    /// Draws trouble and lets it begin now; gives when it will be over, since now.
    ft::Duration trouble(
        const ft::sim::ScriptOptions& options,
        const std::function<void(ft::sim::Host&)>& came_up = [](ft::sim::Host&) {});

    void figure(std::string what, std::string value);
    void figure(std::string what, ft::Duration value);
    void figure(std::string what, std::uint64_t value);
    /// Something that must hold. The first that does not has the state of all hosts kept.
    void check(bool holds, std::string what);
    /// What has gone over all cables so far.
    const WireCheck& wire() const { return wire_; }
    /// The end of every scenario: programs are asked to end, and nothing may be left of them.
    void finish();

    Report& report() { return report_; }

private:
    const Values& values_;
    const RunOptions& options_;
    std::vector<std::shared_ptr<void>> kept_;
    Report report_;
    ft::Time trouble_ends_{};
    WireCheck wire_;
    ft::sim::World world_;
};

/// Every host's sockets, as `ss` prints them, and its tree of tasks.
std::string state_of(ft::sim::World& world);

/// The scenarios, each in a file with its like.
void play_lossy_echo(Run& run);
void play_partition(Run& run);
void play_rough_sea(Run& run);
void play_planted_bug(Run& run);
void play_accept_queue(Run& run);
void play_syn_flood(Run& run);
void play_port_exhaustion(Run& run);
void play_nagle_stall(Run& run);
void play_slow_reader(Run& run);
void play_half_open(Run& run);
void play_odd_pairs(Run& run);
void play_forged(Run& run);
void play_front_desk(Run& run);
void play_thundering_reconnect(Run& run);

}  // namespace ft_scenarios

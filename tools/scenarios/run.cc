#include "tools/scenarios/run.h"

#include "fivetuple/cli/units.h"
#include "fivetuple/sim/story/socket_table.h"
#include "fivetuple/task/tree.h"

#include <algorithm>
#include <exception>

namespace ft_scenarios {

using namespace std::chrono_literals;

Run::Run(const Values& values, const RunOptions& options)
    : values_(values), options_(options), wire_(options.observer), world_(options.seed) {
    world_.capture(options.capture);
    world_.observe(&wire_);
}

ft::Duration Run::trouble(const ft::sim::ScriptOptions& options,
                          const std::function<void(ft::sim::Host&)>& came_up) {
    const ft::sim::Script drawn = ft::sim::draw_script(world_, random("script"), options);
    report_.drawn = drawn.size();
    for (std::size_t number = 0; number < drawn.size(); ++number) {
        const bool is_kept =
            !options_.only || std::ranges::find(*options_.only, number) != options_.only->end();
        if (is_kept) report_.script.push_back(drawn[number]);
    }
    ft::sim::play(world_, report_.script, came_up);
    // The same with less trouble: what follows is at the same time.
    const ft::Duration lasts = ft::sim::end_of(drawn);
    trouble_ends_ = world_.now() + lasts;
    return lasts;
}

void Run::figure(std::string what, std::string value) {
    report_.figures.emplace_back(std::move(what), std::move(value));
}
void Run::figure(std::string what, ft::Duration value) {
    figure(std::move(what), ft::format_duration(value));
}
void Run::figure(std::string what, std::uint64_t value) {
    figure(std::move(what), ft::format_count(value));
}

void Run::check(bool holds, std::string what) {
    if (!holds && report_.state.empty()) report_.state = state_of(world_);
    report_.checks.push_back({std::move(what), holds});
}

void Run::finish() {
    // Who crashes late comes up with programs that are to end, too.
    if (trouble_ends_ > world_.now()) world_.run_for(trouble_ends_ - world_.now());
    for (ft::sim::Host* host : world_.hosts()) {
        if (host->is_paused()) host->resume();
        host->stop();
    }
    // Closing takes its time: TIME_WAIT alone a minute.
    const bool is_idle = world_.run_until_idle(1h);
    check(is_idle, "nothing goes on for ever");
    bool have_ended = true;
    std::size_t sockets = 0;
    std::size_t connections = 0;
    for (ft::sim::Host* host : world_.hosts()) {
        have_ended = have_ended && host->running() == 0;
        if (host->first_loop() != nullptr) sockets += host->first_loop()->backend().open_sockets();
        connections += host->stack().tcp().connections().size();
    }
    check(have_ended, "every program ends when it is asked to");
    check(sockets == 0, "no socket is left open");
    check(connections == 0, "no connection is left");
    const std::string& complaint = wire_.complaint();
    check(complaint.empty(), complaint.empty()
                                 ? "every segment is one that TCP allows"
                                 : "every segment is one that TCP allows: " + complaint);
    report_.trace = world_.trace();
    report_.packets = world_.packets();
    report_.elapsed = world_.elapsed();
}

std::string state_of(ft::sim::World& world) {
    std::string text;
    // The tables of thousands of hosts tell nobody anything.
    constexpr std::size_t kMost = 12;
    std::size_t shown = 0;
    for (ft::sim::Host* host : world.hosts()) {
        if (shown++ == kMost) {
            text += "... and " + std::to_string(world.hosts().size() - kMost) + " more hosts\n";
            break;
        }
        text += "--- " + host->name() + (host->is_down() ? " (down)" : "") + "\n";
        text += ft::sim::socket_table(*host);
        if (host->first_loop() != nullptr) {
            text += ft::to_string(ft::task_tree(*host->first_loop()));
        }
    }
    return text;
}

bool Report::passed() const { return std::ranges::all_of(checks, &Check::holds); }

Report run_scenario(const Scenario& scenario, const Values& values, const RunOptions& options) {
    Run run(values, options);
    try {
        scenario.play(run);
        run.finish();
    } catch (const std::exception& thrown) {
        run.check(false, std::string("nothing is thrown: ") + thrown.what());
    }
    return std::move(run.report());
}

}  // namespace ft_scenarios

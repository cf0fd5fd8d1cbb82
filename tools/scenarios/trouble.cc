#include "fivetuple/task/sleep.h"

#include "tools/scenarios/programs.h"
#include "tools/scenarios/run.h"
#include <algorithm>
#include <deque>

// Scenarios in two phases: trouble, in which nothing wrong may happen, and after it, when all that
// was asked for must.
namespace ft_scenarios {

using namespace std::chrono_literals;
using ft::sim::Host;
using ft::sim::TroubleKind;

namespace {

constexpr ft::Duration kLongAfter = 20min;

std::string numbered(const char* name, std::size_t number) {
    return name + std::to_string(number + 1);
}

void figure_trouble(Run& run) {
    std::string kinds;
    for (const TroubleKind kind : ft::sim::kTroubleKinds) {
        const auto count = std::ranges::count(run.report().script, kind, &ft::sim::Trouble::kind);
        if (count == 0) continue;
        kinds += (kinds.empty() ? "" : ", ") + std::string(ft::sim::to_string(kind)) + ' ' +
                 std::to_string(count);
    }
    run.figure("trouble", kinds.empty() ? "none" : kinds);
}

ft::sim::LinkOptions link_of(const Values& values) {
    ft::sim::LinkOptions link;
    link.delay = values.time("delay");
    link.rate = values.count("rate");
    link.queue = values.size("queue");
    link.loss = values.share("loss");
    return link;
}

// Until all of them are done, or long after the trouble.
template <class T>
bool run_until_done(Run& run, const std::deque<T>& all, ft::Duration trouble) {
    const auto are_done = [&all] { return std::ranges::all_of(all, &T::is_done); };
    return run.world().run_until(are_done, trouble + kLongAfter);
}

}  // namespace

void play_lossy_echo(Run& run) {
    const Values& values = run.values();
    ft::sim::World& world = run.world();
    Host& server = world.host("server", "10.0.0.1");
    auto& senders = run.keep<std::deque<Sender>>();
    const std::uint64_t bytes = values.size("bytes");
    server.run(serve_echo, at("10.0.0.1:7"), ft::ListenOptions{});
    std::vector<Host*> clients;
    for (std::size_t number = 0; number < values.count("clients"); ++number) {
        Host& client =
            world.host(numbered("client", number), "10.0.1." + std::to_string(number + 1));
        world.link(client, server, link_of(values));
        clients.push_back(&client);
        senders.emplace_back().name = number + run.random("streams").next();
    }
    for (std::size_t number = 0; number < clients.size(); ++number) {
        clients[number]->run(send_and_compare(at("10.0.0.1:7"), bytes, senders[number]));
    }
    // All that TCP is there to live through.
    static constexpr TroubleKind kKinds[] = {
        TroubleKind::cut,     TroubleKind::one_way, TroubleKind::loss,     TroubleKind::duplicate,
        TroubleKind::corrupt, TroubleKind::reorder, TroubleKind::delay,    TroubleKind::clog,
        TroubleKind::deaf,    TroubleKind::pause,   TroubleKind::partition};
    ft::sim::ScriptOptions script;
    script.count = clients.empty() ? 0 : values.count("trouble");
    script.until = 3s;
    script.longest = 3s;
    script.kinds = kKinds;
    const ft::Duration trouble = run.trouble(script);
    run_until_done(run, senders, trouble);
    ft::Time last{};
    for (const Sender& sender : senders) {
        run.check(sender.is_done, "every stream ends after the trouble");
        run.check(sender.failure.empty(), sender.failure.empty()
                                              ? "no connection breaks"
                                              : "no connection breaks: " + sender.failure);
        run.check(sender.echoed == bytes && !sender.wrong_at,
                  "every byte comes back once and in order");
        last = std::max(last, sender.done_at);
    }
    figure_trouble(run);
    run.figure("bytes each way", bytes * senders.size());
    run.figure("the last is done after", last - ft::Time{});
}

namespace {

struct Askers {
    std::deque<Asker> all;
    AskOptions options;
};

// Clients behind a router that ask a server of its other side.
Askers& start_askers(Run& run, ft::SocketAddress whom) {
    ft::sim::World& world = run.world();
    const Values& values = run.values();
    Host& server = world.host("server", "10.0.0.1");
    ft::sim::Router& router = world.router("router", {"10.0.0.254"});
    world.link(server, router, {.delay = values.time("delay")});
    auto& askers = run.keep<Askers>();
    askers.options.whom = whom;
    askers.options.questions = values.count("questions");
    server.run(serve_echo, whom, ft::ListenOptions{});
    for (std::size_t number = 0; number < values.count("clients"); ++number) {
        const std::string name = numbered("client", number);
        Host& client = world.host(name, "10.0.1." + std::to_string(number + 1));
        world.link(client, router, {.delay = values.time("delay")});
        Asker& asker = askers.all.emplace_back();
        asker.name = run.random("name/" + name).next();
        client.run(ask(askers.options, run.random("ask/" + name), asker));
    }
    return askers;
}

void judge(Run& run, const Askers& askers, ft::Duration trouble) {
    std::uint64_t failures = 0;
    std::uint64_t connections = 0;
    ft::Time last{};
    for (const Asker& asker : askers.all) {
        run.check(asker.wrong == 0, "no answer is another's");
        run.check(asker.is_done, "after the trouble every question gets its answer");
        failures += asker.failures;
        connections += asker.connections;
        last = std::max(last, asker.last_answer);
    }
    figure_trouble(run);
    run.figure("trouble is over after", trouble);
    run.figure("questions answered", askers.options.questions * askers.all.size());
    run.figure("connections", connections);
    run.figure("times somebody had to try again", failures);
    run.figure("the last answer came after", last - ft::Time{});
}

}  // namespace

void play_partition(Run& run) {
    ft::sim::World& world = run.world();
    const Values& values = run.values();
    Askers& askers = start_askers(run, at("10.0.0.1:7"));
    world.run_for(values.time("begins"));
    const auto asked = [&askers] {
        std::uint64_t sum = 0;
        for (const Asker& each : askers.all) sum += each.asked;
        return sum;
    };
    const std::uint64_t before = asked();
    std::vector<Host*> others(world.hosts().begin() + 1, world.hosts().end());
    if (world.observer() != nullptr) world.observer()->troubled("partition", world.now());
    world.partition({world.hosts().front()}, std::move(others));
    // What was on its way to a client just then may still count.
    world.run_for(values.time("lasts"));
    const std::uint64_t during = asked() - before;
    if (world.observer() != nullptr) world.observer()->troubled("it heals", world.now());
    world.heal();
    run_until_done(run, askers.all, {});
    run.check(during == 0, "nobody is answered through a partition");
    run.figure("answered before", before);
    judge(run, askers, values.time("begins") + values.time("lasts"));
}

void play_rough_sea(Run& run) {
    Askers& askers = start_askers(run, at("10.0.0.1:7"));
    ft::sim::ScriptOptions script;
    script.count = run.values().count("trouble");
    script.until = 20s;
    // Clients are cut off and stand still only where that does not end their program.
    script.hosts = {"server"};
    const ft::Duration trouble = run.trouble(
        script, [](Host& host) { host.run(serve_echo, at("10.0.0.1:7"), ft::ListenOptions{}); });
    run_until_done(run, askers.all, trouble);
    judge(run, askers, trouble);
}

namespace {

// The bug: who has tried again twice takes the third failure for the end.
ft::Task<void> ask_twice_again(AskOptions options, Asker& asker) {
    for (int tries = 0; tries < 3; ++tries) {
        co_await ask_over_one_connection(options, asker);
        if (asker.asked == options.questions) break;
        auto slept = co_await ft::sleep(options.retry);
        if (!slept) co_return;
    }
    asker.is_done = asker.asked == options.questions;
}

}  // namespace

void play_planted_bug(Run& run) {
    ft::sim::World& world = run.world();
    Host& server = world.host("server", "10.0.0.1");
    Host& client = world.host("client", "10.0.0.2");
    world.link(client, server, {.delay = 10ms});
    auto& asker = run.keep<Asker>();
    AskOptions options;
    options.whom = at("10.0.0.1:7");
    server.run(serve_echo, options.whom, ft::ListenOptions{});
    client.run(ask_twice_again(options, asker));
    ft::sim::ScriptOptions script;
    script.count = run.values().count("trouble");
    script.until = 10s;
    script.hosts = {"server"};
    const ft::Duration trouble = run.trouble(
        script, [](Host& host) { host.run(serve_echo, at("10.0.0.1:7"), ft::ListenOptions{}); });
    world.run_until([&asker] { return asker.is_done; }, trouble + kLongAfter);
    run.check(asker.is_done, "after the trouble every question gets its answer");
    figure_trouble(run);
    run.figure("questions answered", asker.asked);
}

}  // namespace ft_scenarios

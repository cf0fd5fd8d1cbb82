#include "fivetuple/sim/ip/header.h"
#include "fivetuple/sim/tcp/segment.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"

#include "tools/scenarios/programs.h"
#include "tools/scenarios/run.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <map>

// Scenarios about what there is only so much of: queues of a listener, and ports.
namespace ft_scenarios {

using namespace std::chrono_literals;
using ft::sim::Host;

namespace {

// Listens at once, and begins to accept only later.
ft::Task<ft::Result<void>> accept_late(ft::Scope& peers, ft::SocketAddress where, int backlog,
                                       ft::Duration pause) {
    ft::Loop& loop = co_await ft::this_loop();
    FT_CO_TRY(ft::TcpListener listener, ft::TcpListener::bind(loop, where, {.backlog = backlog}));
    auto slept = co_await ft::sleep(pause);
    if (!slept) co_return std::unexpected(std::move(slept).error());
    while (true) {
        FT_CO_TRY(ft::TcpStream peer, co_await listener.accept());
        peers.spawn(echo_peer(std::move(peer)));
    }
}

ft::Task<void> serve_late(ft::SocketAddress where, int backlog, ft::Duration pause) {
    auto ended = co_await ft::with_scope(accept_late, where, backlog, pause);
    static_cast<void>(ended);
}

const ft::sim::tcp::Listener* listener_of(Host& host) {
    const auto all = host.stack().tcp().listeners();
    return all.empty() ? nullptr : all.front();
}

}  // namespace

void play_accept_queue(Run& run) {
    const Values& values = run.values();
    ft::sim::World& world = run.world();
    const std::uint64_t backlog = values.count("backlog");
    const std::uint64_t clients = values.count("clients");
    Host& server = world.host("server", "10.0.0.1");
    Host& client = world.host("client", "10.0.0.2", {.descriptors = clients + 8});
    world.link(client, server, {.delay = values.time("delay")});
    server.run(serve_late(at("10.0.0.1:7"), static_cast<int>(backlog), values.time("pause")));
    auto& askers = run.keep<std::deque<Asker>>();
    for (std::uint64_t number = 0; number < clients; ++number) {
        Asker& asker = askers.emplace_back();
        asker.name = number;
        AskOptions options;
        options.whom = at("10.0.0.1:7");
        options.questions = 1;
        options.patience = values.time("pause") + 5s;
        client.run(ask(options, run.random("ask" + std::to_string(number)), asker));
    }
    world.run_for(values.time("pause") - 1ms);
    const auto* listener = listener_of(server);
    const std::uint64_t waiting = listener == nullptr ? 0 : listener->waiting();
    std::uint64_t connected = 0;
    for (const auto* connection : client.stack().tcp().connections()) {
        connected += connection->state() == ft::TcpState::established;
    }
    run.check(waiting == std::min(clients, backlog + 1),
              "as many wait to be accepted as the backlog says, and one more");
    run.figure("clients that believe to be connected", connected);
    run.figure("waiting in the accept queue", waiting);
    if (listener != nullptr) {
        run.figure("ListenOverflows", listener->counters().overflows);
        run.figure("ListenDrops", listener->counters().dropped);
    }
    world.run_until([&] { return std::ranges::all_of(askers, &Asker::is_done); }, 10min);
    ft::Time last{};
    std::uint64_t served = 0;
    std::uint64_t failures = 0;
    for (const Asker& asker : askers) {
        served += asker.is_done && asker.wrong == 0;
        failures += asker.failures;
        last = std::max(last, asker.last_answer);
    }
    run.check(served == clients, "once the server accepts, all are served");
    run.figure("times somebody had to try again", failures);
    run.figure("served", served);
    run.figure("the last is done after", last - ft::Time{});
}

namespace {

// SYNs from addresses that do not exist: their answers go nowhere.
class Flood {
public:
    Flood(Run& run, Host& attacker, std::uint64_t a_second, ft::Duration lasts)
        : run_(run),
          attacker_(attacker),
          random_(run.random("flood")),
          gap_(std::chrono::nanoseconds(1'000'000'000 / std::max<std::uint64_t>(a_second, 1))),
          left_(static_cast<std::uint64_t>(lasts / gap_)) {}

    void go_on() {
        if (left_-- == 0) return;
        send();
        run_.world().plan(gap_, [this] { go_on(); });
    }
    std::uint64_t sent() const { return sent_; }

private:
    void send() {
        ft::sim::tcp::Segment syn;
        const std::uint64_t drawn = random_.next();
        const auto part = [drawn](int shift) { return static_cast<std::uint8_t>(drawn >> shift); };
        const ft::IpAddress from(ft::IpAddress::V4Bytes{198, 18, part(0), part(8)});
        const ft::IpAddress to(ft::IpAddress::V4Bytes{10, 0, 0, 1});
        syn.source_port = static_cast<std::uint16_t>(1024 + (drawn >> 16) % 60000);
        syn.destination_port = 7;
        syn.sequence = ft::sim::tcp::Sequence(static_cast<std::uint32_t>(drawn >> 32));
        syn.flags.syn = true;
        syn.window = 65535;
        syn.options.max_segment = 1460;
        const auto bytes = ft::sim::tcp::write_segment(syn, from, to);
        ft::sim::IpHeader header;
        header.source = from;
        header.destination = to;
        header.protocol = ft::IpProtocol::tcp;
        ft::sim::Packet packet = ft::sim::make_ip(header, bytes.size());
        std::memcpy(ft::sim::payload_of(packet, header).data(), bytes.data(), bytes.size());
        run_.world().forward(attacker_, std::move(packet), run_.world().now());
        ++sent_;
    }

    Run& run_;
    Host& attacker_;
    ft::Random random_;
    ft::Duration gap_;
    std::uint64_t left_;
    std::uint64_t sent_ = 0;
};

}  // namespace

void play_syn_flood(Run& run) {
    const Values& values = run.values();
    ft::sim::World& world = run.world();
    const bool has_cookies = values.count("cookies") != 0;
    ft::sim::HostOptions options;
    options.tcp.most_half_open = static_cast<unsigned>(values.count("half-open"));
    if (!has_cookies) options.tcp.syn_cookies = ft::sim::tcp::Limits::Cookies::never;
    Host& server = world.host("server", "10.0.0.1", options);
    Host& attacker = world.host("attacker", "10.0.0.66");
    world.link(attacker, server, {.delay = 5ms});
    server.run(serve_echo, at("10.0.0.1:7"),
               ft::ListenOptions{.backlog = static_cast<int>(values.count("half-open"))});
    world.run_for(1ms);
    const ft::Duration lasts = values.time("lasts");
    auto& flood = run.keep<Flood>(run, attacker, values.count("rate"), lasts);
    flood.go_on();
    auto& askers = run.keep<std::deque<Asker>>();
    const std::uint64_t clients = values.count("clients");
    for (std::uint64_t number = 0; number < clients; ++number) {
        const std::string name = "client" + std::to_string(number + 1);
        Host& client = world.host(name, "10.0.1." + std::to_string(number + 1));
        world.link(client, server, {.delay = 20ms});
        Asker& asker = askers.emplace_back();
        asker.name = number;
        AskOptions ask_options;
        ask_options.whom = at("10.0.0.1:7");
        ask_options.questions = 10;
        ask_options.pause = 100ms;
        // Not before the queue is full, and early enough to be served while the flood lasts.
        const ft::Duration when = lasts * static_cast<std::int64_t>(number + 1) /
                                  static_cast<std::int64_t>(2 * (clients + 1));
        world.plan(when, [&client, &asker, ask_options, random = run.random(name)] {
            client.run(ask(ask_options, random, asker));
        });
    }
    world.run_for(lasts);
    std::uint64_t served = 0;
    for (const Asker& asker : askers) {
        served += asker.is_done;
        run.check(asker.wrong == 0, "no answer is another's");
    }
    const auto* listener = listener_of(server);
    run.figure("SYNs from nowhere", flood.sent());
    run.figure("clients served meanwhile",
               std::to_string(served) + " of " + std::to_string(clients));
    if (listener != nullptr) {
        run.figure("half-open at its end", listener->half_open());
        run.figure("cookies sent", listener->counters().cookies_sent);
        run.figure("cookies that came back right", listener->counters().cookies_received);
        run.check(listener->half_open() <= values.count("half-open"),
                  "the queue of half-open connections stays within its limit");
    }
    if (has_cookies) run.check(served == clients, "with cookies, who is genuine is served");
    world.run_until([&askers] { return std::ranges::all_of(askers, &Asker::is_done); }, 10min);
    run.check(std::ranges::all_of(askers, &Asker::is_done), "after the flood all are served");
}

namespace {

struct PortCounts {
    std::uint64_t connected = 0;
    std::map<int, std::uint64_t> refused;  // By errno.
    bool other_worked = false;
    int at_once_code = 0;
    bool later_worked = false;
    bool is_done = false;
};

// Connects until there are no ports, to elsewhere, and again after everything was closed.
ft::Task<void> use_up_ports(std::uint64_t tries, ft::Duration time_wait, PortCounts& counts) {
    std::vector<ft::TcpStream> streams;
    streams.reserve(tries);
    for (std::uint64_t number = 0; number < tries; ++number) {
        auto stream = co_await ft::TcpStream::connect(at("10.0.0.1:7"));
        if (stream) {
            ++counts.connected;
            streams.push_back(*std::move(stream));
        } else {
            ++counts.refused[stream.error().code()];
        }
    }
    {
        auto other = co_await ft::TcpStream::connect(at("10.0.0.1:8"));
        counts.other_worked = other.has_value();
    }
    // We close first: every one of them waits here.
    streams.clear();
    co_await ft::sleep(1s);
    {
        auto again = co_await ft::TcpStream::connect(at("10.0.0.1:7"));
        if (!again) counts.at_once_code = again.error().code();
    }
    co_await ft::sleep(time_wait + 1s);
    auto later = co_await ft::TcpStream::connect(at("10.0.0.1:7"));
    counts.later_worked = later.has_value();
    counts.is_done = true;
}

}  // namespace

void play_port_exhaustion(Run& run) {
    const Values& values = run.values();
    ft::sim::World& world = run.world();
    const std::uint64_t ports = std::clamp<std::uint64_t>(values.count("ports"), 1, 20'000);
    const std::uint64_t more = values.count("more");
    ft::sim::HostOptions options;
    options.descriptors = ports + more + 16;
    Host& server = world.host("server", "10.0.0.1", options);
    options.tcp.first_port = 40'000;
    options.tcp.last_port = static_cast<std::uint16_t>(40'000 + ports - 1);
    Host& client = world.host("client", "10.0.0.2", options);
    world.link(client, server, {.delay = 1ms});
    server.run(serve_echo, at("10.0.0.1:7"), ft::ListenOptions{});
    server.run(serve_echo, at("10.0.0.1:8"), ft::ListenOptions{});
    auto& counts = run.keep<PortCounts>();
    client.run(use_up_ports(ports + more, options.tcp.time_wait, counts));
    world.run_until([&counts] { return counts.is_done; });
    run.check(counts.is_done, "the client comes to its end");
    run.check(counts.connected == ports, "there is a connection for each port, and none more");
    run.check(counts.refused[EADDRNOTAVAIL] == more, "the others are told EADDRNOTAVAIL");
    run.check(counts.other_worked, "to another port of the server it still connects");
    run.check(counts.at_once_code == EADDRNOTAVAIL, "in TIME_WAIT the ports stay taken");
    run.check(counts.later_worked, "after TIME_WAIT they are free");
    run.figure("ports", ports);
    run.figure("connections", counts.connected);
    run.figure("EADDRNOTAVAIL", counts.refused[EADDRNOTAVAIL]);
    run.figure("TIME_WAIT lasts", options.tcp.time_wait);
}

}  // namespace ft_scenarios

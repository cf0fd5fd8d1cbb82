#include "fivetuple/server/server.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"

#include "tools/scenarios/programs.h"
#include "tools/scenarios/run.h"
#include <algorithm>
#include <array>
#include <deque>

// A scenario about a server and its limits: few descriptors, peers that dawdle, and a successor.
namespace ft_scenarios {

using namespace std::chrono_literals;
using ft::sim::Host;

namespace {

constexpr std::size_t kRequestBytes = 16;
constexpr ft::Duration kRequestLimit = 5s;

// The name of a stream and how much of it is wanted.
std::array<std::byte, kRequestBytes> request_for(std::uint64_t name, std::uint64_t size) {
    std::array<std::byte, kRequestBytes> request;
    ft::put_integer(request, name);
    ft::put_integer(ft::MutableBytes(request).subspan(8), size);
    return request;
}

// Answers the first request, whatever else comes behind it.
ft::Task<void> answer_one(ft::Connection& peer) {
    std::array<std::byte, kRequestBytes> request;
    peer.due_within(kRequestLimit);
    auto got = co_await peer.read_exact(request);
    if (!got) co_return;
    peer.no_longer_due();
    const auto name = ft::take_integer<std::uint64_t>(request);
    const auto size = ft::take_integer<std::uint64_t>(ft::Bytes(request).subspan(8));
    const auto answer = bytes_at(name, 0, size);
    static_cast<void>(co_await peer.write_all(answer));
}

struct Desk {
    ft::SocketAddress where;
    ft::Server* server = nullptr;  // While it serves.
    std::size_t served = 0;
};

// When one server has come to its end the next one begins.
ft::Task<void> serve_for_ever(Desk& desk) {
    ft::Loop& loop = co_await ft::this_loop();
    while (true) {
        ft::ServerOptions options;
        options.listen = {desk.where};
        options.tcp.backlog = 8;
        options.limits.write = 60s;
        ft::Server server(loop, std::move(options), answer_one);
        desk.server = &server;
        auto ended = co_await server.serve();
        desk.server = nullptr;
        ++desk.served;
        if (!ended) co_return;
        auto slept = co_await ft::sleep(10ms);
        if (!slept) co_return;
    }
}

struct Visitor {
    std::uint64_t name = 0;
    std::uint64_t visits = 0;  // That went well.
    std::uint64_t again = 0;   // Nobody answered: turned away, or too late for this server.
    std::string failure;
    bool is_done = false;
};

struct Visit {
    std::uint64_t name = 0;
    std::uint64_t wanted = 0;
    std::uint64_t more = 0;      // Bytes that nobody asked for, behind the request,
    std::size_t first_part = 0;  // which comes in two parts.
    ft::Duration pause{};
    std::uint64_t came = 0;
    bool is_right = true;
    std::optional<ft::Error> error;
};

ft::Task<void> say_all(ft::TcpStream& stream, const Visit& visit) {
    const auto request = request_for(visit.name, visit.wanted);
    auto sent = co_await stream.write_all(ft::Bytes(request).first(visit.first_part));
    if (!sent) co_return;
    auto slept = co_await ft::sleep(visit.pause);
    if (!slept) co_return;
    sent = co_await stream.write_all(ft::Bytes(request).subspan(visit.first_part));
    if (!sent) co_return;
    const auto more = bytes_at(~visit.name, 0, visit.more);
    sent = co_await stream.write_all(more);
    if (sent) static_cast<void>(stream.shutdown_write());
}

ft::Task<void> say_and_hear(ft::Scope& scope, ft::TcpStream& stream, Visit& visit) {
    scope.spawn(say_all(stream, visit));
    while (true) {
        auto got = co_await ft::within(60s, stream.read());
        if (!got) {
            visit.error = got.error();
            co_return;
        }
        if (got->empty()) co_return;
        visit.is_right = visit.is_right && are_bytes_at(visit.name, visit.came, got->bytes());
        visit.came += got->bytes().size();
    }
}

// Who was turned away before anything was answered comes again.
ft::Task<void> visit_once(ft::SocketAddress whom, Visit& visit, Visitor& visitor) {
    auto stream = co_await ft::within(20s, ft::TcpStream::connect(whom));
    if (!stream) {
        ++visitor.again;
        co_return;
    }
    co_await ft::with_scope(say_and_hear, std::ref(*stream), std::ref(visit));
    if (visit.came == 0 && visit.wanted > 0) {
        ++visitor.again;
    } else if (visit.error) {
        visitor.failure = visit.error->message();
    } else if (visit.came != visit.wanted || !visit.is_right) {
        visitor.failure = std::to_string(visit.came) + " of " + std::to_string(visit.wanted) +
                          (visit.is_right ? " bytes came" : " bytes came, not all of them right");
    } else {
        ++visitor.visits;
    }
}

ft::Task<void> visit_often(ft::SocketAddress whom, std::uint64_t visits, ft::Random random,
                           Visitor& visitor) {
    while (visitor.visits < visits && visitor.failure.empty()) {
        Visit visit;
        visit.name = random.next();
        visit.wanted = 1 + random.below(std::uint64_t{1} << (4 + random.below(14)));
        visit.more = random.below(2) == 0 ? 0 : random.below(200'000);
        visit.first_part = random.below(kRequestBytes + 1);
        visit.pause = ft::Duration(static_cast<std::int64_t>(random.below(200'000'000)));
        co_await visit_once(whom, visit, visitor);
        const ft::Duration pause(static_cast<std::int64_t>(random.below(600'000'000)));
        auto slept = co_await ft::sleep(pause);
        if (!slept) co_return;
    }
    visitor.is_done = true;
}

struct Dawdler {
    std::uint64_t turned_away = 0;
    ft::Duration longest{};
    bool is_done = false;
};

// Begins a request and never ends it.
ft::Task<void> dawdle(ft::SocketAddress whom, std::uint64_t times, Dawdler& dawdler) {
    ft::Loop& loop = co_await ft::this_loop();
    for (std::uint64_t time = 0; time < times; ++time) {
        auto stream = co_await ft::within(20s, ft::TcpStream::connect(whom));
        if (!stream) continue;
        auto sent = co_await stream->write_all(ft::bytes_of("um"));
        if (!sent) continue;
        const ft::Time began = loop.now();
        auto got = co_await ft::within(5min, stream->read());
        dawdler.longest = std::max<ft::Duration>(dawdler.longest, loop.now() - began);
        if (!got && got.error().is_deadline()) co_return;
        ++dawdler.turned_away;
    }
    dawdler.is_done = true;
}

}  // namespace

void play_front_desk(Run& run) {
    const Values& values = run.values();
    ft::sim::World& world = run.world();
    ft::sim::HostOptions few;
    few.descriptors = values.count("descriptors");
    Host& server = world.host("server", "10.0.0.1", few);
    auto& desk = run.keep<Desk>();
    desk.where = at("10.0.0.1:7");
    server.run(serve_for_ever(desk));
    auto& visitors = run.keep<std::deque<Visitor>>();
    for (std::uint64_t number = 0; number < values.count("clients"); ++number) {
        const std::string name = "client" + std::to_string(number + 1);
        Host& client = world.host(name, "10.0.1." + std::to_string(number + 1));
        world.link(client, server, {.delay = values.time("delay"), .loss = values.share("loss")});
        client.run(visit_often(desk.where, values.count("visits"), run.random("visits/" + name),
                               visitors.emplace_back()));
    }
    Host& idler = world.host("idler", "10.0.2.1");
    world.link(idler, server, {.delay = values.time("delay")});
    auto& dawdler = run.keep<Dawdler>();
    idler.run(dawdle(desk.where, 5, dawdler));
    // Each server makes way for the next in good order, when the seed says so.
    ft::Random random = run.random("drains");
    for (ft::Duration when = 1s; when < 10s;
         when += 1s + ft::Duration(random.below(4'000'000'000))) {
        world.plan(when, [&desk] {
            if (desk.server != nullptr) desk.server->drain();
        });
    }
    const auto are_done = [&] {
        return dawdler.is_done && std::ranges::all_of(visitors, &Visitor::is_done);
    };
    world.run_until(are_done, 15min);
    std::uint64_t again = 0;
    for (const Visitor& visitor : visitors) {
        again += visitor.again;
        run.check(visitor.failure.empty(),
                  visitor.failure.empty()
                      ? "every answer that begins comes whole"
                      : "every answer that begins comes whole: " + visitor.failure);
        run.check(visitor.is_done, "in the end everybody is served");
    }
    run.check(dawdler.is_done && dawdler.longest < kRequestLimit + 5s,
              "who does not come to the point is turned away");
    run.figure("visits", values.count("visits") * visitors.size());
    run.figure("times somebody had to come again", again);
    run.figure("servers that came to their end", desk.served);
    run.figure("all are served after", world.elapsed());
}

}  // namespace ft_scenarios

#include "fivetuple/os/options/ip.h"
#include "fivetuple/os/options/socket.h"
#include "fivetuple/os/options/tcp.h"
#include "fivetuple/sim/ip/header.h"
#include "fivetuple/sim/world.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/tcp.h"

#include <gtest/gtest.h>

#include "tests/testing/simulated_peers.h"
#include "tests/testing/testing.h"
#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

// Programs that know nothing of a simulation, on the simulated TCP.
namespace fivetuple::sim {
namespace {

using namespace std::chrono_literals;
using testing_help::at;
using testing_help::some_text;

Task<void> echo_peer(TcpStream peer) {
    while (true) {
        auto got = co_await peer.read();
        if (!got || got->empty()) co_return;
        auto sent = co_await peer.write_all(got->bytes());
        if (!sent) co_return;
    }
}

Task<Result<void>> serve_all(Scope& peers, SocketAddress where) {
    FT_CO_TRY(TcpListener listener, TcpListener::bind(co_await this_loop(), where));
    while (true) {
        FT_CO_TRY(TcpStream peer, co_await listener.accept());
        peers.spawn(echo_peer(std::move(peer)));
    }
}

Task<void> serve(SocketAddress where) {
    auto ended = co_await with_scope(serve_all, where);
    EXPECT_FALSE(ended.has_value());
}

Task<void> write_then_end(TcpStream& stream, const std::string& text) {
    auto sent = co_await stream.write_all(bytes_of(text));
    EXPECT_TRUE(sent) << (sent ? "" : sent.error().message());
    static_cast<void>(stream.shutdown_write());
}

// Sends a text, ends, and collects what comes back until the end.
Task<void> send_and_collect(SocketAddress whom, const std::string& text, std::string& echoed) {
    auto stream = co_await TcpStream::connect(whom);
    EXPECT_TRUE(stream) << (stream ? "" : stream.error().message());
    if (!stream) co_return;
    auto done = co_await with_scope(
        [](Scope& scope, TcpStream& both, const std::string& all, std::string& into) -> Task<void> {
            scope.spawn(write_then_end(both, all));
            while (true) {
                auto got = co_await both.read();
                EXPECT_TRUE(got) << (got ? "" : got.error().message());
                if (!got || got->empty()) co_return;
                into += text_of(got->bytes());
            }
        },
        std::ref(*stream), std::ref(text), std::ref(echoed));
    EXPECT_TRUE(done.has_value());
}

struct Pair {
    explicit Pair(std::uint64_t seed, const LinkOptions& options = {.delay = 10ms})
        : world(seed),
          server(world.host("server", {"10.0.0.1", "fd00::1"})),
          client(world.host("client", {"10.0.0.2", "fd00::2"})),
          cable(world.link(server, client, options)) {}
    World world;
    Host& server;
    Host& client;
    Cable& cable;
};

TEST(TcpWorld, EveryByteComesBackOverALossyLink) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Pair pair(seed, {.delay = 40ms, .rate = 10'000'000, .queue = 65'536, .loss = 0.02});
        const std::string text = some_text(200'000);
        std::string echoed;
        pair.server.run(serve(at("10.0.0.1:7")));
        pair.client.run(send_and_collect(at("10.0.0.1:7"), std::cref(text), std::ref(echoed)));
        EXPECT_TRUE(pair.world.run_until_idle(10min)) << "seed " << seed;
        EXPECT_TRUE(echoed == text) << "seed " << seed << ": " << echoed.size() << " bytes";
        EXPECT_EQ(pair.client.running(), 0u) << "seed " << seed;
    }
}

TEST(TcpWorld, AConnectionTakesARoundTrip) {
    Pair pair(1);
    Time connected{};
    pair.server.run(serve(at("10.0.0.1:7")));
    pair.client.run(
        [](Time& when) -> Task<void> {
            auto stream = co_await TcpStream::connect(at("10.0.0.1:7"));
            EXPECT_TRUE(stream.has_value());
            when = (co_await this_loop()).now();
        },
        std::ref(connected));
    pair.world.run_until_idle();
    EXPECT_EQ(connected, Time{20ms});
}

TEST(TcpWorld, NobodyThereRefuses) {
    Pair pair(1);
    int code = 0;
    pair.client.run(
        [](int& answer) -> Task<void> {
            auto stream = co_await TcpStream::connect(at("10.0.0.1:7"));
            if (!stream) answer = stream.error().code();
        },
        std::ref(code));
    pair.world.run_until_idle();
    EXPECT_EQ(code, ECONNREFUSED);
}

TEST(TcpWorld, J10_ASilentHostIsGivenUpAfterTwoMinutes) {
    Pair pair(1);
    pair.cable.cut();
    int code = 0;
    pair.client.run(
        [](int& answer) -> Task<void> {
            auto stream = co_await TcpStream::connect(at("10.0.0.1:7"));
            if (!stream) answer = stream.error().code();
        },
        std::ref(code));
    pair.world.run_until_idle();
    EXPECT_EQ(code, ETIMEDOUT);
    EXPECT_GT(pair.world.elapsed(), 60s);
    EXPECT_LT(pair.world.elapsed(), 150s);
}

TEST(TcpWorld, DeadlinesAreOfVirtualTime) {
    Pair pair(1);
    pair.server.run(serve(at("10.0.0.1:7")));
    bool is_deadline = false;
    pair.client.run(
        [](bool& answer) -> Task<void> {
            auto stream = co_await TcpStream::connect(at("10.0.0.1:7"));
            auto got = co_await within(1h, stream->read());
            answer = !got && got.error().is_deadline();
        },
        std::ref(is_deadline));
    pair.world.run_until_idle(2h);
    EXPECT_TRUE(is_deadline);
    EXPECT_GE(pair.world.elapsed(), 1h);
}

TEST(TcpWorld, B1_Ipv6AndADualStackListener) {
    Pair pair(1);
    const std::string text = some_text(5000);
    std::string over_v4, over_v6;
    pair.server.run(serve(at("[::]:7")));
    pair.client.run(send_and_collect(at("10.0.0.1:7"), std::cref(text), std::ref(over_v4)));
    pair.client.run(send_and_collect(at("[fd00::1]:7"), std::cref(text), std::ref(over_v6)));
    pair.world.run_until_idle();
    EXPECT_EQ(over_v4, text);
    EXPECT_EQ(over_v6, text);
}

TEST(TcpWorld, APeerThatCrashesIsFoundByKeepalive) {
    Pair pair(1);
    pair.server.run(serve(at("10.0.0.1:7")));
    int code = 0;
    Time found{};
    pair.client.run(
        [](int& answer, Time& when) -> Task<void> {
            auto stream = co_await TcpStream::connect(at("10.0.0.1:7"));
            EXPECT_TRUE(set(*stream, KeepAlive{}));
            EXPECT_TRUE(set(*stream, KeepAliveIdle{{30s}}));
            EXPECT_TRUE(set(*stream, KeepAliveInterval{{10s}}));
            EXPECT_TRUE(set(*stream, KeepAliveProbes{{3}}));
            auto got = co_await stream->read();
            if (!got) answer = got.error().code();
            when = (co_await this_loop()).now();
        },
        std::ref(code), std::ref(found));
    pair.world.run_for(1s);
    pair.server.crash();
    pair.world.run_until_idle();
    EXPECT_EQ(code, ETIMEDOUT);
    EXPECT_NEAR(std::chrono::duration<double>(found - Time{}).count(), 60, 1);
}

TEST(TcpWorld, AHostThatComesAgainResetsWhatItForgot) {
    Pair pair(1);
    pair.server.run(serve(at("10.0.0.1:7")));
    int code = 0;
    pair.client.run(
        [](int& answer) -> Task<void> {
            auto stream = co_await TcpStream::connect(at("10.0.0.1:7"));
            co_await sleep(5s);
            auto sent = co_await stream->write_all(bytes_of("still there?"));
            EXPECT_TRUE(sent);
            auto got = co_await stream->read();
            if (!got) answer = got.error().code();
        },
        std::ref(code));
    pair.world.run_for(1s);
    pair.server.crash();
    pair.server.restart();
    pair.world.run_until_idle();
    EXPECT_EQ(code, ECONNRESET);
}

TEST(TcpWorld, DescriptorsRunOut) {
    World world;
    Host& server = world.host("server", "10.0.0.1", {.descriptors = 4});
    Host& client = world.host("client", "10.0.0.2");
    world.link(server, client, {.delay = 1ms});
    int code = 0;
    server.run(
        [](int& answer) -> Task<void> {
            auto listener = TcpListener::bind(co_await this_loop(), at("10.0.0.1:7"));
            std::vector<TcpStream> peers;
            while (true) {
                auto peer = co_await listener->accept();
                if (!peer) {
                    answer = peer.error().code();
                    co_return;
                }
                peers.push_back(*std::move(peer));
            }
        },
        std::ref(code));
    for (int count = 0; count < 6; ++count) {
        client.run([]() -> Task<void> {
            auto stream = co_await TcpStream::connect(at("10.0.0.1:7"));
            co_await sleep(1s);
        });
    }
    world.run_until_idle();
    EXPECT_EQ(code, EMFILE);
}

TEST(TcpWorld, TheSameSeedGivesTheSameRun) {
    const auto trace = [](std::uint64_t seed) {
        Pair pair(seed, {.delay = 5ms, .jitter = 2ms, .loss = 0.05, .duplicate = 0.02});
        const std::string text = some_text(50'000);
        std::string echoed;
        pair.server.run(serve(at("10.0.0.1:7")));
        pair.client.run(send_and_collect(at("10.0.0.1:7"), std::cref(text), std::ref(echoed)));
        pair.world.run_until_idle();
        EXPECT_TRUE(echoed == text);
        return pair.world.trace();
    };
    EXPECT_EQ(trace(1), trace(1));
    EXPECT_NE(trace(1), trace(2));
}

// Greets and waits for an answer: how long that took.
Task<void> time_a_greeting(Duration& took) {
    Loop& loop = co_await this_loop();
    const Time began = loop.now();
    auto stream = co_await TcpStream::connect(at("10.0.0.1:7"), {.fast_open = true});
    EXPECT_TRUE(stream) << (stream ? "" : stream.error().message());
    if (!stream) co_return;
    auto sent = co_await stream->write_all(bytes_of("hello"));
    EXPECT_TRUE(sent);
    auto got = co_await stream->read();
    EXPECT_TRUE(got && text_of(got->bytes()) == "hello");
    took = loop.now() - began;
}

Task<Result<void>> serve_with_fast_open(Scope& peers, SocketAddress where) {
    FT_CO_TRY(TcpListener listener, TcpListener::bind(co_await this_loop(), where));
    FT_CO_TRY_VOID(set(listener, FastOpen{16}));
    while (true) {
        FT_CO_TRY(TcpStream peer, co_await listener.accept());
        peers.spawn(echo_peer(std::move(peer)));
    }
}

TEST(TcpWorld, J7_FastOpenSavesARoundTripFromTheSecondConnectionOn) {
    World world;
    HostOptions options;
    options.tcp.fast_open_server = true;
    Host& server = world.host("server", "10.0.0.1", options);
    Host& client = world.host("client", "10.0.0.2");
    world.link(server, client, {.delay = 10ms});
    server.run([]() -> Task<void> {
        auto ended = co_await with_scope(serve_with_fast_open, at("10.0.0.1:7"));
        EXPECT_FALSE(ended.has_value());
    });
    Duration first{}, second{};
    client.run(time_a_greeting(first));
    world.run_until_idle();
    client.run(time_a_greeting(second));
    world.run_until_idle();
    EXPECT_EQ(first, 40ms);
    EXPECT_EQ(second, 20ms);
}

// Notes the IP headers of what passes.
class Headers final : public Stage {
public:
    explicit Headers(std::vector<IpHeader>& into) : into_(into) {}
    void pass(Packet packet, Time when, Onward& onward) override {
        into_.push_back(read_ip(packet.bytes())->header);
        onward.forward(std::move(packet), when);
    }
    const char* name() const override { return "headers"; }

private:
    std::vector<IpHeader>& into_;
};

TEST(TcpWorld, HopsAndClassOfServiceReachTheWire) {
    Pair pair(1);
    std::vector<IpHeader> seen;
    pair.cable.from(pair.client).add(std::make_unique<Headers>(seen));
    pair.server.run(serve(at("10.0.0.1:7")));
    pair.client.run([]() -> Task<void> {
        auto stream = co_await TcpStream::connect(at("10.0.0.1:7"));
        EXPECT_TRUE(set(*stream, TimeToLive{{9}}));
        EXPECT_TRUE(set(*stream, TypeOfService{{46, {}}}));
        auto sent = co_await stream->write_all(bytes_of("urgent, and near"));
        EXPECT_TRUE(sent);
    });
    pair.world.run_until_idle();
    ASSERT_GE(seen.size(), 3u);
    EXPECT_EQ(seen.front().hops, 64);
    EXPECT_EQ(seen.front().traffic_class, 0);
    EXPECT_TRUE(std::ranges::any_of(seen, [](const IpHeader& header) {
        return header.hops == 9 && header.traffic_class == 46 << 2;
    }));
}

TEST(TcpWorld, AConnectionKeepsToItsCablesMtu) {
    Pair pair(1, {.delay = 1ms, .mtu = 1200});
    std::uint32_t largest = 0;
    pair.server.run(serve(at("10.0.0.1:7")));
    pair.client.run(
        [](std::uint32_t& found) -> Task<void> {
            auto stream = co_await TcpStream::connect(at("10.0.0.1:7"));
            found = get<TcpInfo>(*stream)->send_segment_bytes;
        },
        std::ref(largest));
    pair.world.run_until_idle();
    EXPECT_EQ(largest, 1200u - 20 - 20 - 12);
}

}  // namespace
}  // namespace fivetuple::sim

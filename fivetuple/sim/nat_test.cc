#include "fivetuple/sim/nat.h"

#include "fivetuple/os/options/ip.h"
#include "fivetuple/os/options/socket.h"
#include "fivetuple/os/options/tcp.h"
#include "fivetuple/sim/world.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/tcp.h"
#include "fivetuple/transport/udp.h"

#include <gtest/gtest.h>

#include "tests/testing/simulated_peers.h"
#include "tests/testing/testing.h"
#include <array>
#include <cerrno>
#include <functional>
#include <string>
#include <vector>

namespace fivetuple::sim {
namespace {

using namespace std::chrono_literals;
using testing_help::at;
using testing_help::echo_one_stream;
using testing_help::some_text;

// Two laptops behind one address, and a server that has a public one.
struct Home {
    explicit Home(const NatOptions& options = {}, const LinkOptions& outer = {.delay = 10ms})
        : server(world.host("server", "203.0.113.80")),
          box(world.nat("box", {"198.51.100.7"}, options)),
          one(world.host("one", "192.168.0.10")),
          two(world.host("two", "192.168.0.11")) {
        box.hide(world.link(one, box, {.delay = 1ms}));
        box.hide(world.link(two, box, {.delay = 1ms}));
        world.link(box, server, outer);
    }
    World world;
    Host& server;
    Nat& box;
    Host& one;
    Host& two;
};

// Answers each datagram with the address that it came from.
Task<void> tell_who_asks(int count) {
    auto socket = UdpSocket::bind(co_await this_loop(), at("0.0.0.0:53"));
    std::array<std::byte, 100> room;
    for (int answered = 0; answered < count; ++answered) {
        auto got = co_await socket->receive(room);
        if (!got) co_return;
        auto sent = co_await socket->send_to(bytes_of(got->from.to_string()), got->from);
        EXPECT_TRUE(sent);
    }
}

Task<void> ask_who_i_am(std::string& answer) {
    auto socket = co_await UdpSocket::connect(at("203.0.113.80:53"));
    auto sent = co_await socket->send(bytes_of("who?"));
    EXPECT_TRUE(sent);
    std::array<std::byte, 100> room;
    auto got = co_await within(5s, socket->receive(room));
    EXPECT_TRUE(got) << got.error().message();
    if (got) answer = text_of(got->bytes);
}

TEST(Nat, ThoseInsideShareOneAddress) {
    Home home;
    std::string one, two;
    home.server.run(tell_who_asks(2));
    home.one.run(ask_who_i_am(one));
    home.two.run(ask_who_i_am(two));
    home.world.run_until_idle();
    EXPECT_TRUE(one.starts_with("198.51.100.7:")) << one;
    EXPECT_TRUE(two.starts_with("198.51.100.7:")) << two;
    EXPECT_NE(one, two);
    EXPECT_EQ(home.box.counters().opened, 2u);
    EXPECT_EQ(home.box.flows(), 2u);
}

// Sends a text in pieces, each when the one before has come back.
Task<void> send_in_pieces(const std::string& all, std::string& into) {
    auto stream = co_await TcpStream::connect(at("203.0.113.80:7"));
    EXPECT_TRUE(stream) << (stream ? "" : stream.error().message());
    if (!stream) co_return;
    while (into.size() < all.size()) {
        auto sent = co_await stream->write_all(bytes_of(all).subspan(into.size(), 10'000));
        EXPECT_TRUE(sent);
        std::string part(10'000, ' ');
        auto got = co_await stream->read_exact(std::as_writable_bytes(std::span(part)));
        EXPECT_TRUE(got);
        if (!got) co_return;
        into += part;
    }
}

TEST(Nat, AStreamPassesBothWays) {
    Home home;
    const std::string text = some_text(100'000);
    std::string back;
    home.server.run(echo_one_stream(at("0.0.0.0:7")));
    home.one.run(send_in_pieces(std::cref(text), std::ref(back)));
    home.world.run_until_idle();
    EXPECT_EQ(back, text);
}

// The box itself says so, of packets as those inside have sent them.
TEST(Nat, APathThatIsNarrowerOutsideIsFound) {
    Home home({}, {.delay = 10ms, .mtu = 1200});
    const std::string text = some_text(100'000);
    std::string back;
    home.server.run(echo_one_stream(at("0.0.0.0:7")));
    home.one.run(send_in_pieces(std::cref(text), std::ref(back)));
    home.world.run_until_idle();
    EXPECT_EQ(back, text);
    EXPECT_LT(home.world.elapsed(), 5min);
}

TEST(Nat, APacketThatHasPassedTooManyRoutersIsTold) {
    Home home;
    int code = 0;
    home.one.run(
        [](int& answer) -> Task<void> {
            auto socket =
                co_await UdpSocket::connect(at("203.0.113.80:53"), {.report_failures = true});
            EXPECT_TRUE(set(*socket, TimeToLive{{1}}));
            auto sent = co_await socket->send(bytes_of("how far?"));
            EXPECT_TRUE(sent);
            std::array<std::byte, 100> room;
            auto got = co_await within(5s, socket->receive(room));
            if (!got) answer = got.error().code();
        },
        std::ref(code));
    home.world.run_until_idle();
    EXPECT_EQ(code, EHOSTUNREACH);
    EXPECT_EQ(home.box.counters().opened, 0u);
}

// The failure that keepalives are for: both ends hold the connection for good, and it is not.
Task<void> say_again_after(Duration pause, KeepAliveIdle every, Result<Transfer>& last) {
    auto stream = co_await TcpStream::connect(at("203.0.113.80:7"));
    EXPECT_TRUE(stream.has_value());
    EXPECT_TRUE(set(*stream, every));
    EXPECT_TRUE(set(*stream, KeepAlive{}));
    for (int times = 0; times < 2; ++times) {
        std::array<std::byte, 5> room;
        auto sent = co_await stream->write_all(bytes_of("hello"));
        EXPECT_TRUE(sent);
        last = co_await stream->read_exact(room);
        if (!*last) co_return;
        auto slept = co_await sleep(pause);
        EXPECT_TRUE(slept);
    }
}

TEST(Nat, AFlowThatIsSilentTooLongIsForgottenWithoutAWord) {
    Home home({.tcp = 10min});
    Result<Transfer> last = Transfer(0);
    home.server.run(echo_one_stream(at("0.0.0.0:7")));
    home.one.run(say_again_after(11min, KeepAliveIdle{{2h}}, std::ref(last)));
    home.world.run_until_idle(2h);
    EXPECT_TRUE(last && !*last && last->error().is(ECONNRESET));
    EXPECT_EQ(home.box.counters().forgotten, 1u);
}

TEST(Nat, F40_KeepalivesKeepItOpen) {
    Home home({.tcp = 10min});
    Result<Transfer> last = Transfer(0);
    home.server.run(echo_one_stream(at("0.0.0.0:7")));
    home.one.run(say_again_after(11min, KeepAliveIdle{{5min}}, std::ref(last)));
    home.world.run_until_idle(2h);
    EXPECT_TRUE(last && *last);
    EXPECT_EQ(home.box.counters().opened, 1u);
}

TEST(Nat, NobodyOutsideCanBeginAFlow) {
    Home home;
    home.one.run(echo_one_stream(at("0.0.0.0:7")));
    int direct = 0, mapped = 0;
    home.server.run(
        [](int& to_inside, int& to_box) -> Task<void> {
            auto stream = co_await within(10s, TcpStream::connect(at("192.168.0.10:7")));
            to_inside = stream ? 0 : stream.error().is_deadline();
            stream = co_await within(10s, TcpStream::connect(at("198.51.100.7:7")));
            to_box = stream ? 0 : stream.error().is_deadline();
        },
        std::ref(direct), std::ref(mapped));
    home.world.run_until_idle();
    EXPECT_EQ(direct, 1);
    EXPECT_EQ(mapped, 1);
    EXPECT_GE(home.box.counters().unasked, 2u);
}

TEST(Nat, AStrangerIsLetInOnlyWithoutAFilter) {
    for (const bool filters : {true, false}) {
        Home home({.filters = filters});
        Host& stranger = home.world.host("stranger", "203.0.113.99");
        home.world.link(home.box, stranger, {.delay = 10ms});
        std::string who;
        home.server.run(tell_who_asks(1));
        home.one.run(
            [](std::string& into) -> Task<void> {
                auto socket = UdpSocket::bind(co_await this_loop(), at("0.0.0.0:5000"));
                auto sent = co_await socket->send_to(bytes_of("who?"), at("203.0.113.80:53"));
                EXPECT_TRUE(sent);
                std::array<std::byte, 100> room;
                auto got = co_await within(5s, socket->receive(room));
                EXPECT_TRUE(got.has_value());
                got = co_await within(5s, socket->receive(room));
                if (got) into = text_of(got->bytes);
            },
            std::ref(who));
        stranger.run([]() -> Task<void> {
            auto slept = co_await sleep(1s);
            EXPECT_TRUE(slept);
            auto socket = UdpSocket::bind(co_await this_loop(), at("0.0.0.0:9"));
            auto sent = co_await socket->send_to(bytes_of("knock"), at("198.51.100.7:1024"));
            EXPECT_TRUE(sent);
        });
        home.world.run_until_idle();
        EXPECT_EQ(who, filters ? "" : "knock");
    }
}

TEST(Nat, ErrorsFindWhoTheyAreAbout) {
    Home home;
    int code = 0;
    home.one.run(
        [](int& answer) -> Task<void> {
            auto socket = co_await UdpSocket::connect(at("203.0.113.80:9"));
            auto sent = co_await socket->send(bytes_of("anybody?"));
            EXPECT_TRUE(sent);
            std::array<std::byte, 100> room;
            auto got = co_await within(5s, socket->receive(room));
            if (!got) answer = got.error().code();
        },
        std::ref(code));
    home.world.run_until_idle();
    EXPECT_EQ(code, ECONNREFUSED);
}

TEST(Nat, WithoutAPortLeftNobodyNewGetsOut) {
    Home home({.udp = 30s, .first_port = 2000, .last_port = 2001});
    std::vector<std::string> answers;
    home.server.run(tell_who_asks(3));
    home.one.run(
        [](std::vector<std::string>& all) -> Task<void> {
            for (int asked = 0; asked < 4; ++asked) {
                auto socket = co_await UdpSocket::connect(at("203.0.113.80:53"));
                auto sent = co_await socket->send(bytes_of("who?"));
                EXPECT_TRUE(sent);
                std::array<std::byte, 100> room;
                auto got = co_await within(1s, socket->receive(room));
                all.push_back(got ? std::string(text_of(got->bytes)) : "silence");
                if (asked < 2) continue;
                auto slept = co_await sleep(1min);
                EXPECT_TRUE(slept);
            }
        },
        std::ref(answers));
    home.world.run_until_idle();
    const std::vector<std::string> expected{"198.51.100.7:2000", "198.51.100.7:2001", "silence",
                                            "198.51.100.7:2000"};
    EXPECT_EQ(answers, expected);
    EXPECT_EQ(home.box.counters().no_port, 1u);
}

}  // namespace
}  // namespace fivetuple::sim

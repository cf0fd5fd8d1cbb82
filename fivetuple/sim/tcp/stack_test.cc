#include "fivetuple/sim/tcp/stack.h"

#include "tests/testing/tcp_script.h"
#include "tests/testing/tcp_wire.h"
#include <cerrno>
#include <set>

namespace fivetuple::sim::tcp {
namespace {

using namespace std::chrono_literals;
using testing_help::TcpScript;
using testing_help::TcpWire;

SocketAddress at(const char* text) { return *SocketAddress::parse(text); }

Settings reusing(bool address, bool port = false) {
    Settings settings;
    settings.reuse_address = address;
    settings.reuse_port = port;
    return settings;
}

class TcpPorts : public testing::Test {
protected:
    bool can_bind(const char* address, const Settings& settings = {}) {
        auto binding = stack_.bind(at(address), settings);
        if (!binding) {
            EXPECT_TRUE(binding.error().is(EADDRINUSE));
        }
        return binding.has_value();
    }
    Listener* listen(const char* address, const Settings& settings = {}) {
        auto binding = stack_.bind(at(address), settings);
        if (!binding) return nullptr;
        auto listener = stack_.listen(std::move(*binding), settings, 8);
        return listener ? *listener : nullptr;
    }
    Limits limits_;
    Stack stack_{limits_, Random(1)};
};

TEST_F(TcpPorts, AnAddressIsForOne) {
    auto first = stack_.bind(at("10.0.0.1:80"), {});
    ASSERT_TRUE(first);
    EXPECT_FALSE(can_bind("10.0.0.1:80"));
    EXPECT_FALSE(can_bind("0.0.0.0:80")) << "which is all of them";
    EXPECT_TRUE(can_bind("10.0.0.2:80"));
    EXPECT_TRUE(can_bind("10.0.0.1:81"));
    first->reset();
    EXPECT_TRUE(can_bind("10.0.0.1:80")) << "given back";
}

TEST_F(TcpPorts, B1_AnIpv6ListenerForAllTakesIpv4AsWellUnlessItSaysNo) {
    auto both = stack_.bind(at("[::]:80"), {});
    EXPECT_FALSE(can_bind("0.0.0.0:80"));
    EXPECT_FALSE(can_bind("10.0.0.1:80"));
    both->reset();
    Settings only;
    only.v6_only = true;
    both = stack_.bind(at("[::]:80"), only);
    EXPECT_TRUE(can_bind("10.0.0.1:80"));
}

TEST_F(TcpPorts, ReuseAddressSharesWithAllButListeners) {
    auto first = stack_.bind(at("10.0.0.1:80"), reusing(true));
    EXPECT_FALSE(can_bind("10.0.0.1:80", reusing(false)));
    EXPECT_TRUE(can_bind("10.0.0.1:80", reusing(true)));
    ASSERT_TRUE(stack_.listen(std::move(*first), reusing(true), 1));
    EXPECT_FALSE(can_bind("10.0.0.1:80", reusing(true)));
}

TEST_F(TcpPorts, ReusePortSharesAmongThoseWhoAllWantTo) {
    EXPECT_NE(listen("10.0.0.1:80", reusing(false, true)), nullptr);
    EXPECT_NE(listen("10.0.0.1:80", reusing(false, true)), nullptr);
    EXPECT_EQ(listen("10.0.0.1:80"), nullptr);
}

TEST_F(TcpPorts, A2_PortZeroIsAFreeOneOfTheRange) {
    std::set<std::uint16_t> ports;
    std::vector<std::unique_ptr<Binding>> bindings;
    for (int count = 0; count < 1000; ++count) {
        auto binding = stack_.bind(at("10.0.0.1:0"), {});
        ASSERT_TRUE(binding);
        const std::uint16_t port = (*binding)->local().port();
        EXPECT_GE(port, 32768);
        EXPECT_LE(port, 60999);
        EXPECT_TRUE(ports.insert(port).second);
        bindings.push_back(std::move(*binding));
    }
}

TEST_F(TcpPorts, A10_PortsRunOutForOnePeerAndNotForAnother) {
    limits_.first_port = 40'000;
    limits_.last_port = 40'009;
    std::set<std::uint16_t> ports;
    const auto connect = [&](const char* peer, std::unique_ptr<Binding> binding = nullptr) {
        return stack_.connect(at("10.0.0.1:0"), at(peer), {}, Time{}, std::move(binding));
    };
    for (int count = 0; count < 10; ++count) {
        const auto made = connect("10.0.0.2:80");
        ASSERT_TRUE(made);
        ports.insert((*made)->tuple().local.port());
    }
    EXPECT_EQ(ports.size(), 10u);
    const auto one_more = connect("10.0.0.2:80");
    ASSERT_FALSE(one_more);
    EXPECT_TRUE(one_more.error().is(EADDRNOTAVAIL));
    EXPECT_TRUE(connect("10.0.0.2:81")) << "a port serves many destinations";
    EXPECT_FALSE(can_bind("10.0.0.1:0")) << "but bind() wants one for itself";
}

TEST_F(TcpPorts, AListenerForTheAddressGoesBeforeOneForAll) {
    Listener* all = listen("0.0.0.0:80", reusing(false, true));
    Listener* own = listen("10.0.0.1:80", reusing(false, true));
    ASSERT_TRUE(all != nullptr && own != nullptr);
    Segment syn;
    syn.source_port = 5;
    syn.destination_port = 80;
    syn.flags.syn = true;
    const IpAddress peer = at("10.0.0.9:1").ip();
    stack_.input(peer, at("10.0.0.1:1").ip(), syn, Time{});
    EXPECT_EQ(own->half_open(), 1u);
    stack_.input(peer, at("10.0.0.7:1").ip(), syn, Time{});
    EXPECT_EQ(all->half_open(), 1u);
}

TEST(TcpStack, A9_RestartingWhereConnectionsAreInTimeWaitNeedsReuseOnTheOldListenerToo) {
    for (const bool old_reuses : {false, true}) {
        TcpScript script({}, reusing(old_reuses));
        script.accept_one();
        script.close();
        script.drop_all();
        script.give({.fin = true, .ack = true}, 1, 2);
        EXPECT_EQ(script.state(), TcpState::time_wait);
        script.host.close(*script.listener, script.now);
        const SocketAddress address(script.host_ip, 80);
        EXPECT_FALSE(script.host.bind(address, reusing(false)));
        EXPECT_EQ(script.host.bind(address, reusing(true)).has_value(), old_reuses);
        script.pass(61s);
        EXPECT_TRUE(script.host.bind(address, reusing(false)));
    }
}

TEST(TcpStack, WhatHasHappenedIsToldOnce) {
    TcpWire wire(1);
    const auto pair = wire.connect();
    ASSERT_NE(pair.server, nullptr);
    while (wire.host(0).next_touched() != nullptr || wire.host(1).next_touched() != nullptr) {
    }
    ASSERT_TRUE(pair.client->send(bytes_of("x"), wire.now));
    wire.host(0).changed(*pair.client);
    wire.pass(1s);
    EXPECT_EQ(wire.host(1).next_touched(), pair.server);
    EXPECT_EQ(wire.host(1).next_touched(), nullptr);
    EXPECT_EQ(wire.host(1).next_ready(), nullptr) << "its connection has been accepted";
    wire.host(1).close(*pair.server, wire.now);
    wire.pass(1s);
    EXPECT_EQ(wire.host(1).next_touched(), nullptr) << "nothing is told of what was closed";
}

TEST(TcpStack, AListenerThatHasSomebodyIsTold) {
    TcpScript script;
    script.listen();
    EXPECT_EQ(script.host.next_ready(), nullptr);
    script.give(script.syn());
    script.theirs = script.take().sequence;
    EXPECT_EQ(script.host.next_ready(), nullptr);
    script.give({.ack = true}, 1, 1);
    EXPECT_EQ(script.host.next_touched(), nullptr) << "nobody has accepted it";
    EXPECT_EQ(script.host.next_ready(), script.listener);
}

TEST(TcpStack, G1_EverythingIsGoneWhenBothHaveClosed) {
    TcpWire wire(1);
    for (int count = 0; count < 20; ++count) {
        const auto pair = wire.connect();
        ASSERT_NE(pair.server, nullptr);
        wire.host(0).close(*pair.client, wire.now);
        wire.host(1).close(*pair.server, wire.now);
    }
    wire.pass(2min);
    EXPECT_TRUE(wire.host(0).connections().empty());
    EXPECT_TRUE(wire.host(1).connections().empty());
    EXPECT_EQ(wire.host(0).next_deadline(), kNever);
    EXPECT_EQ(wire.host(1).next_deadline(), kNever);
}

TEST(TcpStack, IPv6HasItsOwnSegmentSize) {
    Limits limits;
    Stack stack(limits, Random(1));
    const auto made = stack.connect(at("[fd00::1]:0"), at("[fd00::2]:80"), {}, Time{});
    ASSERT_TRUE(made);
    EXPECT_EQ(stack.output()->segment.options.max_segment, 1440);
    const auto local = stack.connect(at("[::1]:0"), at("[::1]:80"), {}, Time{});
    ASSERT_TRUE(local);
    EXPECT_EQ(stack.output()->segment.options.max_segment, 65475);
}

}  // namespace
}  // namespace fivetuple::sim::tcp

#include "fivetuple/blocking/udp.h"

#include "fivetuple/os/clock.h"
#include "fivetuple/os/options.h"

#include "tests/testing/own_network.h"
#include "tests/testing/signal_storm.h"
#include "tests/testing/testing.h"
#include <array>
#include <chrono>
#include <string>
#include <utility>

namespace fivetuple::blocking {
namespace {

using namespace std::chrono_literals;

Time soon(Duration limit = 10ms) { return after(monotonic_now(), limit); }

class BlockingUdp : public ::testing::Test {
protected:
    UdpSocket bind(const UdpOptions& options = {}) {
        return UdpSocket::bind({IpAddress::loopback_v4(), 0}, options).value();
    }
    std::pair<UdpSocket, UdpSocket> connect(const UdpOptions& options = {}) {
        UdpSocket there = bind(options);
        UdpSocket here = UdpSocket::connect(there.local_address().value(), options).value();
        return {std::move(here), std::move(there)};
    }
    /// Sends `count` datagrams in one batch and receives them in batches; they come in order.
    void move_many(UdpSocket& here, UdpSocket& there, std::size_t count) {
        const std::string text(700, 'x');
        SendBatch out;
        for (std::size_t at = 0; at < count; ++at) {
            out.add(bytes_of(text).first(at + 1 == count ? 5 : text.size()));
        }
        const Transfer sent = here.send_many(out, soon(20s));
        EXPECT_TRUE(sent);
        EXPECT_EQ(*sent, count);
        ReceiveBatch in(4, 65536);
        std::size_t came = 0;
        while (came < count) {
            const auto messages = there.receive_many(in, soon(20s));
            ASSERT_TRUE(messages.has_value()) << messages.error().message();
            for (const Datagram& each : in) {
                ++came;
                EXPECT_EQ(each.bytes.size(), came == count ? 5 : text.size());
                EXPECT_EQ(each.from, here.local_address().value());
            }
        }
    }
    std::array<std::byte, 100>& room() { return room_; }

private:
    testing_help::NoDescriptorLeaks no_leaks_;
    std::array<std::byte, 100> room_{};
};

TEST_F(BlockingUdp, C4_AConnectedSocketHearsOnlyItsPeer) {
    auto [here, there] = connect();
    UdpSocket stranger = bind();
    const SocketAddress at = here.local_address().value();
    EXPECT_TRUE(stranger.send_to(bytes_of("no"), at));
    EXPECT_TRUE(there.send_to(bytes_of("yes"), at));
    EXPECT_EQ(text_of(here.receive(room())->bytes), "yes");
    EXPECT_TRUE(here.receive(room(), soon()).error().is_deadline());
}

TEST_F(BlockingUdp, C4_WhatDoesNotFitFailsWithBothSizesOrIsCut) {
    auto [here, there] = connect();
    const std::string large(3000, 'x');
    EXPECT_TRUE(here.send(bytes_of(large)));
    EXPECT_EQ(there.receive(room()).error().message(),
              "recvmsg: a datagram of 3000 bytes came, and the buffer holds 100");
    EXPECT_TRUE(here.send(bytes_of(large)));
    EXPECT_EQ(there.receive(room(), WhenCut::keep)->size, 3000u);
    const std::string too_large(70'000, 'x');
    EXPECT_TRUE(here.send(bytes_of(too_large)).error().is(EMSGSIZE));
}

TEST_F(BlockingUdp, C5_TheAddressToSendFromCanBeChosen) {
    UdpOptions options;
    options.tell.packet_info = true;
    options.tell.tos = true;
    UdpSocket there = bind(options);
    auto here = UdpSocket::bind(SocketAddress::parse("0.0.0.0:0").value());
    const SocketAddress to = there.local_address().value();
    SendDetails details;
    details.from = IpAddress::parse("127.0.0.77").value();
    details.tos = 0x2e << 2;
    EXPECT_TRUE(here->send_to(bytes_of("x"), to, details));
    const auto got = there.receive(room(), soon(20s));
    EXPECT_EQ(got->from.ip().to_string(), "127.0.0.77");
    EXPECT_EQ(got->details.tos, 0x2e << 2);
    details.from = IpAddress::loopback_v6();
    EXPECT_TRUE(here->send_to(bytes_of("x"), to, details).error().is(EINVAL));
}

TEST_F(BlockingUdp, C6_ManyGoAtOnceJoinedOrNot) {
    for (const bool join : {true, false}) {
        auto [here, there] = connect(UdpOptions{.join = join});
        EXPECT_EQ(here.means().to_string(), join ? "sends GSO, sendmmsg; receives GRO, recvmmsg"
                                                 : "sends sendmmsg; receives recvmmsg");
        move_many(here, there, 66);
        EXPECT_TRUE(here.send(bytes_of("one more")));
        const auto single = there.receive(room(), soon(20s));
        EXPECT_EQ(single.has_value(), !join);
        EXPECT_TRUE(!join || single.error().is(EINVAL));
    }
}

TEST_F(BlockingUdp, C6_WhereJoinedDatagramsDoNotFitThePathTheyGoOneByOne) {
    const std::string said = testing_help::in_own_network([&] {
        auto [here, there] = connect();
        // Smaller than each datagram: IP cuts them, which joined ones cannot be.
        if (std::system("ip link set lo mtu 600") != 0) return std::string("no mtu");
        move_many(here, there, 40);
        return std::string(here.means().sends_joined && !HasFailure() ? "well" : "not well");
    });
    if (said == testing_help::kNoOwnNetwork) GTEST_SKIP() << said;
    EXPECT_EQ(said, "well");
}

TEST_F(BlockingUdp, C6_ABatchThatFailsInTheMiddleSaysHowManyWent) {
    auto [here, there] = connect();
    const std::string too_large(70'000, 'x');
    SendBatch out;
    out.add(bytes_of("one"));
    out.add(bytes_of("two"));
    out.add(bytes_of(too_large));
    const Transfer sent = here.send_many(out);
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.bytes_moved(), 2u);
    EXPECT_EQ(sent.error().message(), "sendmmsg: Message too long");
    SendBatch none;
    EXPECT_TRUE(here.send_many(none));
}

TEST_F(BlockingUdp, D1_EveryCallThatMayWaitHasADeadline) {
    auto [here, there] = connect();
    EXPECT_EQ(here.receive(room(), soon()).error().message(), "recvmsg: the time limit ran out");
    ReceiveBatch batch(4, 100);
    EXPECT_EQ(here.receive_many(batch, soon()).error().message(),
              "recvmmsg: the time limit ran out");
}

TEST_F(BlockingUdp, F29_ReceivingGoesOnThroughASignalStorm) {
    auto [here, there] = connect();
    const testing_help::SignalStorm storm;
    const Time deadline = soon(20ms);
    EXPECT_TRUE(there.receive(room(), deadline).error().is_deadline());
    EXPECT_GE(monotonic_now(), deadline);
    const testing_help::Helper helper([&] {
        testing_help::SignalStorm::await(5);
        EXPECT_TRUE(here.send(bytes_of("x")));
    });
    EXPECT_TRUE(there.receive(room()).has_value());
}

TEST_F(BlockingUdp, FailuresThatWereToldDoNotKeepAWaiterAwake) {
    SocketAddress nowhere;
    {
        const UdpSocket gone = bind();
        nowhere = gone.local_address().value();
    }
    UdpSocket here = bind(UdpOptions{.report_failures = true});
    EXPECT_FALSE(here.take_failure().has_value());
    for (int times = 0; times < 3; ++times) {
        // The answer to the one before may come first.
        const auto sent = here.send_to(bytes_of("anybody?"), nowhere);
        EXPECT_TRUE(sent || sent.error().is(ECONNREFUSED)) << sent.error().message();
    }
    auto got = here.receive(room(), soon(20s));
    while (!got && got.error().is(ECONNREFUSED)) got = here.receive(room(), soon(30ms));
    EXPECT_TRUE(got.error().is_deadline()) << got.error().message();
    int failures = 0;
    while (const auto failure = here.take_failure()) {
        ++failures;
        EXPECT_EQ(failure->code, ECONNREFUSED);
        EXPECT_EQ(failure->sent_to, nowhere);
    }
    EXPECT_GE(failures, 1);
    EXPECT_TRUE(here.send_to(bytes_of("myself"), here.local_address().value()));
    EXPECT_EQ(text_of(here.receive(room(), soon(20s))->bytes), "myself");
}

TEST_F(BlockingUdp, MulticastReachesAllWhoHaveJoined) {
    const std::string said = testing_help::in_own_network([] {
        if (std::system("ip route add 224.0.0.0/4 dev lo") != 0) return std::string("no route");
        const SocketAddress at = SocketAddress::parse("239.1.2.3:4567").value();
        std::array<UdpSocket, 2> members;
        for (UdpSocket& each : members) {
            each = UdpSocket::bind(at, UdpOptions{.reuse_address = true}).value();
            if (!set(each, JoinGroup{at.ip()})) return std::string("cannot join");
        }
        auto sender = UdpSocket::bind({IpAddress::loopback_v4(), 0});
        if (!sender->send_to(bytes_of("all"), at)) return std::string("cannot send");
        std::array<std::byte, 100> room;
        for (UdpSocket& each : members) {
            const auto got = each.receive(room, soon(20s));
            if (!got || text_of(got->bytes) != "all") return std::string("one got nothing");
        }
        return std::string("all");
    });
    if (said == testing_help::kNoOwnNetwork) GTEST_SKIP() << said;
    EXPECT_EQ(said, "all");
}

TEST_F(BlockingUdp, AnAddressThatIsNotIpIsRefusedInWords) {
    const SocketAddress path = SocketAddress::unix_path("/nowhere").value();
    EXPECT_EQ(UdpSocket::bind(path).error().message(),
              "bind unix:/nowhere: UDP needs an IP address");
    EXPECT_EQ(UdpSocket::connect(path).error().message(),
              "connect unix:/nowhere: UDP needs an IP address");
}

TEST_F(BlockingUdp, TheTimeThatADatagramLeftIsTold) {
    auto [here, there] = connect({.tell_sent = true});
    for (std::uint32_t number = 0; number < 3; ++number) {
        ASSERT_TRUE(here.send(bytes_of("when?"), soon(20s)));
        const auto left = here.sent_time(soon(20s));
        ASSERT_TRUE(left.has_value()) << left.error().message();
        EXPECT_EQ(left->number, number);
        ASSERT_TRUE(there.receive(room(), soon(20s)));
    }
    const auto none = here.sent_time(soon());
    EXPECT_TRUE(!none && none.error().is_deadline());
    there.close();
    ASSERT_TRUE(here.send(bytes_of("anybody?"), soon(20s)));
    ASSERT_TRUE(here.sent_time(soon(20s)));
    const auto failed = here.sent_time(soon(20s));
    EXPECT_TRUE(!failed && failed.error().is(ECONNREFUSED)) << failed.error().message();
    EXPECT_TRUE(bind().sent_time().error().is(EINVAL));
}

}  // namespace
}  // namespace fivetuple::blocking

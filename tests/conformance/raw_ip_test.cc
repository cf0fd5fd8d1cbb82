#include "fivetuple/os/icmp.h"
#include "fivetuple/os/options.h"
#include "fivetuple/os/raw_options.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/raw_socket.h"

#include "tests/testing/own_loop.h"
#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <vector>

namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

constexpr auto kTesting = static_cast<std::uint8_t>(IpProtocol::testing);
constexpr auto kIcmp = static_cast<std::uint8_t>(IpProtocol::icmp);

using RawIp = OwnNetworkTest;
FT_IN_KERNEL_WORLDS(RawIp);

TEST_P(RawIp, B3_PacketsOfAnOwnProtocolComeWithTheirHeader) {
    in_a_network([](Loop& loop) -> Task<void> {
        RawOptions options;
        options.tell = {.packet_info = true, .ttl = true, .received_at = true};
        auto there = RawSocket::open(loop, Family::ipv4, kTesting, options).value();
        auto here = RawSocket::open(loop, Family::ipv4, kTesting).value();
        const SocketAddress to(IpAddress::loopback_v4(), 0);
        SendDetails details;
        details.ttl = 9;
        const auto sent = co_await here.send_to(bytes_of("own protocol"), to, details);
        EXPECT_TRUE(sent) << sent.error().message();
        std::array<std::byte, 200> room;
        const auto got = co_await there.receive(room);
        EXPECT_TRUE(got) << got.error().message();
        if (!got) co_return;
        const auto packet = Ipv4Packet::parse(got->bytes);
        EXPECT_TRUE(packet) << packet.error().message();
        if (!packet) co_return;
        EXPECT_EQ(text_of(packet->payload()), "own protocol");
        EXPECT_EQ(packet->protocol(), kTesting);
        EXPECT_EQ(packet->ttl(), 9);
        EXPECT_EQ(packet->from(), IpAddress::loopback_v4());
        EXPECT_TRUE(packet->has_right_checksum());
        EXPECT_EQ(got->details.ttl, 9);
        EXPECT_EQ(got->details.sent_to, IpAddress::loopback_v4());
        EXPECT_TRUE(got->details.received_at.has_value());
    });
}

TEST_P(RawIp, B3_OverIPv6TheyComeWithoutIt) {
    in_a_network([](Loop& loop) -> Task<void> {
        RawOptions options;
        options.tell = {.packet_info = true, .ttl = true, .tos = true};
        auto there = RawSocket::open(loop, Family::ipv6, kTesting, options).value();
        auto here = RawSocket::open(loop, Family::ipv6, kTesting).value();
        const SocketAddress to(IpAddress::loopback_v6(), 0);
        SendDetails details;
        details.ttl = 11;
        details.tos = 0xb8;
        const auto sent = co_await here.send_to(bytes_of("six"), to, details);
        EXPECT_TRUE(sent) << sent.error().message();
        std::array<std::byte, 200> room;
        const auto got = co_await there.receive(room);
        EXPECT_TRUE(got) << got.error().message();
        if (!got) co_return;
        EXPECT_EQ(text_of(got->bytes), "six");
        EXPECT_EQ(got->details.ttl, 11);
        EXPECT_EQ(got->details.tos, 0xb8);
        EXPECT_EQ(got->from.ip(), IpAddress::loopback_v6());
    });
}

TEST_P(RawIp, B3_AHeaderOfOnesOwnIsSentAsItIs) {
    in_a_network([](Loop& loop) -> Task<void> {
        auto there = RawSocket::open(loop, Family::ipv4, kTesting).value();
        RawOptions options;
        options.with_header = true;
        auto here = RawSocket::open(loop, Family::ipv4, kTesting, options).value();
        Ipv4Header header;
        // An address that we do not have: nobody keeps us from naming it.
        header.from = IpAddress::parse("127.9.8.7").value();
        header.to = IpAddress::loopback_v4();
        header.protocol = kTesting;
        header.ttl = 3;
        header.identification = 4711;
        const auto front = header.write(4).value();
        std::vector<std::byte> whole(front.begin(), front.end());
        const Bytes payload = bytes_of("mine");
        whole.insert(whole.end(), payload.begin(), payload.end());
        const auto sent = co_await here.send_to(whole, SocketAddress(header.to, 0));
        EXPECT_TRUE(sent) << sent.error().message();
        std::array<std::byte, 200> room;
        const auto got = co_await there.receive(room);
        EXPECT_TRUE(got) << got.error().message();
        if (!got) co_return;
        const auto packet = Ipv4Packet::parse(got->bytes).value();
        EXPECT_EQ(packet.from(), header.from);
        EXPECT_EQ(packet.ttl(), 3);
        EXPECT_EQ(packet.identification(), 4711);
        EXPECT_EQ(text_of(packet.payload()), "mine");
        // A header that lies about its own length does not leave this machine.
        whole[0] = std::byte{0x4f};
        const auto refused = co_await here.send_to(whole, SocketAddress(header.to, 0));
        EXPECT_FALSE(refused);
        EXPECT_TRUE(refused.error().is(EINVAL)) << refused.error().message();
    });
}

TEST_P(RawIp, B3_AFilterAndTheTypesOfIcmpChooseWhatComes) {
    in_a_network([](Loop& loop) -> Task<void> {
        bpf::Assembler code;
        const bpf::Label keep = code.label();
        code.load(bpf::Width::byte, 20);  // Behind the IP header.
        code.jump_if(bpf::Is::equal, 'y', keep);
        code.answer(0);
        code.place(keep);
        code.answer(0xffff);
        RawOptions options;
        options.filter = code.finish().value();
        auto some = RawSocket::open(loop, Family::ipv4, kTesting, options).value();
        auto here = RawSocket::open(loop, Family::ipv4, kTesting).value();
        const SocketAddress to(IpAddress::loopback_v4(), 0);
        for (const std::string_view text : {"no", "yes"}) {
            const auto sent = co_await here.send_to(bytes_of(text), to);
            EXPECT_TRUE(sent);
        }
        std::array<std::byte, 200> room;
        const auto got = co_await some.receive(room);
        EXPECT_TRUE(got);
        if (!got) co_return;
        EXPECT_EQ(text_of(Ipv4Packet::parse(got->bytes)->payload()), "yes");

        // The kernel answers an echo request; only the answer passes.
        auto icmp = RawSocket::open(loop, Family::ipv4, kIcmp).value();
        const auto set_filter = set(icmp, IcmpFilter::only({0}));
        EXPECT_TRUE(set_filter);
        EXPECT_EQ(get<IcmpFilter>(icmp)->to_string(), "passes 0");
        std::array<std::byte, 64> message;
        const auto size = write_echo(Family::ipv4, {false, 7, 1, bytes_of("?")}, message).value();
        const auto asked = co_await icmp.send_to(Bytes(message).first(size), to);
        EXPECT_TRUE(asked);
        const auto answer = co_await icmp.receive(room);
        EXPECT_TRUE(answer);
        if (!answer) co_return;
        const auto packet = Ipv4Packet::parse(answer->bytes).value();
        const auto read = IcmpMessage::parse(Family::ipv4, packet.payload()).value();
        EXPECT_TRUE(read.has_right_checksum());
        EXPECT_TRUE(read.echo()->is_reply);
        EXPECT_EQ(read.echo()->identifier, 7);
        EXPECT_EQ(text_of(read.echo()->payload), "?");
    });
}

TEST_P(RawIp, B3_APacketThatComesBackIsToldOf) {
    in_a_network([](Loop& loop) -> Task<void> {
        const Router router;
        EXPECT_TRUE(router.is_up());
        RawOptions options;
        options.report_failures = true;
        auto here = RawSocket::open(loop, Family::ipv4, kTesting, options).value();
        const SocketAddress to(IpAddress::parse("10.8.0.1").value(), 0);
        const auto sent = co_await here.send_to(bytes_of("12345678 and more"), to);
        EXPECT_TRUE(sent) << sent.error().message();
        std::array<std::byte, 200> room;
        const auto got = co_await within(20s, here.receive(room));
        EXPECT_FALSE(got);
        EXPECT_TRUE(got.error().is(ENETUNREACH)) << got.error().message();
        const auto failure = here.take_failure();
        EXPECT_TRUE(failure.has_value());
        if (!failure) co_return;
        EXPECT_EQ(failure->sent_to.ip(), to.ip());
        EXPECT_EQ(failure->told_by.ip().to_string(), "10.7.0.2");
        EXPECT_EQ(text_of(failure->front()), "12345678");
    });
}

TEST_P(RawIp, B3_WhatCannotBeHasANamedError) {
    in_a_network([](Loop& loop) -> Task<void> {
        RawOptions headers;
        headers.with_header = true;
        const auto six = RawSocket::open(loop, Family::ipv6, kTesting, headers);
        EXPECT_EQ(six.error().message(),
                  "socket raw IPv6: only IPv4 packets are sent with their header");
        RawOptions nowhere;
        nowhere.interface = "no-such";
        const auto none = RawSocket::open(loop, Family::ipv4, kTesting, nowhere);
        EXPECT_TRUE(none.error().is(ENODEV)) << none.error().message();
        RawOptions foreign;
        foreign.at = IpAddress::parse("10.1.2.3").value();
        const auto not_ours = RawSocket::open(loop, Family::ipv4, kTesting, foreign);
        EXPECT_TRUE(not_ours.error().is(EADDRNOTAVAIL)) << not_ours.error().message();
        const auto odd = RawSocket::open(loop, Family::unix_domain, kTesting);
        EXPECT_EQ(odd.error().message(), "socket: raw sockets are IPv4 or IPv6");
        auto here = RawSocket::open(loop, Family::ipv4, kTesting).value();
        const std::vector<std::byte> large(70000);
        const auto sent = co_await here.send_to(large, SocketAddress(IpAddress::loopback_v4(), 0));
        EXPECT_TRUE(sent.error().is(EMSGSIZE)) << sent.error().message();
        // Packets beyond what the buffer holds say so.
        const auto more = co_await here.send_to(Bytes(large).first(500),
                                                SocketAddress(IpAddress::loopback_v4(), 0));
        EXPECT_TRUE(more);
        std::array<std::byte, 100> room;
        const auto cut = co_await here.receive(room);
        EXPECT_EQ(cut.error().message(),
                  "recvmsg: a datagram of 520 bytes came, and the buffer holds 100");
    });
}

TEST_P(RawIp, B3_WithoutTheCapabilityTheErrorNamesIt) {
    in_a_network([](Loop& loop) -> Task<void> {
        EXPECT_TRUE(drop_raw_sockets());
        const auto refused = RawSocket::open(loop, Family::ipv4, kTesting);
        EXPECT_FALSE(refused);
        EXPECT_TRUE(refused.error().is(EPERM));
        EXPECT_EQ(refused.error().message(),
                  "socket raw IPv4: Operation not permitted without CAP_NET_RAW");
        co_return;
    });
}

}  // namespace
}  // namespace fivetuple::testing_help

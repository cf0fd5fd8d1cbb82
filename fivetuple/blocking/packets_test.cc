#include "fivetuple/blocking/packet_capture.h"
#include "fivetuple/blocking/packet_socket.h"
#include "fivetuple/blocking/ping.h"
#include "fivetuple/blocking/raw_socket.h"
#include "fivetuple/blocking/sctp.h"
#include "fivetuple/blocking/tcp.h"
#include "fivetuple/blocking/vsock.h"
#include "fivetuple/os/clock.h"

#include "tests/testing/router.h"
#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <vector>

// Raw packets, frames and other streams by calls that block, in networks of their own.
namespace fivetuple::blocking {
namespace {

using namespace std::chrono_literals;
using testing_help::drop_raw_sockets;
using testing_help::in_a_network;
using testing_help::Router;

constexpr auto kTesting = static_cast<std::uint8_t>(IpProtocol::testing);

Time soon() { return after(monotonic_now(), 20s); }
Time at_once() { return after(monotonic_now(), 20ms); }

TEST(BlockingPackets, B3_RawPacketsComeAndGo) {
    in_a_network([] {
        auto there = RawSocket::open(Family::ipv4, kTesting).value();
        auto here = RawSocket::open(Family::ipv4, kTesting).value();
        std::array<std::byte, 200> room;
        const auto none = there.receive(room, at_once());
        EXPECT_TRUE(none.error().is_deadline()) << none.error().message();
        const SocketAddress to(IpAddress::loopback_v4(), 0);
        EXPECT_TRUE(here.send_to(bytes_of("raw"), to, soon()));
        const auto got = there.receive(room, soon());
        ASSERT_TRUE(got) << got.error().message();
        EXPECT_EQ(text_of(Ipv4Packet::parse(got->bytes)->payload()), "raw");
        ASSERT_TRUE(drop_raw_sockets());
        EXPECT_EQ(RawSocket::open(Family::ipv4, kTesting).error().message(),
                  "socket raw IPv4: Operation not permitted without CAP_NET_RAW");
    });
}

TEST(BlockingPackets, B3_PingTellsOfEachProbe) {
    in_a_network([] {
        const Router router;
        ASSERT_TRUE(router.is_up());
        for (const char* to : {"127.0.0.1", "::1", "10.7.0.2"}) {
            PingOptions options;
            options.count = 3;
            options.interval = 1ms;
            options.timeout = 20s;
            auto ping = Ping::open(IpAddress::parse(to).value(), options).value();
            for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
                const auto event = ping.next(soon());
                ASSERT_TRUE(event && *event);
                EXPECT_EQ((*event)->kind, PingEvent::Kind::reply) << (*event)->to_string();
                EXPECT_EQ((*event)->sequence, sequence);
                EXPECT_TRUE((*event)->by_kernel);
            }
            const auto over = ping.next(soon());
            EXPECT_TRUE(over && !*over);
        }
        PingOptions options;
        options.interval = 1h;
        options.timeout = 1h;
        auto lost = Ping::open(IpAddress::parse("10.8.0.1").value(), options).value();
        const auto event = lost.next(soon());
        ASSERT_TRUE(event && *event);
        EXPECT_EQ((*event)->to_string(), "From 10.7.0.2 icmp_seq=1 network unreachable");
        const auto late = lost.next(at_once());
        ASSERT_FALSE(late);
        EXPECT_TRUE(late.error().is_deadline()) << late.error().message();
    });
}

TEST(BlockingPackets, B3_FramesComeAndGo) {
    in_a_network([] {
        const Router router;
        ASSERT_TRUE(router.is_up());
        PacketOptions options;
        options.interface = "lo";
        options.protocol = EtherType::testing;
        auto here = PacketSocket::open(options).value();
        auto capture = PacketCapture::open(options).value();
        std::array<std::byte, 200> room;
        EXPECT_TRUE(here.receive(room, at_once()).error().is_deadline());
        EXPECT_TRUE(capture.next(at_once()).error().is_deadline());
        std::vector<std::byte> frame(20);
        frame[12] = std::byte{0x88};
        frame[13] = std::byte{0xb5};
        frame[19] = std::byte{'x'};
        ASSERT_TRUE(here.send(frame, soon()));
        // A socket does not hear itself send, but loopback receives all that it sends.
        const auto got = here.receive(room, soon());
        ASSERT_TRUE(got) << got.error().message();
        EXPECT_EQ(got->from.kind, PacketKind::to_us);
        EXPECT_TRUE(std::ranges::equal(got->bytes, frame));
        std::size_t seen = 0;
        while (seen < 1) {
            const auto block = capture.next(soon());
            ASSERT_TRUE(block) << block.error().message();
            auto frames = block->frames();
            for (LinkFrame each; frames.next(each); ++seen) {
                EXPECT_TRUE(std::ranges::equal(each.bytes, frame));
            }
            EXPECT_EQ(frames.fault(), nullptr);
            // With a block in hand the wait for the next one still ends.
            const auto late = capture.next(at_once());
            if (!late) {
                EXPECT_TRUE(late.error().is_deadline()) << late.error().message();
            }
        }
        EXPECT_GE(capture.take_statistics()->received, 1U);
    });
}

TEST(BlockingPackets, B4_StreamsThatAskForMptcp) {
    in_a_network([] {
        const bool is_here = check_multipath().has_value();
        ListenOptions listening;
        listening.multipath = true;
        auto listener =
            TcpListener::bind(SocketAddress(IpAddress::loopback_v4(), 0), listening).value();
        TcpStream::ConnectOptions options;
        options.multipath = true;
        auto client = TcpStream::connect(listener.local_address().value(), options, soon()).value();
        auto server = listener.accept(soon()).value();
        ASSERT_TRUE(client.write_all(bytes_of("four"), soon()));
        std::array<std::byte, 4> room;
        ASSERT_TRUE(server.read_exact(room, soon()));
        const auto wanted = is_here ? MultipathState::multipath : MultipathState::unsupported;
        EXPECT_EQ(multipath_state(OptionAccess(client)).value(), wanted);
        EXPECT_EQ(multipath_state(OptionAccess(server)).value(), wanted);
        EXPECT_NE(std::string(to_string(wanted)), "");
    });
}

TEST(BlockingPackets, B3_B4_VsockAndSctpWorkOrSayWhatIsMissing) {
    in_a_network([] {
        auto listener = VsockListener::bind(SocketAddress::vsock(SocketAddress::kAnyCid, 0));
        if (listener) {
            EXPECT_TRUE(listener->accept(at_once()).error().is_deadline());
            const auto port = listener->local_address()->vsock_port();
            const auto self = SocketAddress::vsock(SocketAddress::kLocalCid, port);
            const auto client = VsockStream::connect(self, soon());
            EXPECT_EQ(client.has_value(), has_vsock_loopback());
            if (!client) {
                EXPECT_EQ(client.error().cause(), Cause::unsupported);
            }
        } else {
            EXPECT_TRUE(listener.error().is(EAFNOSUPPORT)) << listener.error().message();
        }
        const SocketAddress at(IpAddress::loopback_v4(), 0);
        auto sctp = SctpListener::bind(at);
        if (!sctp) {
            EXPECT_EQ(sctp.error().cause(), Cause::unsupported) << sctp.error().message();
            return;
        }
        EXPECT_TRUE(SctpStream::connect(sctp->local_address().value(), soon()));
    });
}

}  // namespace
}  // namespace fivetuple::blocking

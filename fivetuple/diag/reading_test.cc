#include "fivetuple/diag/reading.h"

#include "fivetuple/os/netlink/request.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>

#include <cstring>
#include <string_view>

using namespace std::chrono_literals;

namespace fivetuple::diag {
namespace {

using netlink::Asks;
using netlink::Request;

// A message as the kernel would have sent it: what is written by a request is laid out alike.
class Sent {
public:
    explicit Sent(Request request) : request_(std::move(request)) {
        const auto bytes = request_.to_send(1);
        netlink::MessageReader reader(*bytes);
        EXPECT_TRUE(reader.next(message).value());
    }

    netlink::Message message;

private:
    Request request_;
};

Request internet(const inet_diag_msg& head) {
    Request request(SOCK_DIAG_BY_FAMILY, Asks::dump, "test");
    request.header(head);
    return request;
}

inet_diag_msg head_of(int family, const char* local, const char* peer) {
    inet_diag_msg head{};
    head.idiag_family = static_cast<std::uint8_t>(family);
    head.idiag_state = 1;
    EXPECT_EQ(::inet_pton(family, local, head.id.idiag_src), 1);
    EXPECT_EQ(::inet_pton(family, peer, head.id.idiag_dst), 1);
    head.id.idiag_sport = htons(80);
    head.id.idiag_dport = htons(40000);
    return head;
}

TEST(SocketReading, AMessageTellsAddressesQueuesTimerAndNumbers) {
    inet_diag_msg head = head_of(AF_INET, "10.0.0.1", "192.0.2.7");
    head.idiag_timer = 1;
    head.idiag_expires = 230;
    head.idiag_retrans = 2;
    head.id.idiag_cookie[0] = 5;
    head.id.idiag_cookie[1] = 1;
    head.id.idiag_if = 3;
    head.idiag_rqueue = 11;
    head.idiag_wqueue = 12;
    head.idiag_uid = 1000;
    head.idiag_inode = 77;
    const Sent sent(internet(head));
    const auto socket = read_internet(sent.message, Kind::tcp);
    ASSERT_TRUE(socket);
    EXPECT_EQ(socket->local_text(), "10.0.0.1:80");
    EXPECT_EQ(socket->peer_text(), "192.0.2.7:40000");
    EXPECT_EQ(socket->state, TcpState::established);
    EXPECT_EQ(socket->cookie, 0x100000005u);
    EXPECT_EQ(socket->interface, 3u);
    EXPECT_EQ(socket->receive_queue, 11u);
    EXPECT_EQ(socket->send_queue, 12u);
    EXPECT_EQ(socket->user, 1000u);
    EXPECT_EQ(socket->inode, 77u);
    ASSERT_TRUE(socket->timer);
    EXPECT_EQ(name_of(socket->timer->what), "retransmission");
    EXPECT_EQ(socket->timer->left, 230ms);
    EXPECT_EQ(socket->timer->tries, 2);
}

TEST(SocketReading, WhatTheKernelDoesNotTellIsEmpty) {
    const Sent sent(internet(head_of(AF_INET6, "::", "fe80::1")));
    const auto socket = read_internet(sent.message, Kind::tcp);
    ASSERT_TRUE(socket);
    EXPECT_FALSE(socket->timer || socket->memory || socket->mark || socket->cgroup || socket->bbr ||
                 socket->service_byte || socket->flags || socket->is_only_v6 ||
                 socket->is_shut_for_reading || socket->tcp_info());
    EXPECT_TRUE(socket->congestion_control.empty() && socket->upper_layer.empty());
    EXPECT_EQ(socket->local_text(), "[::]:80");
}

TEST(SocketReading, AttributesAreRead) {
    Request request = internet(head_of(AF_INET, "10.0.0.1", "192.0.2.7"));
    // An older kernel tells fewer figures of memory.
    const std::uint32_t memory[4] = {1, 2, 3, 4};
    request.add_structure(INET_DIAG_SKMEMINFO, memory);
    request.add_text(INET_DIAG_CONG, "cubic");
    request.add(INET_DIAG_MARK, std::uint32_t{7});
    request.add(INET_DIAG_SHUTDOWN, std::uint8_t{2});
    request.add(INET_DIAG_TOS, std::uint8_t{16});
    request.add(std::uint16_t{21}, std::uint64_t{99});
    tcp_bbr_info bbr{};
    bbr.bbr_bw_hi = 1;
    bbr.bbr_pacing_gain = 640;
    request.add_structure(INET_DIAG_BBRINFO, bbr);
    {
        const auto nest = request.nest(INET_DIAG_ULP_INFO);
        request.add_text(INET_ULP_INFO_NAME, "mptcp");
    }
    request.add(std::uint16_t{1000}, std::uint32_t{1});
    const Sent sent(std::move(request));
    const auto socket = read_internet(sent.message, Kind::tcp);
    ASSERT_TRUE(socket) << socket.error().message();
    EXPECT_EQ(socket->memory->receive_allocated, 1u);
    EXPECT_EQ(socket->memory->send_buffer, 4u);
    EXPECT_EQ(socket->memory->drops, 0u);
    EXPECT_EQ(socket->congestion_control, "cubic");
    EXPECT_EQ(socket->mark, 7u);
    EXPECT_EQ(socket->is_shut_for_reading, false);
    EXPECT_EQ(socket->is_shut_for_writing, true);
    EXPECT_EQ(socket->service_byte, 16);
    EXPECT_EQ(socket->cgroup, 99u);
    EXPECT_EQ(socket->bbr->bandwidth, std::uint64_t{1} << 32);
    EXPECT_DOUBLE_EQ(socket->bbr->pacing_gain, 2.5);
    EXPECT_TRUE(socket->is_mptcp());
}

TEST(SocketReading, AListenersQueuesAreConnections) {
    inet_diag_msg head = head_of(AF_INET, "0.0.0.0", "0.0.0.0");
    head.idiag_state = 10;
    head.idiag_rqueue = 129;
    head.idiag_wqueue = 128;
    const Sent sent(internet(head));
    const auto socket = read_internet(sent.message, Kind::tcp);
    ASSERT_TRUE(socket && socket->accept_queue());
    EXPECT_EQ(socket->accept_queue()->waiting, 129u);
    EXPECT_EQ(socket->accept_queue()->most, 128u);
    EXPECT_TRUE(socket->accept_queue()->is_full());
    EXPECT_EQ(socket->local_text(), "*:80");
}

TEST(SocketReading, LengthsThatLieAreErrors) {
    const Sent short_one([] {
        Request request(SOCK_DIAG_BY_FAMILY, Asks::dump, "test");
        request.header(std::uint32_t{1});
        return request;
    }());
    EXPECT_EQ(read_internet(short_one.message, Kind::tcp).error().cause(), Cause::malformed);
    EXPECT_EQ(read_unix(short_one.message).error().cause(), Cause::malformed);
    EXPECT_EQ(read_packet(short_one.message).error().cause(), Cause::malformed);
    Request request = internet(head_of(AF_INET, "10.0.0.1", "192.0.2.7"));
    request.add(INET_DIAG_MARK, std::uint8_t{7});
    const Sent bad_mark(std::move(request));
    EXPECT_EQ(read_internet(bad_mark.message, Kind::tcp).error().cause(), Cause::malformed);
}

Request unix_message(std::uint8_t type, std::string_view name) {
    unix_diag_msg head{};
    head.udiag_family = AF_UNIX;
    head.udiag_type = type;
    head.udiag_state = 10;
    head.udiag_ino = 5;
    Request request(SOCK_DIAG_BY_FAMILY, Asks::dump, "test");
    request.header(head);
    if (!name.empty()) request.add(UNIX_DIAG_NAME, bytes_of(name));
    return request;
}

TEST(SocketReading, UnixSocketsHavePathsAbstractNamesOrNone) {
    using namespace std::string_view_literals;
    const Sent path(unix_message(SOCK_STREAM, "/run/a\0"sv));
    EXPECT_EQ(read_unix(path.message)->local_text(), "/run/a");
    const Sent abstract(unix_message(SOCK_SEQPACKET, "\0a\0b"sv));
    const auto named = read_unix(abstract.message);
    EXPECT_EQ(named->unix_name, "a\0b"sv);
    EXPECT_EQ(named->local_text(), "@a\\x00b");
    EXPECT_EQ(name_of(named->kind), "unix seqpacket");
    Request with_peer = unix_message(SOCK_DGRAM, "");
    with_peer.add(UNIX_DIAG_PEER, std::uint32_t{9});
    with_peer.add_structure(UNIX_DIAG_RQLEN, unix_diag_rqlen{3, 10});
    const std::uint32_t pending[2] = {1, 2};
    with_peer.add_structure(UNIX_DIAG_ICONS, pending);
    const Sent unnamed(std::move(with_peer));
    const auto socket = read_unix(unnamed.message);
    EXPECT_EQ(socket->local_text(), "*");
    EXPECT_EQ(socket->peer_text(), "inode 9");
    EXPECT_EQ(socket->receive_queue, 3u);
    EXPECT_EQ(socket->pending, 2u);
    EXPECT_FALSE(socket->user.has_value());
}

TEST(SocketReading, PacketSocketsTellTheirProtocolAndInterface) {
    packet_diag_msg head{};
    head.pdiag_family = AF_PACKET;
    head.pdiag_type = SOCK_RAW;
    head.pdiag_num = 0x0806;
    Request request(SOCK_DIAG_BY_FAMILY, Asks::dump, "test");
    request.header(head).add_structure(PACKET_DIAG_INFO, packet_diag_info{});
    const Sent sent(std::move(request));
    const auto socket = read_packet(sent.message);
    ASSERT_TRUE(socket);
    EXPECT_EQ(socket->local_text(), "arp:*");
    EXPECT_EQ(name_of(socket->kind), "packet raw");
}

TEST(SocketReading, ALineOfTheTableOfRawSocketsIsASocket) {
    const auto socket = read_raw_line(
        "   1: 0100007F:0001 0200000A:0000 07 00000010:00000300 00:00000000 00000000  1000        "
        "0 "
        "4242 2 0000000000000000 5\n",
        false);
    ASSERT_TRUE(socket) << socket.error().message();
    EXPECT_EQ(socket->local_text(), "127.0.0.1:1");
    EXPECT_EQ(socket->peer_text(), "10.0.0.2:*");
    EXPECT_EQ(socket->raw_protocol, 1);
    EXPECT_EQ(socket->send_queue, 16u);
    EXPECT_EQ(socket->receive_queue, 768u);
    EXPECT_EQ(socket->user, 1000u);
    EXPECT_EQ(socket->inode, 4242u);
    const auto v6 = read_raw_line(
        "58: 00000000000000000000000001000000:003A 00000000000000000000000000000000:0000 07 "
        "00000000:00000000 00:00000000 00000000 0 0 7 2 0 0",
        true);
    ASSERT_TRUE(v6) << v6.error().message();
    EXPECT_EQ(v6->local_text(), "[::1]:58");
    for (const char* line :
         {"", "1:", "1: 0100007F:0001", "1: 0100007F:0001 0200000A:0000 07 0 0 0",
          "1: 0100007F 0200000A:0000 07 0:0 0:0 0 0 0 1",
          "1: 010000ZZ:0001 0200000A:0000 07 0:0 0:0 0 0 0 1"}) {
        EXPECT_EQ(read_raw_line(line, false).error().cause(), Cause::malformed) << line;
    }
}

}  // namespace
}  // namespace fivetuple::diag

#include "tests/testing/capture.h"

#include "fivetuple/base/bytes.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>

namespace fivetuple::testing_help {
namespace {

unsigned number(Bytes bytes, std::size_t at, std::size_t size) {
    unsigned value = 0;
    for (const std::byte each : bytes.subspan(at, size)) {
        value = value << 8 | std::to_integer<unsigned>(each);
    }
    return value;
}

IpAddress address(Bytes bytes, std::size_t at) {
    std::array<std::uint8_t, 4> raw{};
    for (std::size_t i = 0; i < raw.size(); ++i) {
        raw[i] = static_cast<std::uint8_t>(number(bytes, at + i, 1));
    }
    return IpAddress(raw);
}

// The options of a SYN that tests ask for.
void read_options(Bytes options, CapturedPacket& packet) {
    while (options.size() >= 2) {
        const unsigned kind = number(options, 0, 1);
        if (kind == 0) return;
        const std::size_t size = kind == 1 ? 1 : number(options, 1, 1);
        if (size == 0 || size > options.size()) return;
        if (kind == 2 && size == 4) packet.largest = number(options, 2, 2);
        if (kind == 3 && size == 3) packet.window_scale = number(options, 2, 1);
        options = options.subspan(size);
    }
}

std::size_t read_tcp(Bytes segment, CapturedPacket& packet) {
    if (segment.size() < 20) return segment.size();
    const unsigned flags = number(segment, 13, 1);
    packet.is_tcp = true;
    packet.fin = (flags & 0x01) != 0;
    packet.syn = (flags & 0x02) != 0;
    packet.rst = (flags & 0x04) != 0;
    packet.ack = (flags & 0x10) != 0;
    packet.window = number(segment, 14, 2);
    const std::size_t header =
        std::min<std::size_t>((number(segment, 12, 1) >> 4) * std::size_t{4}, segment.size());
    if (packet.syn && header > 20) read_options(segment.subspan(20, header - 20), packet);
    return header;
}

std::optional<CapturedPacket> read_packet(Bytes bytes) {
    if (bytes.size() < 20 || number(bytes, 0, 1) >> 4 != 4) return std::nullopt;
    const std::size_t header = (number(bytes, 0, 1) & 0xf) * std::size_t{4};
    const std::size_t whole = std::min<std::size_t>(number(bytes, 2, 2), bytes.size());
    const unsigned protocol = number(bytes, 9, 1);
    if (whole < header + 8 || (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP)) {
        return std::nullopt;
    }
    CapturedPacket packet;
    packet.tos = static_cast<int>(number(bytes, 1, 1));
    packet.may_be_cut = (number(bytes, 6, 1) & 0x40) == 0;
    packet.ttl = static_cast<int>(number(bytes, 8, 1));
    packet.from = address(bytes, 12);
    packet.to = address(bytes, 16);
    const Bytes inside = bytes.first(whole).subspan(header);
    packet.from_port = static_cast<std::uint16_t>(number(inside, 0, 2));
    packet.to_port = static_cast<std::uint16_t>(number(inside, 2, 2));
    const std::size_t front = protocol == IPPROTO_TCP ? read_tcp(inside, packet) : 8;
    packet.text = text_of(inside.subspan(front));
    return packet;
}

}  // namespace

std::string CapturedPacket::to_string() const {
    std::string line = std::to_string(from_port) + ">" + std::to_string(to_port);
    if (syn) line += " SYN";
    if (fin) line += " FIN";
    if (rst) line += " RST";
    if (ack) line += " ACK";
    line += text.size() > 40 ? " " + std::to_string(text.size()) + " bytes" : " \"" + text + "\"";
    return line;
}

Capture::Capture(const char* interface)
    : socket_(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    const int room = 8 << 20;
    ::setsockopt(socket_.raw(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    sockaddr_ll where{};
    where.sll_family = AF_PACKET;
    where.sll_protocol = htons(ETH_P_ALL);  // Only this one shows what leaves.
    where.sll_ifindex = static_cast<int>(::if_nametoindex(interface));
    const bool is_bound =
        ::bind(socket_.raw(), reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0;
    EXPECT_TRUE(is_bound && where.sll_ifindex > 0) << "no capture on " << interface;
}

const std::vector<CapturedPacket>& Capture::packets() {
    std::vector<std::byte> room(65'536);
    while (true) {
        sockaddr_ll from{};
        socklen_t size = sizeof from;
        const ssize_t count = ::recvfrom(socket_.raw(), room.data(), room.size(), 0,
                                         reinterpret_cast<sockaddr*>(&from), &size);
        if (count < 0) return packets_;
        // What stays in the machine is seen again where it arrives.
        if (from.sll_pkttype != PACKET_OUTGOING || from.sll_protocol != htons(ETH_P_IP)) continue;
        auto packet = read_packet(std::span(room).first(static_cast<std::size_t>(count)));
        if (packet) packets_.push_back(*std::move(packet));
    }
}

std::string Capture::texts_from(std::uint16_t port) {
    std::string texts;
    for (const CapturedPacket& each : packets()) {
        if (each.from_port == port && !each.text.empty()) {
            texts += (texts.empty() ? "" : "|") + each.text;
        }
    }
    return texts;
}

std::string Capture::to_string() {
    std::string lines;
    for (const CapturedPacket& each : packets()) lines += each.to_string() + "\n";
    return lines;
}

}  // namespace fivetuple::testing_help

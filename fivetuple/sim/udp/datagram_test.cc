#include "fivetuple/sim/udp/datagram.h"

#include <gtest/gtest.h>

#include <string>

namespace fivetuple::sim {
namespace {

IpHeader header_of(bool v4) {
    return {.source = *IpAddress::parse(v4 ? "10.0.0.1" : "fd00::1"),
            .destination = *IpAddress::parse(v4 ? "10.0.0.2" : "fd00::2")};
}

TEST(UdpDatagram, IsReadAsItWasWritten) {
    for (const bool v4 : {true, false}) {
        for (const std::string& text :
             {std::string(), std::string("odd"), std::string(65507, 'x')}) {
            const Packet packet = make_udp(header_of(v4), 1234, 53, bytes_of(text));
            const auto view = read_ip(packet.bytes());
            ASSERT_TRUE(view.has_value());
            const auto datagram = read_udp(*view);
            ASSERT_TRUE(datagram.has_value());
            EXPECT_EQ(datagram->source_port, 1234);
            EXPECT_EQ(datagram->destination_port, 53);
            EXPECT_EQ(text_of(datagram->payload), text);
        }
    }
}

TEST(UdpDatagram, EveryCutAndEveryWrongBitIsSeen) {
    for (const bool v4 : {true, false}) {
        const Packet packet = make_udp(header_of(v4), 1234, 53, bytes_of("datagram"));
        const auto view = read_ip(packet.bytes());
        for (std::size_t size = 0; size < view->payload.size(); ++size) {
            EXPECT_FALSE(read_udp({view->header, view->payload.first(size)}).has_value()) << size;
        }
        for (std::size_t bit = 0; bit < view->payload.size() * 8; ++bit) {
            Packet other = Packet::copy_of(view->payload);
            other.bytes()[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
            EXPECT_FALSE(read_udp({view->header, other.bytes()}).has_value()) << bit;
        }
        IpHeader elsewhere = view->header;
        elsewhere.destination = *IpAddress::parse(v4 ? "10.0.0.3" : "fd00::3");
        EXPECT_FALSE(read_udp({elsewhere, view->payload}).has_value()) << "meant for another";
    }
}

TEST(UdpDatagram, OnlyWithIpv4MayTheChecksumBeMissing) {
    for (const bool v4 : {true, false}) {
        Packet packet = make_udp(header_of(v4), 1, 2, bytes_of("datagram"));
        put_integer(payload_of(packet, header_of(v4)).subspan(6), std::uint16_t{0});
        EXPECT_EQ(read_udp(*read_ip(packet.bytes())).has_value(), v4);
    }
}

}  // namespace
}  // namespace fivetuple::sim

#include "fivetuple/os/icmp.h"

#include "fivetuple/os/internet_checksum.h"
#include "fivetuple/os/ip_packet.h"
#include "fivetuple/os/raw_options.h"

#include "tests/testing/testing.h"
#include <array>
#include <initializer_list>
#include <vector>

namespace fivetuple {
namespace {

std::vector<std::byte> bytes(std::initializer_list<unsigned> numbers) {
    std::vector<std::byte> all;
    all.reserve(numbers.size());
    for (const unsigned each : numbers) all.push_back(static_cast<std::byte>(each));
    return all;
}

TEST(InternetChecksum, IsThatOfTheRfcsExample) {
    const auto example = bytes({0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7});
    EXPECT_EQ(internet_checksum(example), 0x220d);  // RFC 1071 3: the sum is ddf2.
    EXPECT_EQ(internet_checksum({}), 0xffff);
}

TEST(InternetChecksum, PiecesCountAsIfTheyStoodTogether) {
    const auto whole = testing_help::some_bytes(1001);
    for (const std::size_t at : {0U, 1U, 2U, 333U, 1000U, 1001U}) {
        InternetChecksum sum;
        sum.add(Bytes(whole).first(at));
        sum.add(Bytes(whole).subspan(at));
        EXPECT_EQ(sum.value(), internet_checksum(whole)) << at;
    }
}

TEST(Ipv4Packet, WhatIsWrittenIsReadBack) {
    Ipv4Header header;
    header.from = IpAddress::parse("10.0.0.1").value();
    header.to = IpAddress::parse("10.0.0.2").value();
    header.protocol = 253;
    header.ttl = 9;
    header.tos = 0xb8;
    header.identification = 4711;
    header.forbids_fragments = true;
    const auto front = header.write(3).value();
    std::vector<std::byte> whole(front.begin(), front.end());
    for (const char c : {'a', 'b', 'c', '-'}) whole.push_back(static_cast<std::byte>(c));
    const auto packet = Ipv4Packet::parse(whole);
    ASSERT_TRUE(packet) << packet.error().message();
    EXPECT_EQ(packet->from(), header.from);
    EXPECT_EQ(packet->to(), header.to);
    EXPECT_EQ(packet->protocol(), 253);
    EXPECT_EQ(packet->ttl(), 9);
    EXPECT_EQ(packet->tos(), 0xb8);
    EXPECT_EQ(packet->identification(), 4711);
    EXPECT_TRUE(packet->forbids_fragments());
    EXPECT_FALSE(packet->is_fragment());
    EXPECT_TRUE(packet->has_right_checksum());
    EXPECT_EQ(text_of(packet->payload()), "abc");  // The padding is not of it.
    EXPECT_TRUE(packet->options().empty());
    EXPECT_FALSE(packet->is_truncated());
    whole[8] = std::byte{8};
    EXPECT_FALSE(Ipv4Packet::parse(whole)->has_right_checksum());
    EXPECT_FALSE(header.write(65516));
    header.to = IpAddress::loopback_v6();
    EXPECT_FALSE(header.write(0));
}

TEST(Ipv4Packet, LengthsThatLieAreNamed) {
    const auto why = [](std::vector<std::byte> packet) {
        const auto parsed = Ipv4Packet::parse(packet);
        return parsed ? std::string("it was read") : parsed.error().message();
    };
    std::vector<std::byte> packet(24);
    packet[0] = std::byte{0x45};
    packet[3] = std::byte{24};
    EXPECT_EQ(why(packet), "it was read");
    EXPECT_EQ(why({}), "IPv4: a header has 20 bytes, and here are 0");
    EXPECT_EQ(why(std::vector<std::byte>(19)), "IPv4: a header has 20 bytes, and here are 19");
    packet[0] = std::byte{0x65};
    EXPECT_EQ(why(packet), "IPv4: its version is 6");
    packet[0] = std::byte{0x44};
    EXPECT_EQ(why(packet), "IPv4: its header says that it has 16 bytes");
    packet[0] = std::byte{0x4f};
    EXPECT_EQ(why(packet), "IPv4: its header says that it has 60 bytes");
    packet[0] = std::byte{0x46};
    packet[3] = std::byte{23};
    EXPECT_EQ(why(packet), "IPv4: it says that it ends inside its header, at 23");
    packet[3] = std::byte{100};
    const auto cut = Ipv4Packet::parse(packet);
    ASSERT_TRUE(cut);
    EXPECT_TRUE(cut->is_truncated());
    EXPECT_EQ(cut->options().size(), 4U);
    EXPECT_TRUE(cut->payload().empty());
}

TEST(Ipv6Packet, IsReadWhereItLies) {
    std::vector<std::byte> packet(44);
    packet[0] = std::byte{0x60};
    packet[5] = std::byte{4};
    packet[6] = std::byte{58};
    packet[7] = std::byte{64};
    packet[23] = std::byte{1};
    packet[39] = std::byte{2};
    const auto read = Ipv6Packet::parse(packet);
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(read->from(), IpAddress::loopback_v6());
    EXPECT_EQ(read->to().to_string(), "::2");
    EXPECT_EQ(read->next_header(), 58);
    EXPECT_EQ(read->hop_limit(), 64);
    EXPECT_EQ(read->payload().size(), 4U);
    EXPECT_FALSE(read->is_truncated());
    packet[5] = std::byte{5};
    EXPECT_TRUE(Ipv6Packet::parse(packet)->is_truncated());
    EXPECT_EQ(Ipv6Packet::parse(Bytes(packet).first(39)).error().message(),
              "IPv6: a header has 40 bytes, and here are 39");
    packet[0] = std::byte{0x45};
    EXPECT_EQ(Ipv6Packet::parse(packet).error().message(), "IPv6: its version is 4");
}

TEST(IcmpMessages, QuestionsAndAnswersAreReadBack) {
    for (const Family family : {Family::ipv4, Family::ipv6}) {
        for (const bool is_reply : {false, true}) {
            std::array<std::byte, 64> room;
            const IcmpEcho echo{is_reply, 0x1234, 0xfffe, bytes_of("odd")};
            const auto size = write_echo(family, echo, room);
            ASSERT_TRUE(size);
            EXPECT_EQ(*size, 11U);
            const auto message = IcmpMessage::parse(family, Bytes(room).first(*size));
            ASSERT_TRUE(message);
            const auto read = message->echo();
            ASSERT_TRUE(read);
            EXPECT_EQ(read->is_reply, is_reply);
            EXPECT_EQ(read->identifier, 0x1234);
            EXPECT_EQ(read->sequence, 0xfffe);
            EXPECT_EQ(text_of(read->payload), "odd");
            EXPECT_FALSE(message->is_failure());
            EXPECT_EQ(message->to_string(), is_reply ? "echo reply" : "echo request");
            if (family == Family::ipv4) {
                EXPECT_TRUE(message->has_right_checksum());
                continue;
            }
            const IpAddress from = IpAddress::parse("fd00::1").value();
            const IpAddress to = IpAddress::parse("fd00::2").value();
            EXPECT_FALSE(message->has_right_checksum(from, to));
            write_icmpv6_checksum(MutableBytes(room).first(*size), from, to);
            EXPECT_TRUE(message->has_right_checksum(from, to));
            EXPECT_FALSE(message->has_right_checksum(from, from));
        }
    }
    std::array<std::byte, 10> small;
    EXPECT_EQ(write_echo(Family::ipv4, {false, 1, 1, bytes_of("odd")}, small).error().message(),
              "ICMP: the message takes 11 bytes, and there is room for 10");
    EXPECT_EQ(IcmpMessage::parse(Family::ipv4, Bytes(small).first(7)).error().message(),
              "ICMP: a message has 8 bytes at least, and here are 7");
}

TEST(IcmpMessages, FailuresQuoteThePacketAndSayWhy) {
    auto message = bytes({3, 4, 0, 0, 0, 0, 0x05, 0xdc, 'p', 'k', 't'});
    const auto v4 = IcmpMessage::parse(Family::ipv4, message).value();
    EXPECT_TRUE(v4.is_failure());
    EXPECT_FALSE(v4.echo());
    EXPECT_EQ(text_of(v4.failed_packet()), "pkt");
    EXPECT_EQ(v4.path_mtu(), 1500U);
    EXPECT_EQ(v4.to_string(), "packet too big for the path");
    message[0] = std::byte{2};
    const auto v6 = IcmpMessage::parse(Family::ipv6, message).value();
    EXPECT_EQ(v6.path_mtu(), 1500U);
    EXPECT_EQ(v6.to_string(), "packet too big for the path");
    EXPECT_EQ(icmp_words(Family::ipv4, 11, 0), "time to live exceeded");
    EXPECT_EQ(icmp_words(Family::ipv4, 3, 3), "port unreachable");
    EXPECT_EQ(icmp_words(Family::ipv4, 3, 99), "type 3 code 99");
    EXPECT_EQ(icmp_words(Family::ipv6, 3, 0), "hop limit exceeded");
    EXPECT_EQ(icmp_words(Family::ipv6, 200, 1), "type 200 code 1");
}

TEST(IcmpMessages, FiltersSayWhatTheyPass) {
    EXPECT_EQ(IcmpFilter{}.to_string(), "passes all");
    EXPECT_EQ(IcmpFilter::only({0, 3}).to_string(), "passes 0, 3");
    EXPECT_EQ(IcmpFilter::only({}).to_string(), "passes none");
    EXPECT_EQ(Icmpv6Filter{}.to_string(), "passes all");
    EXPECT_EQ(Icmpv6Filter::only({129, 1}).to_string(), "passes 1, 129");
    EXPECT_TRUE(IcmpFilter::only({0}).passes(32));  // There is no bit for it.
    EXPECT_FALSE(Icmpv6Filter::only({0}).passes(32));
}

}  // namespace
}  // namespace fivetuple

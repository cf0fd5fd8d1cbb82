#include "fivetuple/sim/ip/icmp.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace fivetuple::sim {
namespace {

struct Ends {
    IpAddress client;
    IpAddress server;
    IpAddress router;
};

Ends ends(bool v4) {
    const auto ip = [](std::string_view text) { return *IpAddress::parse(text); };
    if (v4) return {ip("10.0.0.1"), ip("10.0.0.2"), ip("10.0.0.254")};
    return {ip("fd00::1"), ip("fd00::2"), ip("fd00::fe")};
}

Packet packet_of(const IpHeader& header, std::string_view text) {
    Packet packet = make_ip(header, text.size());
    std::memcpy(payload_of(packet, header).data(), text.data(), text.size());
    return packet;
}

class Icmp : public ::testing::TestWithParam<bool> {
protected:
    Ends at_ = ends(GetParam());
    IpHeader sent_{.source = at_.client, .destination = at_.server, .protocol = IpProtocol::tcp};
};
INSTANTIATE_TEST_SUITE_P(, Icmp, ::testing::Bool(),
                         [](const auto& each) { return each.param ? "v4" : "v6"; });

TEST_P(Icmp, AnErrorTellsWhoWhyAndAboutWhat) {
    const Packet sent = packet_of(sent_, std::string(1400, 'x'));
    for (const IcmpReason reason :
         {IcmpReason::no_route, IcmpReason::no_host, IcmpReason::no_port, IcmpReason::prohibited,
          IcmpReason::too_big, IcmpReason::out_of_hops, IcmpReason::out_of_time}) {
        const Packet error = make_icmp_error(reason, 1280, at_.router, sent.bytes());
        EXPECT_LE(error.size(), GetParam() ? 576u : 1280u);
        const auto view = read_ip(error.bytes());
        ASSERT_TRUE(view.has_value());
        EXPECT_EQ(view->header.destination, at_.client);
        const auto read = read_icmp_error(*view);
        ASSERT_TRUE(read.has_value());
        EXPECT_EQ(read->reason, reason);
        EXPECT_EQ(read->mtu, reason == IcmpReason::too_big ? 1280u : 0u);
        EXPECT_EQ(read->told_by, at_.router);
        EXPECT_EQ(read->about.destination, at_.server);
        EXPECT_EQ(read->about.protocol, IpProtocol::tcp);
        EXPECT_EQ(text_of(read->about_payload.first(8)), "xxxxxxxx");
    }
}

TEST_P(Icmp, GarbageIsNoError) {
    const Packet sent = packet_of(sent_, "12345678");
    const Packet error = make_icmp_error(IcmpReason::no_port, 0, at_.server, sent.bytes());
    const auto view = read_ip(error.bytes());
    for (std::size_t size = 0; size < view->payload.size(); ++size) {
        EXPECT_FALSE(read_icmp_error({view->header, view->payload.first(size)}).has_value());
    }
    for (std::size_t bit = 0; bit < view->payload.size() * 8; ++bit) {
        Packet other = Packet::copy_of(view->payload);
        other.bytes()[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
        EXPECT_FALSE(read_icmp_error({view->header, other.bytes()}).has_value()) << bit;
    }
}

TEST_P(Icmp, NoErrorIsSentAboutErrorsNorAboutWhatWentToMany) {
    const Packet sent = packet_of(sent_, "12345678");
    EXPECT_TRUE(deserves_icmp_error(*read_ip(sent.bytes())));
    const Packet error = make_icmp_error(IcmpReason::no_port, 0, at_.server, sent.bytes());
    EXPECT_FALSE(deserves_icmp_error(*read_ip(error.bytes())));
    IpHeader to_many = sent_;
    to_many.destination = *IpAddress::parse(GetParam() ? "224.0.0.1" : "ff02::1");
    EXPECT_FALSE(deserves_icmp_error(*read_ip(packet_of(to_many, "12345678").bytes())));
    IpHeader later = sent_;
    later.fragment_offset = 8;
    EXPECT_FALSE(deserves_icmp_error(*read_ip(packet_of(later, "12345678").bytes())));
}

TEST_P(Icmp, AnEchoIsAnsweredWithItsOwnBytes) {
    IpHeader header = sent_;
    header.protocol = GetParam() ? IpProtocol::icmp : IpProtocol::icmpv6;
    Packet request = make_ip(header, 12);
    MutableBytes message = payload_of(request, header);
    const char text[] = "\x08\0\0\0\x12\x34\0\x01ping";
    std::memcpy(message.data(), text, 12);
    if (!GetParam()) message[0] = std::byte{128};
    InternetChecksum sum;
    if (!GetParam())
        sum.add_pseudo_header(at_.client, at_.server, static_cast<std::uint8_t>(IpProtocol::icmpv6),
                              12);
    sum.add(message);
    put_integer(message.subspan(2), sum.value());

    const auto reply = answer_echo(*read_ip(request.bytes()));
    ASSERT_TRUE(reply.has_value());
    const auto view = read_ip(reply->bytes());
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->header.destination, at_.client);
    EXPECT_EQ(view->payload[0], std::byte{static_cast<unsigned char>(GetParam() ? 0 : 129)});
    EXPECT_EQ(text_of(view->payload.subspan(8)), "ping");
    EXPECT_FALSE(answer_echo(*view).has_value()) << "an answer is not answered";
    message[8] = std::byte{'P'};
    EXPECT_FALSE(answer_echo(*read_ip(request.bytes())).has_value()) << "a wrong checksum";
}

}  // namespace
}  // namespace fivetuple::sim

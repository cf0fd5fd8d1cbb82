#include "fivetuple/os/ip_address.h"

#include <net/if.h>

#include "tests/testing/testing.h"
#include <algorithm>
#include <unordered_set>
#include <vector>

namespace fivetuple {
namespace {

using namespace std::string_view_literals;

IpAddress ip(std::string_view text) {
    auto parsed = IpAddress::parse(text);
    EXPECT_TRUE(parsed.has_value()) << text;
    return parsed.value_or(IpAddress());
}

struct GoodText {
    std::string_view text;
    std::string_view printed;
};

TEST(IpAddress, ReadsGoodTextsAndPrintsThemInTheirOneForm) {
    constexpr GoodText kGood[] = {
        {"0.0.0.0", "0.0.0.0"},
        {"127.0.0.1", "127.0.0.1"},
        {"255.255.255.255", "255.255.255.255"},
        {"10.20.30.40", "10.20.30.40"},
        {"::", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"0:0:0:0:0:0:0:0", "::"},
        {"2001:db8::1", "2001:db8::1"},
        {"2001:DB8::aBcD", "2001:db8::abcd"},
        {"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
        {"1:0:0:2:0:0:0:3", "1:0:0:2::3"},
        {"1:0:0:2:3:0:0:4", "1::2:3:0:0:4"},
        {"1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
        {"::ffff:10.0.0.1", "::ffff:10.0.0.1"},
        {"::FFFF:a00:1", "::ffff:10.0.0.1"},
        {"64:ff9b::1.2.3.4", "64:ff9b::102:304"},
        {"fe80::1%lo", "fe80::1%lo"},
        {"ff02::1%lo", "ff02::1%lo"},
        {"fe80::1%4000000000", "fe80::1%4000000000"},
    };
    for (const auto& [text, printed] : kGood) {
        const IpAddress address = ip(text);
        EXPECT_EQ(address.to_string(), printed) << text;
        EXPECT_EQ(ip(printed), address) << text;
        EXPECT_EQ(address.is_v6(), text.contains(':')) << text;
        EXPECT_NE(address.is_v4(), address.is_v6()) << text;
    }
}

struct BadText {
    std::string_view text;
    std::string_view why;
};

TEST(IpAddress, SaysWhatIsWrongWithBadTexts) {
    constexpr std::string_view kNeither = "it is neither an IPv4 nor an IPv6 address";
    constexpr std::string_view kFour = "an IPv4 address has four numbers";
    constexpr std::string_view kEach =
        "each number of an IPv4 address is 0 to 255, without leading zeros";
    constexpr std::string_view kNotV6 = "it is not an IPv6 address";
    constexpr BadText kBad[] = {
        {"", "it is empty"},
        {"10", kFour},
        {"10.0.0", kFour},
        {"10.0.0.0.1", kFour},
        {"...1.", kFour},
        {"256.0.0.1", kEach},
        {"1.2.3.4444", kEach},
        {"01.2.3.4", kEach},
        {"1..2.3", kEach},
        {"1.2.3.", kEach},
        {".1.2.3", kEach},
        {"-1.0.0.0", kNeither},
        {"0x7f.0.0.1", kNeither},
        {"10.0.0.1/8", kNeither},
        {"10.0.0.1%lo", kNeither},
        {" 10.0.0.1", kNeither},
        {"10.0.0.1 ", kNeither},
        {"10.0.0.1\n", kNeither},
        {"10.0.0.1\0"sv, kNeither},
        {"10.0.0.1\0.5"sv, kNeither},
        {"localhost", kNeither},
        {"*", kNeither},
        {"%lo", kNeither},
        {":", kNotV6},
        {":::", kNotV6},
        {"1::2::3", kNotV6},
        {"12345::", kNotV6},
        {"g::", kNotV6},
        {"1:2:3:4:5:6:7", kNotV6},
        {"1:2:3:4:5:6:7:8:9", kNotV6},
        {"1:2:3:4:5:6:7:8::", kNotV6},
        {"[::1]", kNotV6},
        {"::1 ", kNotV6},
        {"::1\0"sv, kNotV6},
        {"10.0.0.1:80", kNotV6},
        {"::ffff:1.2.3", kNotV6},
        {"::ffff:256.0.0.1", kNotV6},
        {"%lo::1", kNotV6},
        {"fe80::1%", "there is no interface \"\" behind the %"},
        {"fe80::1%0", "there is no interface \"0\" behind the %"},
        {"fe80::1%-1", "there is no interface \"-1\" behind the %"},
        {"fe80::1%4294967296", "there is no interface \"4294967296\" behind the %"},
        {"fe80::1%no-such-if", "there is no interface \"no-such-if\" behind the %"},
        {"fe80::1%a-name-far-too-long-for-an-interface",
         "there is no interface \"a-name-far-too-long-for-an-interface\" behind the %"},
        {"fe80::1%lo%lo", "there is no interface \"lo%lo\" behind the %"},
        {"fe80::1%lo\0"sv, "there is no interface \"lo\0\" behind the %"sv},
    };
    for (const auto& [text, why] : kBad) {
        const auto parsed = IpAddress::parse(text);
        ASSERT_FALSE(parsed.has_value()) << text;
        EXPECT_EQ(parsed.error().cause(), Cause::malformed) << text;
        EXPECT_EQ(parsed.error().reason(), why) << text;
        EXPECT_EQ(parsed.error().subject(), "\"" + std::string(text) + "\"");
    }
}

TEST(IpAddress, AScopeIsAnInterfaceByNameOrNumber) {
    const unsigned loopback = ::if_nametoindex("lo");
    ASSERT_NE(loopback, 0u);
    EXPECT_EQ(ip("fe80::1%lo").scope(), loopback);
    EXPECT_EQ(ip("fe80::1%" + std::to_string(loopback)), ip("fe80::1%lo"));
    EXPECT_NE(ip("fe80::1%lo"), ip("fe80::1"));
    EXPECT_EQ(ip("fe80::1").scope(), 0u);
}

TEST(IpAddress, IsMadeOfBytes) {
    EXPECT_EQ(IpAddress(IpAddress::V4Bytes{10, 0, 0, 7}), ip("10.0.0.7"));
    EXPECT_EQ(ip("10.0.0.7").v4_bytes(), (IpAddress::V4Bytes{10, 0, 0, 7}));
    const IpAddress::V6Bytes bytes{0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5};
    EXPECT_EQ(IpAddress(bytes), ip("2001:db8::5"));
    EXPECT_EQ(ip("2001:db8::5").v6_bytes(), bytes);
    EXPECT_EQ(IpAddress(bytes, 77).scope(), 77u);
}

TEST(IpAddress, HasNamesForTheOnesThatEverybodyNeeds) {
    EXPECT_EQ(IpAddress(), IpAddress::any_v4());
    EXPECT_EQ(IpAddress::any_v4(), ip("0.0.0.0"));
    EXPECT_EQ(IpAddress::any_v6(), ip("::"));
    EXPECT_EQ(IpAddress::loopback_v4(), ip("127.0.0.1"));
    EXPECT_EQ(IpAddress::loopback_v6(), ip("::1"));
}

struct Kind {
    std::string_view text;
    bool unspecified = false;
    bool loopback = false;
    bool multicast = false;
    bool link_local = false;
};

TEST(IpAddress, KnowsWhatKindItIs) {
    constexpr Kind kKinds[] = {
        {.text = "0.0.0.0", .unspecified = true},
        {.text = "::", .unspecified = true},
        {.text = "::ffff:0.0.0.0", .unspecified = true},
        {.text = "0.0.0.1"},
        {.text = "127.0.0.1", .loopback = true},
        {.text = "127.255.255.255", .loopback = true},
        {.text = "::1", .loopback = true},
        {.text = "::ffff:127.0.0.2", .loopback = true},
        {.text = "126.255.255.255"},
        {.text = "128.0.0.0"},
        {.text = "::2"},
        {.text = "1::1"},
        {.text = "224.0.0.0", .multicast = true},
        {.text = "239.255.255.255", .multicast = true},
        {.text = "ff02::1", .multicast = true},
        {.text = "::ffff:224.0.0.1", .multicast = true},
        {.text = "223.255.255.255"},
        {.text = "240.0.0.0"},
        {.text = "fe00::1"},
        {.text = "169.254.0.1", .link_local = true},
        {.text = "fe80::1", .link_local = true},
        {.text = "febf::1", .link_local = true},
        {.text = "::ffff:169.254.7.7", .link_local = true},
        {.text = "169.253.0.1"},
        {.text = "170.254.0.1"},
        {.text = "fec0::1"},
        {.text = "2001:db8::1"},
    };
    for (const Kind& kind : kKinds) {
        const IpAddress address = ip(kind.text);
        EXPECT_EQ(address.is_unspecified(), kind.unspecified) << kind.text;
        EXPECT_EQ(address.is_loopback(), kind.loopback) << kind.text;
        EXPECT_EQ(address.is_multicast(), kind.multicast) << kind.text;
        EXPECT_EQ(address.is_link_local(), kind.link_local) << kind.text;
    }
}

TEST(IpAddress, AMappedAddressUnmapsToTheIpv4AddressThatItIs) {
    EXPECT_EQ(ip("::ffff:10.0.0.1").unmapped(), ip("10.0.0.1"));
    for (const auto* text : {"10.0.0.1", "::1", "::10.0.0.1", "::fffe:10.0.0.1", "1::ffff:a00:1"}) {
        EXPECT_EQ(ip(text).unmapped(), ip(text)) << text;
    }
}

TEST(IpAddress, Ipv4ComesBeforeIpv6AndThenTheBytesDecide) {
    std::vector<IpAddress> sorted;
    for (const auto* text : {"0.0.0.0", "9.255.0.0", "10.0.0.1", "10.0.0.2", "200.0.0.0", "::",
                             "::1", "2001:db8::1", "fe80::1", "fe80::1%4000000000", "ff02::1"}) {
        sorted.push_back(ip(text));
    }
    for (std::size_t a = 0; a < sorted.size(); ++a) {
        for (std::size_t b = 0; b < sorted.size(); ++b) {
            EXPECT_EQ(sorted[a] <=> sorted[b], a <=> b) << sorted[a].to_string();
            EXPECT_EQ(sorted[a] == sorted[b], a == b);
        }
    }
}

TEST(IpAddress, EqualAddressesHashAlikeAndOthersDoNot) {
    EXPECT_EQ(ip("2001:db8::1").hash(), ip("2001:DB8:0::1").hash());
    const std::unordered_set<IpAddress> all{ip("0.0.0.0"),    ip("::"),        ip("10.0.0.1"),
                                            ip("10.0.0.1"),   ip("a00:1::"),   ip("fe80::1"),
                                            ip("fe80::1%lo"), ip("fe80::1%lo")};
    EXPECT_EQ(all.size(), 6u);
    EXPECT_TRUE(all.contains(ip("fe80::1%lo")));
    // The bytes of IPv4 10.0.0.1 and of a00:1:: are the same, and so are those of any_v4 and
    // any_v6.
    EXPECT_NE(ip("10.0.0.1").hash(), ip("a00:1::").hash());
    EXPECT_NE(IpAddress::any_v4().hash(), IpAddress::any_v6().hash());
}

}  // namespace
}  // namespace fivetuple

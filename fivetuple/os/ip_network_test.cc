#include "fivetuple/os/ip_network.h"

#include "tests/testing/testing.h"
#include <unordered_set>

namespace fivetuple {
namespace {

IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }
IpNetwork network(std::string_view text) { return *IpNetwork::parse(text); }

TEST(IpNetwork, IsWrittenAsItIsRead) {
    for (const char* text : {"0.0.0.0/0", "10.0.0.0/8", "192.168.4.0/22", "10.1.2.3/32", "::/0",
                             "2001:db8::/32", "fe80::/10", "2001:db8::1/128"}) {
        const auto read = IpNetwork::parse(text);
        ASSERT_TRUE(read) << text;
        EXPECT_EQ(read->to_string(), text);
    }
    EXPECT_EQ(network("10.1.2.3").to_string(), "10.1.2.3/32");
    EXPECT_EQ(network("::1").to_string(), "::1/128");
    EXPECT_EQ(IpNetwork().to_string(), "0.0.0.0/0");
}

TEST(IpNetwork, HasItsFirstAndLastAddressAndNothingBeside) {
    const IpNetwork small = network("192.168.4.0/22");
    EXPECT_EQ(small.first(), ip("192.168.4.0"));
    EXPECT_EQ(small.last(), ip("192.168.7.255"));
    EXPECT_TRUE(small.contains(ip("192.168.4.0")));
    EXPECT_TRUE(small.contains(ip("192.168.7.255")));
    EXPECT_FALSE(small.contains(ip("192.168.8.0")));
    EXPECT_FALSE(small.contains(ip("192.168.3.255")));
    const IpNetwork wide = network("2001:db8:0:ff00::/56");
    EXPECT_EQ(wide.last(), ip("2001:db8:0:ffff:ffff:ffff:ffff:ffff"));
    EXPECT_TRUE(wide.contains(wide.last()));
    EXPECT_FALSE(wide.contains(ip("2001:db8:1::")));
    EXPECT_TRUE(network("::/0").contains(ip("2001:db8::1")));
}

TEST(IpNetwork, AMappedAddressIsTheIPv4AddressThatItIs) {
    EXPECT_TRUE(network("10.0.0.0/8").contains(ip("::ffff:10.1.2.3")));
    EXPECT_FALSE(network("::/0").contains(ip("::ffff:10.1.2.3")));
    EXPECT_EQ(network("::ffff:10.0.0.0/104"), network("10.0.0.0/8"));
    EXPECT_EQ(IpNetwork(ip("::ffff:10.1.2.3"), 120), network("10.1.2.0/24"));
    EXPECT_FALSE(network("10.0.0.0/8").contains(ip("a00::")));
}

TEST(IpNetwork, IsMadeOfAnyOfItsAddresses) {
    EXPECT_EQ(IpNetwork(ip("10.1.2.3"), 24), network("10.1.2.0/24"));
    EXPECT_EQ(IpNetwork(ip("2001:db8::77ff:1"), 56), network("2001:db8::/56"));
    EXPECT_EQ(IpNetwork(ip("10.1.2.3"), 99).prefix(), 32u) << "there are no more bits";
    EXPECT_EQ(IpNetwork(ip("fe80::1%1"), 64), network("fe80::/64"));
}

TEST(IpNetwork, LiesInAnother) {
    EXPECT_TRUE(network("10.0.0.0/8").contains(network("10.4.0.0/16")));
    EXPECT_TRUE(network("10.0.0.0/8").contains(network("10.0.0.0/8")));
    EXPECT_FALSE(network("10.4.0.0/16").contains(network("10.0.0.0/8")));
    EXPECT_FALSE(network("0.0.0.0/0").contains(network("::/0")));
}

TEST(IpNetwork, CanBeOrderedAndHashed) {
    EXPECT_LT(network("10.0.0.0/8"), network("10.0.0.0/9"));
    EXPECT_LT(network("10.0.0.0/9"), network("10.128.0.0/9"));
    EXPECT_LT(network("255.0.0.0/8"), network("::/0"));
    const std::unordered_set<IpNetwork> set{network("10.0.0.0/8"), network("10.0.0.0/8"),
                                            network("10.0.0.0/9")};
    EXPECT_EQ(set.size(), 2u);
}

TEST(IpNetwork, AFaultInTheTextIsNamed) {
    const auto why = [](std::string_view text) {
        const auto read = IpNetwork::parse(text);
        return read ? std::string("nothing") : read.error().message();
    };
    EXPECT_EQ(why("10.0.0.1/8"),
              "network \"10.0.0.1/8\": it has bits behind its prefix; 10.0.0.0/8 has none");
    for (const char* text : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/08",
                             "10.0.0.0/8x", "10.0.0.0/99999999999"}) {
        EXPECT_THAT(why(text),
                    ::testing::EndsWith("behind the slash stands a number of bits, 0 to 32"))
            << text;
    }
    EXPECT_THAT(why("::/129"), ::testing::HasSubstr("0 to 128"));
    EXPECT_THAT(why("fe80::%1/10"), ::testing::HasSubstr("no single interface"));
    EXPECT_THAT(why("10.0.0/8"), ::testing::HasSubstr("four numbers"));
    EXPECT_THAT(why(""), ::testing::HasSubstr("empty"));
    EXPECT_NE(why("everybody"), "nothing");
}

}  // namespace
}  // namespace fivetuple

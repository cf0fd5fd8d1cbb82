#include "fivetuple/server/access_list.h"

#include "fivetuple/base/random.h"

#include "tests/testing/testing.h"

namespace fivetuple {
namespace {

IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }
AccessList list(std::string_view text) { return *AccessList::parse(text); }

TEST(AccessList, WithoutRulesItIsEverybodyOrNobody) {
    EXPECT_TRUE(AccessList().allows(ip("10.0.0.1")));
    EXPECT_FALSE(AccessList(Access::deny).allows(ip("::1")));
    EXPECT_TRUE(AccessList::parse("")->allows(ip("10.0.0.1")));
}

TEST(AccessList, TheNarrowestNetworkDecidesWhereverItsRuleStands) {
    for (const char* text : {"deny 10.0.0.0/8, allow 10.9.0.0/16, deny 10.9.9.0/24, allow all",
                             "allow all, deny 10.9.9.0/24, allow 10.9.0.0/16, deny 10.0.0.0/8"}) {
        const AccessList rules = list(text);
        EXPECT_FALSE(rules.allows(ip("10.0.0.0")));
        EXPECT_FALSE(rules.allows(ip("10.255.255.255")));
        EXPECT_TRUE(rules.allows(ip("10.9.0.0")));
        EXPECT_TRUE(rules.allows(ip("10.9.255.255")));
        EXPECT_FALSE(rules.allows(ip("10.9.9.77")));
        EXPECT_TRUE(rules.allows(ip("10.9.10.0"))) << "behind a network the wider one goes on";
        EXPECT_TRUE(rules.allows(ip("11.0.0.0")));
        EXPECT_TRUE(rules.allows(ip("9.255.255.255")));
        EXPECT_TRUE(rules.allows(ip("2001:db8::1")));
    }
}

TEST(AccessList, OfTwoRulesForOneNetworkDenyDecides) {
    const AccessList rules = list("allow 10.0.0.0/8, deny 10.0.0.0/8, allow 11.0.0.0/8");
    EXPECT_FALSE(rules.allows(ip("10.1.1.1")));
    EXPECT_TRUE(rules.allows(ip("11.1.1.1")));
    EXPECT_EQ(rules.rules().size(), 2u);
}

TEST(AccessList, WhoeverAllowsSomeDeniesTheRest) {
    EXPECT_FALSE(list("allow 10.0.0.0/8").allows(ip("11.0.0.1")));
    EXPECT_FALSE(list("allow 10.0.0.0/8").allows(ip("::1")));
    EXPECT_TRUE(list("deny 10.0.0.0/8").allows(ip("11.0.0.1")));
    EXPECT_TRUE(list("allow 10.0.0.0/8, allow all").allows(ip("11.0.0.1")));
    const std::vector<IpNetwork> home{*IpNetwork::parse("127.0.0.0/8"), *IpNetwork::parse("::1")};
    EXPECT_TRUE(AccessList::only(home).allows(ip("127.9.9.9")));
    EXPECT_TRUE(AccessList::only(home).allows(ip("::1")));
    EXPECT_FALSE(AccessList::only(home).allows(ip("::2")));
}

TEST(AccessList, FamiliesAreApartAndMappedAddressesAreIPv4) {
    const AccessList rules = list("allow 255.255.255.255, allow ::/0, deny fe80::/10");
    EXPECT_TRUE(rules.allows(ip("255.255.255.255")));
    EXPECT_FALSE(rules.allows(ip("255.255.255.254")));
    EXPECT_TRUE(rules.allows(ip("::")));
    EXPECT_TRUE(rules.allows(ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")));
    EXPECT_FALSE(rules.allows(ip("fe80::1%1"))) << "whatever the interface";
    EXPECT_FALSE(rules.allows(ip("::ffff:10.0.0.1"))) << "that is 10.0.0.1";
    EXPECT_FALSE(list("deny ::/0").allows(ip("::1")));
    EXPECT_TRUE(list("deny ::/0").allows(ip("10.0.0.1")));
}

TEST(AccessList, APeerWithoutAnAddressLiesInNoNetwork) {
    const SocketAddress local = *SocketAddress::unix_path("/run/some.socket");
    EXPECT_FALSE(list("allow 0.0.0.0/0, allow ::/0").allows(local));
    EXPECT_TRUE(list("deny 0.0.0.0/0").allows(local));
    EXPECT_TRUE(list("allow 10.0.0.0/8").allows(*SocketAddress::parse("10.0.0.1:80")));
}

TEST(AccessList, IsReadFromLinesWithRemarks) {
    const AccessList rules = list(
        "# who is let in\n"
        "allow 10.0.0.0/8   # the office\r\n"
        "\n"
        "  deny\t10.66.0.0/16, deny 10.67.0.0/16,\n"
        "deny all");
    EXPECT_EQ(rules.to_string(),
              "allow 10.0.0.0/8, deny 10.66.0.0/16, deny 10.67.0.0/16, deny all");
    EXPECT_EQ(list(rules.to_string()).to_string(), rules.to_string());
}

TEST(AccessList, AFaultInTheTextIsNamed) {
    const auto why = [](std::string_view text) {
        const auto read = AccessList::parse(text);
        return read ? std::string("nothing") : read.error().message();
    };
    EXPECT_EQ(why("allow 10.0.0.0/8, permit ::1"),
              "access list \"permit ::1\": a rule begins with allow or deny");
    EXPECT_EQ(why("deny"), "access list \"deny\": a network, or all, is missing");
    EXPECT_THAT(why("deny 10.0.0.1/8"), ::testing::HasSubstr("10.0.0.0/8 has none"));
    EXPECT_THAT(why("deny all, allow all"), ::testing::HasSubstr("the opposite of all"));
}

// The slow way: every rule is looked at.
bool allows_slowly(const AccessList& rules, const IpAddress& address) {
    Access found = rules.otherwise();
    int narrowest = -1;
    for (const AccessRule& rule : rules.rules()) {
        if (!rule.network.contains(address)) continue;
        if (static_cast<int>(rule.network.prefix()) <= narrowest) continue;
        narrowest = static_cast<int>(rule.network.prefix());
        found = rule.access;
    }
    return found == Access::allow;
}

TEST(AccessList, SaysTheSameAsLookingAtEveryRule) {
    Random random(7);
    const auto some_address = [&] {
        const auto byte = [&] { return static_cast<std::uint8_t>(random.below(3) * 127); };
        if (random.below(2) == 0)
            return IpAddress(IpAddress::V4Bytes{byte(), byte(), byte(), byte()});
        IpAddress::V6Bytes bytes{};
        for (auto& each : bytes) each = byte();
        return IpAddress(bytes);
    };
    for (int round = 0; round < 50; ++round) {
        std::vector<AccessRule> rules;
        for (std::size_t count = random.below(60); count > 0; --count) {
            const IpAddress member = some_address();
            const auto prefix = static_cast<unsigned>(random.below(member.is_v4() ? 33 : 129));
            rules.push_back(
                {random.below(2) == 0 ? Access::allow : Access::deny, IpNetwork(member, prefix)});
        }
        const AccessList tried(random.below(2) == 0 ? Access::allow : Access::deny, rules);
        for (int each = 0; each < 200; ++each) {
            const IpAddress address = some_address();
            ASSERT_EQ(tried.allows(address), allows_slowly(tried, address))
                << address.to_string() << " in " << tried.to_string();
        }
        for (const AccessRule& rule : tried.rules()) {
            EXPECT_EQ(tried.allows(rule.network.last()), allows_slowly(tried, rule.network.last()));
        }
    }
}

}  // namespace
}  // namespace fivetuple

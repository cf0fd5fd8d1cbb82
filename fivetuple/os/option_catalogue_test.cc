#include "fivetuple/os/option_catalogue.h"

#include "fivetuple/os/options.h"

#include "tests/testing/socket_kinds.h"
#include "tests/testing/testing.h"
#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>

namespace fivetuple {
namespace {

using testing_help::connected_kind;
using testing_help::every_socket_kind;

using ::testing::Contains;
using ::testing::HasSubstr;

TEST(OptionCatalogue, EveryRowIsWhole) {
    std::set<std::pair<std::string, int>> seen;
    for (const OptionEntry& each : option_catalogue()) {
        SCOPED_TRACE(each.key.name);
        EXPECT_TRUE(each.is_settable || each.is_readable());
        EXPECT_FALSE(each.type.empty());
        EXPECT_FALSE(each.form.empty() && each.is_readable());
        EXPECT_FALSE(each.meaning.empty());
        EXPECT_LE(each.meaning.size(), 80U);
        EXPECT_FALSE(each.manual.empty());
        EXPECT_FALSE(each.kinds.empty());
        EXPECT_GE(each.since, (KernelVersion{2, 2}));
        EXPECT_LT(each.least, each.has_range ? each.most : 1);
        EXPECT_TRUE(seen.insert({each.key.name, each.key.level}).second) << "it is there twice";
        EXPECT_EQ(find_option(each.key.level, each.key.number), &each);
    }
    EXPECT_GE(seen.size(), 110U);
}

// Whoever adds a type adds a row: the headers are read to see.
TEST(OptionCatalogue, E1_KnowsEveryTypeOfTheHeaders) {
    const auto folder = std::filesystem::path(__FILE__).parent_path();
    std::string text;
    for (const auto& file : std::filesystem::directory_iterator(folder / "options")) {
        if (file.path().extension() != ".h") continue;
        std::ifstream in(file.path());
        text += std::string(std::istreambuf_iterator<char>(in), {});
    }
    std::size_t count = 0;
    for (const std::string prefix : {"\"SO_", "\"TCP_", "\"UDP_", "\"IP_", "\"IPV6_", "\"MCAST_"}) {
        for (auto at = text.find(prefix); at != text.npos; at = text.find(prefix, at + 1)) {
            const std::string name = text.substr(at + 1, text.find('"', at + 1) - at - 1);
            EXPECT_NE(find_option(name), nullptr) << name;
            ++count;
        }
    }
    EXPECT_GE(count, 100U);
}

TEST(OptionCatalogue, FindsByTheKernelsNameAndByOurs) {
    const OptionEntry* entry = find_option("SO_RCVBUF");
    ASSERT_NE(entry, nullptr);
    EXPECT_EQ(entry->type, "ReceiveBuffer");
    EXPECT_EQ(find_option("so_rcvbuf"), entry);
    EXPECT_EQ(find_option("receivebuffer"), entry);
    EXPECT_EQ(find_option(SOL_SOCKET, SO_RCVBUF), entry);
    EXPECT_EQ(find_option("SO_RCVBU"), nullptr);
    EXPECT_EQ(find_option(""), nullptr);
    EXPECT_EQ(find_options("MCAST_JOIN_SOURCE_GROUP").size(), 2U);
    EXPECT_EQ(find_options("TcpMd5Key").size(), 2U);
    EXPECT_TRUE(find_options("no such").empty());
    EXPECT_EQ(find_option(-1, -1), nullptr);
}

TEST(OptionCatalogue, SuggestsNamesThatLookLikeWhatWasWritten) {
    EXPECT_EQ(nearest_options("TCP_NODLAY").front(), "TCP_NODELAY");
    EXPECT_EQ(nearest_options("nodelay").front(), "TCP_NODELAY");
    EXPECT_EQ(nearest_options("SO_RECVBUF").front(), "SO_RCVBUF");
    EXPECT_THAT(nearest_options("keepalive"), Contains("SO_KEEPALIVE"));
    EXPECT_THAT(nearest_options("multicast"), Contains("IP_MULTICAST_TTL"));
    EXPECT_LE(nearest_options("SO_").size(), 5U);
    EXPECT_TRUE(nearest_options("qqqqqqqqqqqqqqqqqq").empty());
    EXPECT_TRUE(nearest_options(std::string(10000, 'x')).empty());
}

TEST(OptionCatalogue, TellsRangesWithTheirUnits) {
    EXPECT_EQ(find_option("TCP_KEEPIDLE")->range(), "1 to 32767 s");
    EXPECT_EQ(find_option("SO_RCVBUF")->range(), "0 or more bytes");
    EXPECT_EQ(find_option("TCP_NODELAY")->range(), "on or off");
    EXPECT_EQ(find_option("TCP_CONGESTION")->range(), "");
}

TEST(OptionCatalogue, NamesKindsInFewWords) {
    EXPECT_EQ(kEveryKind.to_string(), "every kind");
    EXPECT_EQ((kTcp | SocketKind::udp_v4).to_string(), "TCP, UDP over IPv4");
    EXPECT_EQ(SocketKinds().to_string(), "none");
    EXPECT_EQ(to_string(SocketKind::udp_v6), "a UDP socket over IPv6");
    EXPECT_EQ(to_string(SocketKind::unix_stream), "a Unix stream socket");
    EXPECT_EQ(to_string(SocketKind::other), "a socket of this kind");
}

class EachKind : public ::testing::TestWithParam<SocketKind> {
protected:
    void SetUp() override {
        auto pair = connected_kind(GetParam());
        if (!pair) GTEST_SKIP() << "no such socket here: " << to_string(GetParam());
        std::tie(socket_, peer_) = *std::move(pair);
    }

    static bool is_refusal(const Error& error) {
        return error.is(ENOPROTOOPT) || error.is(EOPNOTSUPP);
    }

    Socket socket_;
    Socket peer_;
};

TEST_P(EachKind, SaysOfItselfWhatItIs) { EXPECT_EQ(kind_of(OptionAccess(socket_)), GetParam()); }

TEST_P(EachKind, E1_ReadsEveryOptionThatTheCatalogueGivesIt) {
    const testing_help::NoDescriptorLeaks no_leaks;
    for (const OptionEntry& each : option_catalogue()) {
        if (!each.is_readable() || !each.kinds.has(GetParam())) continue;
        if (running_kernel() < each.since) continue;
        const auto reading = each.read(OptionAccess(socket_));
        if (!reading && kRawIp.has(GetParam()) && reading.error().is(ENOTCONN)) continue;
        EXPECT_TRUE(reading.has_value()) << reading.error().message();
        if (!reading) continue;
        EXPECT_FALSE(reading->text.empty()) << each.key.name;
    }
}

TEST_P(EachKind, RefusesTheOthersByName) {
    if (kMptcp.has(GetParam())) GTEST_SKIP() << "MPTCP learns more options with each kernel";
    for (const OptionEntry& each : option_catalogue()) {
        if (!each.is_readable() || each.kinds.has(GetParam())) continue;
        const auto reading = each.read(OptionAccess(socket_));
        // The lower levels keep for every socket what it does not use.
        const bool is_lower = each.key.level == SOL_SOCKET || kIp.has(GetParam());
        if (is_lower && (reading || reading.error().is(ENODATA))) continue;
        ASSERT_FALSE(reading.has_value()) << each.key.name << " is there: " << reading->text;
        EXPECT_TRUE(is_refusal(reading.error())) << reading.error().message();
        EXPECT_EQ(reading.error().subject(), each.key.name);
        EXPECT_THAT(reading.error().reason(), HasSubstr("has no such option; it is for: "));
    }
}

INSTANTIATE_TEST_SUITE_P(Sockets, EachKind, ::testing::ValuesIn(every_socket_kind()));

}  // namespace
}  // namespace fivetuple

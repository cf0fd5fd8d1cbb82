#include "fivetuple/os/options/tcp_md5.h"

#include "fivetuple/os/clock.h"

#include "tests/testing/option_checks.h"

namespace fivetuple {
namespace {

using testing_help::open_kind;
using namespace std::chrono_literals;

// Whether this kernel has it; else why not.
std::string missing() {
    auto probe = open_kind(SocketKind::tcp_v4);
    const auto done = set(*probe, TcpMd5Key{IpAddress::loopback_v4(), "probe"});
    return done ? "" : done.error().message();
}

struct Ends {
    Socket listener;
    Socket client;
};

Ends ends(SocketKind kind) {
    Ends both{*open_kind(kind), *open_kind(kind)};
    const bool is_v4 = kind == SocketKind::tcp_v4;
    EXPECT_TRUE(
        both.listener.bind({is_v4 ? IpAddress::loopback_v4() : IpAddress::loopback_v6(), 0}));
    return both;
}

bool talk(Ends& both, Duration limit = 20s) {
    if (!both.listener.listen()) return false;
    const auto at = both.listener.local_address().value();
    if (!both.client.connect(at, monotonic_now() + limit)) return false;
    auto server = both.listener.accept();
    std::array<std::byte, 5> room{};
    return both.client.write_all(bytes_of("hello")) && server->read_exact(room) &&
           text_of(room) == "hello";
}

TEST(TcpMd5, I4_TwoThatShareASecretTalk) {
    if (const std::string why = missing(); !why.empty()) GTEST_SKIP() << why;
    for (const SocketKind kind : {SocketKind::tcp_v4, SocketKind::tcp_v6}) {
        Ends both = ends(kind);
        const IpAddress ip = both.listener.local_address()->ip();
        ASSERT_TRUE(set(both.listener, TcpMd5Key{ip, "a shared secret"}));
        ASSERT_TRUE(set(both.client, TcpMd5Key{ip, "a shared secret"}));
        EXPECT_TRUE(talk(both)) << to_string(kind);
    }
}

TEST(TcpMd5, I4_WhoLacksTheSecretIsNotAnswered) {
    if (const std::string why = missing(); !why.empty()) GTEST_SKIP() << why;
    const IpAddress ip = IpAddress::loopback_v4();
    for (const char* wrong : {"another secret", ""}) {
        Ends both = ends(SocketKind::tcp_v4);
        ASSERT_TRUE(set(both.listener, TcpMd5Key{ip, "a shared secret"}));
        const bool is_set = *wrong == '\0' || set(both.client, TcpMd5Key{ip, wrong}).has_value();
        ASSERT_TRUE(is_set);
        EXPECT_FALSE(talk(both, 300ms)) << "with \"" << wrong << "\"";
    }
}

TEST(TcpMd5, I4_ASecretMayBeForAWholeNetwork) {
    if (const std::string why = missing(); !why.empty()) GTEST_SKIP() << why;
    Ends both = ends(SocketKind::tcp_v4);
    const IpAddress network = IpAddress::parse("127.0.0.0").value();
    ASSERT_TRUE(set(both.listener, TcpMd5Key{network, "secret", 8}));
    ASSERT_TRUE(set(both.client, TcpMd5Key{network, "secret", 8}));
    EXPECT_TRUE(talk(both));

    Ends other = ends(SocketKind::tcp_v4);
    const IpAddress elsewhere = IpAddress::parse("10.0.0.0").value();
    ASSERT_TRUE(set(other.listener, TcpMd5Key{elsewhere, "secret", 8}));
    EXPECT_TRUE(talk(other)) << "a secret of another network does not count";
}

TEST(TcpMd5, AnIpv6SocketTakesAnIpv4PeerAsItsMappedAddress) {
    if (const std::string why = missing(); !why.empty()) GTEST_SKIP() << why;
    auto listener = open_kind(SocketKind::tcp_v6);
    auto client = open_kind(SocketKind::tcp_v4);
    const IpAddress ip = IpAddress::loopback_v4();
    ASSERT_TRUE(listener->bind({IpAddress::any_v6(), 0}));
    ASSERT_TRUE(set(*listener, TcpMd5Key{ip, "secret"}));
    ASSERT_TRUE(set(*client, TcpMd5Key{ip, "secret"}));
    ASSERT_TRUE(listener->listen());
    EXPECT_TRUE(client->connect({ip, listener->local_address()->port()}));
}

TEST(TcpMd5, ASecretCanBeRemovedOnce) {
    if (const std::string why = missing(); !why.empty()) GTEST_SKIP() << why;
    Ends both = ends(SocketKind::tcp_v4);
    const IpAddress ip = IpAddress::loopback_v4();
    ASSERT_TRUE(set(both.listener, TcpMd5Key{ip, "secret"}));
    ASSERT_TRUE(set(both.listener, TcpMd5Key{ip, ""}));
    EXPECT_TRUE(talk(both)) << "without secrets, as before";
    const auto again = set(both.client, TcpMd5Key{ip, ""});
    ASSERT_FALSE(again);
    EXPECT_TRUE(again.error().is(ENOENT));
    EXPECT_EQ(again.error().message(), "setsockopt TCP_MD5SIG: there is no secret for this peer");
}

TEST(TcpMd5, MistakesAreNamed) {
    auto v4 = open_kind(SocketKind::tcp_v4);
    EXPECT_EQ(set(*v4, TcpMd5Key{IpAddress::loopback_v4(), std::string(81, 'x')}).error().message(),
              "setsockopt TCP_MD5SIG: a secret has at most 80 bytes");
    EXPECT_EQ(set(*v4, TcpMd5Key{IpAddress::loopback_v6(), "secret", 64}).error().message(),
              "setsockopt TCP_MD5SIG_EXT: an IPv4 socket has no IPv6 peer");
    auto udp = open_kind(SocketKind::udp_v4);
    EXPECT_EQ(set(*udp, TcpMd5Key{IpAddress::loopback_v4(), "secret"}).error().message(),
              "setsockopt TCP_MD5SIG: a UDP socket over IPv4 has no such option; it is for: TCP");
    if (const std::string why = missing(); !why.empty()) GTEST_SKIP() << why;
    const auto too_long = set(*v4, TcpMd5Key{IpAddress::loopback_v4(), "secret", 33});
    ASSERT_FALSE(too_long);
    EXPECT_TRUE(too_long.error().is(EINVAL));
}

TEST(TcpMd5, TheSecretIsNotPrinted) {
    const TcpMd5Key key{IpAddress::loopback_v4(), "hush", 8, 3};
    EXPECT_EQ(key.to_string(), "a secret for 127.0.0.1/8 by interface 3");
    EXPECT_EQ((TcpMd5Key{IpAddress::loopback_v4(), ""}.to_string()), "no secret for 127.0.0.1");
}

}  // namespace
}  // namespace fivetuple

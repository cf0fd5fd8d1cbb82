#include "fivetuple/cli/relay_address.h"

#include "tests/testing/testing.h"
#include <string>
#include <vector>

namespace fivetuple {
namespace {

RelayAddress parsed(std::string_view text) {
    auto address = RelayAddress::parse(text);
    EXPECT_TRUE(address.has_value()) << text << ": " << address.error().why;
    return address ? *std::move(address) : RelayAddress();
}

// Where the mark stands and what it says; "none" where nothing is wrong.
std::string fault(std::string_view text) {
    const auto address = RelayAddress::parse(text);
    if (address) return "none";
    return std::to_string(address.error().at) + ": " + address.error().why;
}

std::string hint(std::string_view text) {
    const auto address = RelayAddress::parse(text);
    return address ? "none" : address.error().hint;
}

// `SO_RCVBUF=65536 TCP_NODELAY=on`
std::string settings(std::string_view text) {
    std::string all;
    for (const auto& each : parsed(text).settings) {
        all += (all.empty() ? "" : " ") + std::string(each.option->key.name) + "=" + each.value;
    }
    return all;
}

TEST(RelayAddress, EveryKindHasItsPlace) {
    struct Row {
        const char* text;
        RelayKind kind;
        const char* at;
    };
    const Row rows[] = {
        {"tcp:10.0.0.1:80", RelayKind::tcp, "10.0.0.1:80"},
        {"tcp:[::1]:80", RelayKind::tcp, "[::1]:80"},
        {"tcp:localhost:80", RelayKind::tcp, "127.0.0.1:80"},
        {"tcp-listen:80", RelayKind::tcp_listen, "[::]:80"},
        {"tcp-listen:0", RelayKind::tcp_listen, "[::]:0"},
        {"tcp-listen:127.0.0.1:80", RelayKind::tcp_listen, "127.0.0.1:80"},
        {"udp:10.0.0.1:53", RelayKind::udp, "10.0.0.1:53"},
        {"udp-listen:53", RelayKind::udp_listen, "[::]:53"},
        {"unix:/run/x", RelayKind::unix_stream, "unix:/run/x"},
        {"unix:relative", RelayKind::unix_stream, "unix:relative"},
        {"unix:@name", RelayKind::unix_stream, "unix:@name"},
        {"unix-listen:/run/x", RelayKind::unix_listen, "unix:/run/x"},
        {"unix-dgram:/run/x", RelayKind::unix_datagram, "unix:/run/x"},
        {"unix-dgram-listen:/run/x", RelayKind::unix_datagram_listen, "unix:/run/x"},
        {"seqpacket:/run/x", RelayKind::seqpacket, "unix:/run/x"},
        {"seqpacket-listen:/run/x", RelayKind::seqpacket_listen, "unix:/run/x"},
        {"abstract:name", RelayKind::unix_stream, "unix:@name"},
        {"abstract-listen:name", RelayKind::unix_listen, "unix:@name"},
        {"unix:/a\\,b", RelayKind::unix_stream, "unix:/a,b"},
    };
    for (const Row& row : rows) {
        const RelayAddress address = parsed(row.text);
        EXPECT_EQ(address.kind, row.kind) << row.text;
        EXPECT_EQ(address.at.to_string(), row.at) << row.text;
        EXPECT_EQ(address.text, row.text);
    }
    EXPECT_EQ(parsed("-").kind, RelayKind::standard);
    EXPECT_EQ(parsed("stdio").kind, RelayKind::standard);
    EXPECT_EQ(parsed("file:/tmp/a b").place, "/tmp/a b");
    EXPECT_EQ(parsed("exec:sort -t\\, -k 2 | uniq").place, "sort -t, -k 2 | uniq");
    EXPECT_EQ(parsed("exec:echo a:b=c \\x").place, "echo a:b=c \\x");
}

TEST(RelayAddress, AFileIsReadUnlessItSaysOtherwise) {
    const auto use = [](std::string_view text) {
        const RelayAddress file = parsed(text);
        return std::string(file.reads ? "r" : "") + (file.writes ? "w" : "") +
               (file.creates ? "c" : "") + (file.truncates ? "t" : "") + (file.appends ? "a" : "");
    };
    EXPECT_EQ(use("file:/x"), "r");
    EXPECT_EQ(use("file:/x,read-only"), "r");
    EXPECT_EQ(use("file:/x,write-only"), "w");
    EXPECT_EQ(use("file:/x,create"), "wc");
    EXPECT_EQ(use("file:/x,create,truncate"), "wct");
    EXPECT_EQ(use("file:/x,append"), "wa");
    EXPECT_EQ(use("file:/dev/ttyS0,read-write"), "rw");
    EXPECT_EQ(use("file:/x,read-write,create"), "rwc");
    EXPECT_EQ(parsed("file:/x,create,mode=640").mode, 0640u);
    EXPECT_EQ(fault("file:/x,read-only,append"), "0: it is read only, and written to");
    EXPECT_EQ(fault("file:/x,mode=600"), "8: mode is for a file that is made");
    EXPECT_EQ(fault("file:/x,creat"), "8: a file has no option \"creat\"");
    EXPECT_EQ(fault("file:/x,create=1"), "15: create takes no value");
    EXPECT_EQ(fault("file:/x,nodelay"), "8: a file has no option \"nodelay\"");
}

TEST(RelayAddress, SocketOptionsGoByTheirShortNames) {
    EXPECT_EQ(settings("tcp:[::1]:1,nodelay"), "TCP_NODELAY=on");
    EXPECT_EQ(settings("tcp:[::1]:1,nodelay=off,NoDelay,TCP_NODELAY=1"),
              "TCP_NODELAY=off TCP_NODELAY=on TCP_NODELAY=on");
    EXPECT_EQ(settings("tcp:[::1]:1,keepalive"), "SO_KEEPALIVE=on");
    EXPECT_EQ(settings("tcp:[::1]:1,keepalive=off"), "SO_KEEPALIVE=off");
    EXPECT_EQ(settings("tcp:[::1]:1,keepalive=30"), "TCP_KEEPIDLE=30 SO_KEEPALIVE=on");
    EXPECT_EQ(settings("tcp:[::1]:1,keepalive=2m"), "TCP_KEEPIDLE=120 SO_KEEPALIVE=on");
    EXPECT_EQ(settings("tcp:[::1]:1,user-timeout=1.5s"), "TCP_USER_TIMEOUT=1500");
    EXPECT_EQ(settings("tcp:[::1]:1,sndbuf=64KiB"), "SO_SNDBUF=65536");
    EXPECT_EQ(settings("tcp:[::1]:1,congestion=reno"), "TCP_CONGESTION=reno");
    EXPECT_EQ(settings("tcp-listen:1,reuseport,v6only,fastopen=5"),
              "SO_REUSEPORT=on IPV6_V6ONLY=on TCP_FASTOPEN=5");
    EXPECT_EQ(settings("udp:127.0.0.1:1,broadcast,ttl=3"), "SO_BROADCAST=on IP_TTL=3");
    EXPECT_EQ(settings("unix:/x,passcred"), "SO_PASSCRED=on");
    // The one of its own family, where both have the name.
    EXPECT_EQ(settings("udp:[::1]:1,mtu-discover=probe"), "IPV6_MTU_DISCOVER=probe");
    EXPECT_EQ(settings("udp:127.0.0.1:1,mtu_discover=probe"), "IP_MTU_DISCOVER=probe");
}

TEST(RelayAddress, OptionsThatCannotBeAreRefusedWhereTheyStand) {
    EXPECT_EQ(fault("tcp:127.0.0.1:80,nodely"), "17: there is no option \"nodely\"");
    EXPECT_TRUE(hint("tcp:127.0.0.1:80,nodely").starts_with("perhaps nodelay"));
    EXPECT_EQ(hint("tcp:127.0.0.1:80,qqqqqqqqqqqqqqqq"), "`ft options` lists all socket options");
    EXPECT_EQ(fault("udp:127.0.0.1:80,nodelay"),
              "17: TCP_NODELAY is not for a UDP socket over IPv4");
    EXPECT_EQ(hint("udp:127.0.0.1:80,nodelay"), "it is for TCP, MPTCP");
    EXPECT_EQ(fault("unix:/x,keepidle=3"), "8: TCP_KEEPIDLE is not for a Unix stream socket");
    EXPECT_EQ(fault("tcp:[::1]:80,keepidle=0"), "22: \"0\" is out of range");
    EXPECT_EQ(hint("tcp:[::1]:80,keepidle=0"), "it takes 1 to 32767 s");
    EXPECT_EQ(fault("tcp:[::1]:80,keepidle"), "13: keepidle needs a value: keepidle=NUMBER");
    EXPECT_EQ(fault("tcp:[::1]:80,keepidle=500ms"), "22: it is counted in whole s");
    EXPECT_EQ(fault("tcp:[::1]:80,nodelay=yes"), "21: \"yes\" is neither on nor off");
    EXPECT_EQ(fault("tcp:[::1]:80,sndbuf=much"), "20: write it as 64, 16KiB or 1MiB");
    EXPECT_EQ(fault("tcp:[::1]:80,type"), "13: SO_TYPE only tells");
    EXPECT_EQ(fault("tcp:[::1]:80,linger=0"), "13: SO_LINGER takes more than can be written here");
    EXPECT_EQ(fault("tcp:[::1]:80,congestion"), "13: congestion needs a value: congestion=NAME");
    EXPECT_EQ(fault("tcp:[::1]:80,,nodelay"), "13: an option is missing");
    EXPECT_EQ(fault("tcp:[::1]:80,"), "13: an option is missing");
    EXPECT_EQ(fault("tcp:[::1]:80,=1"), "13: an option is missing");
    EXPECT_EQ(fault("-,nodelay"), "2: - has no options");
    EXPECT_EQ(fault("exec:sort -t, -k2"), "13: exec has no options");
}

TEST(RelayAddress, ForkIsForListeners) {
    EXPECT_EQ(parsed("tcp-listen:80").connections, 0u);
    EXPECT_EQ(parsed("tcp-listen:80,fork").connections, 1024u);
    EXPECT_EQ(parsed("unix-listen:/x,fork=7").connections, 7u);
    EXPECT_EQ(fault("tcp:[::1]:80,fork").substr(0, 3), "13:");
    EXPECT_EQ(fault("udp-listen:80,fork").substr(0, 3), "14:");
    EXPECT_EQ(fault("tcp-listen:80,fork=0"), "19: \"0\" is no number of connections");
    EXPECT_EQ(fault("tcp-listen:80,fork=-1"), "19: \"-1\" is no number of connections");
    EXPECT_EQ(fault("tcp-listen:80,fork=9999999999"),
              "19: \"9999999999\" is no number of connections");
}

TEST(RelayAddress, BindSaysWhereFromAndModeWhoMayCome) {
    EXPECT_EQ(parsed("tcp:127.0.0.1:80,bind=127.0.0.2").from->to_string(), "127.0.0.2:0");
    EXPECT_EQ(parsed("udp:127.0.0.1:80,bind=127.0.0.2:9").from->to_string(), "127.0.0.2:9");
    EXPECT_EQ(parsed("tcp:[::1]:80,bind=::1").from->to_string(), "[::1]:0");
    EXPECT_EQ(parsed("unix-dgram:/x,bind=/y").from->to_string(), "unix:/y");
    EXPECT_EQ(fault("tcp:[::1]:80,bind=127.0.0.1"), "18: it is of another family than [::1]:80");
    EXPECT_EQ(fault("tcp-listen:80,bind=127.0.0.1"), "14: bind is for tcp, udp and unix-dgram");
    EXPECT_EQ(fault("tcp:[::1]:80,bind"), "13: bind needs a value: bind=ADDRESS");
    EXPECT_EQ(fault("unix-dgram:/x,bind="), "19: the path is missing");
    EXPECT_EQ(parsed("unix-listen:/x,mode=600").mode, 0600u);
    EXPECT_EQ(fault("unix-listen:/x,mode=888"),
              "20: \"888\" is no mode: it has octal digits, 0 to 777");
    EXPECT_EQ(fault("unix-listen:/x,mode=1777").substr(0, 3), "20:");
    EXPECT_EQ(fault("abstract-listen:x,mode=600"), "18: mode is for what makes a path");
    EXPECT_EQ(fault("unix:/x,mode=600"), "8: mode is for what makes a path");
}

TEST(RelayAddress, APlaceThatCannotBeIsRefusedWhereItStands) {
    EXPECT_EQ(fault(""), "0: the kind is missing");
    EXPECT_EQ(fault(":80"), "0: the kind is missing");
    EXPECT_EQ(fault("tpc:80"), "0: there is no kind \"tpc\"");
    EXPECT_NE(hint("tpc:80").find("tcp, tcp-listen"), std::string::npos);
    EXPECT_EQ(fault("127.0.0.1:80"), "0: it does not say of what kind it is");
    EXPECT_EQ(hint("127.0.0.1:80"), "write tcp:127.0.0.1:80 or udp:127.0.0.1:80");
    EXPECT_EQ(hint("/run/x"), "for a Unix socket write unix:/run/x, for a file file:/run/x");
    EXPECT_EQ(fault("tcp"), "3: what it is about is missing");
    EXPECT_EQ(hint("tcp"), "write tcp:ADDRESS:PORT");
    EXPECT_EQ(fault("tcp:80"), "4: the host is missing");
    EXPECT_EQ(fault("tcp:127.0.0.1:0"), "4: nobody can listen on port 0");
    EXPECT_EQ(fault("tcp:127.0.0.1:65536"), "4: port 65536 is over 65535");
    EXPECT_EQ(fault("tcp:example.org:80"),
              "4: \"example.org\" is a name; write an IP address (names are not looked up)");
    EXPECT_EQ(fault("tcp:/run/x"), "4: it is no IP address");
    EXPECT_EQ(fault("unix:"), "5: the path is missing");
    EXPECT_EQ(fault("abstract:"), "9: the name is missing");
    EXPECT_EQ(fault("file:"), "5: the path is missing");
    EXPECT_EQ(fault("exec: "), "5: the command is missing");
    EXPECT_EQ(fault("-:x"), "1: nothing goes behind - but options");
    EXPECT_EQ(fault("unix:" + std::string(108, 'x')).substr(0, 2), "5:");
    EXPECT_EQ(fault(std::string_view("file:a\0b", 8)), "5: it holds a zero byte");
}

TEST(RelayAddress, WhatKeepsMessagesAndWhatCanEnd) {
    EXPECT_FALSE(parsed("tcp:[::1]:1").keeps_messages());
    EXPECT_FALSE(parsed("-").keeps_messages());
    EXPECT_TRUE(parsed("udp:[::1]:1").keeps_messages());
    EXPECT_TRUE(parsed("seqpacket:/x").keeps_messages());
    EXPECT_TRUE(parsed("seqpacket:/x").has_end());
    EXPECT_FALSE(parsed("unix-dgram:/x").has_end());
    EXPECT_FALSE(parsed("udp-listen:1").has_end());
    EXPECT_TRUE(parsed("exec:cat").has_end());
    EXPECT_TRUE(parsed("seqpacket-listen:/x").is_listener());
    EXPECT_FALSE(parsed("udp-listen:1").is_listener());
}

TEST(RelayFault, IsShownBelowTheText) {
    const auto wrong = RelayAddress::parse("tcp:[::1]:80,nodely");
    ASSERT_FALSE(wrong.has_value());
    EXPECT_EQ(wrong.error().shown_in("tcp:[::1]:80,nodely"),
              "tcp:[::1]:80,nodely\n"
              "             ^ there is no option \"nodely\"");
    EXPECT_EQ(RelayFault({6, "here", ""}).shown_in("\xc3\xa4\xc3\xb6\xc3\xbc\x01,x"),
              "\xc3\xa4\xc3\xb6\xc3\xbc?,x\n   ^ here")
        << "letters of several bytes are one wide";
}

}  // namespace
}  // namespace fivetuple

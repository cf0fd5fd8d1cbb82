#include "fivetuple/diag/filter.h"

#include <gtest/gtest.h>

#include <string>

namespace fivetuple::diag {
namespace {

Filter read(std::string_view text) {
    auto filter = Filter::parse(text);
    EXPECT_TRUE(filter) << text << "\n" << (filter ? "" : filter.error().to_string(text));
    return filter ? *std::move(filter) : Filter();
}

FilterMistake mistake(std::string_view text) {
    auto filter = Filter::parse(text);
    EXPECT_FALSE(filter) << text;
    return filter ? FilterMistake() : std::move(filter).error();
}

SeenSocket tcp(std::string_view local, std::uint16_t local_port, std::string_view peer,
               std::uint16_t peer_port, TcpState state = TcpState::established) {
    SeenSocket socket;
    socket.state = state;
    socket.local = {*IpAddress::parse(local), local_port};
    socket.peer = {*IpAddress::parse(peer), peer_port};
    socket.user = 1000;
    socket.inode = 77;
    socket.interface = 3;
    socket.mark = 0x15;
    socket.cgroup = 9;
    return socket;
}

SeenSocket unix_socket(std::string_view name, bool is_abstract) {
    SeenSocket socket;
    socket.kind = Kind::unix_stream;
    socket.state = TcpState::listening;
    socket.unix_name = name;
    socket.is_abstract = is_abstract;
    return socket;
}

struct Case {
    const char* filter;
    bool is_so;
};

TEST(SocketFilter, EachConditionIsJudged) {
    const SeenSocket socket = tcp("10.0.0.1", 40000, "192.0.2.7", 443);
    const Case cases[] = {
        {"", true},
        {"  ", true},
        {"dport = :443", true},
        {"dport = 443", true},
        {"dport 443", true},
        {"dport :443", true},
        {"dport eq :443", true},
        {"dport = :https", true},
        {"dport=443", true},
        {"dport != 443", false},
        {"sport > 40000", false},
        {"sport>=40000", true},
        {"sport < 40001", true},
        {"sport <= 39999", false},
        {"sport < 0", false},
        {"sport lt :40000", false},
        {"sport geq :40000", true},
        {"dst 192.0.2.7", true},
        {"dst = 192.0.2.0/24", true},
        {"dst 192.0.2.9/24", true},
        {"dst != 192.0.2.0/24", false},
        {"dst 192.0.3.0/24", false},
        {"dst 192.0.2.7:443", true},
        {"dst 192.0.2.0/24:443", true},
        {"dst 192.0.2.7:80", false},
        {"dst :443", true},
        {"dst *:443", true},
        {"dst *", true},
        {"src 10.0.0.0/8 and dst 192.0.2.0/24", true},
        {"src 10.0.0.0/8 dst 192.0.2.0/24", true},
        {"src 10.0.0.0/8 && ! dst 192.0.2.0/24", false},
        {"src 11.0.0.0/8 || dport = 443", true},
        {"src 11.0.0.0/8 | dport = 80", false},
        {"dst ::/0", false},
        {"dst [2001:db8::1]:443", false},
        {"state established", true},
        {"state ESTAB", true},
        {"STATE CLOSE_WAIT", false},
        {"exclude established", false},
        {"state connected exclude time-wait", true},
        {"state listening state established", true},
        {"state listening and state established", false},
        {"not state listening", true},
        {"state established and ( dport = :443 or sport = :443 )", true},
        {"dport = 80 or dport = 443 and sport = 1", false},
        {"( dport = 80 or dport = 443 ) and sport = 40000", true},
        {"not ( dport = 80 or dport = 443 )", false},
        {"! ! dport = 443", true},
        {"uid 1000", true},
        {"uid != 1000", false},
        {"inode = 77", true},
        {"dev 3", true},
        {"dev = 4", false},
        {"fwmark 0x15", true},
        {"fwmark = 0x10/0xf0", true},
        {"fwmark 0x25/0xf", true},
        {"fwmark 7", false},
        {"cgroup 9", true},
        {"src /run/a", false},
    };
    for (const Case& each : cases) {
        EXPECT_EQ(read(each.filter).matches(socket), each.is_so) << each.filter;
    }
}

TEST(SocketFilter, AMappedAddressIsTheOneOfIpv4) {
    const SeenSocket mapped = tcp("::ffff:10.0.0.1", 80, "::ffff:192.0.2.7", 443);
    EXPECT_TRUE(read("dst 192.0.2.0/24").matches(mapped));
    EXPECT_TRUE(read("dst ::ffff:192.0.2.7").matches(mapped));
    EXPECT_FALSE(read("dst ::/0").matches(mapped));
    const SeenSocket plain = tcp("2001:db8::1", 80, "2001:db8:1::2", 443);
    EXPECT_TRUE(read("dst 2001:db8:1::/48").matches(plain));
    EXPECT_TRUE(read("dst [2001:db8:1::2]:443").matches(plain));
    EXPECT_TRUE(read("dst [2001:db8:1::]/48:443").matches(plain));
    EXPECT_FALSE(read("dst 0.0.0.0/0").matches(plain));
}

TEST(SocketFilter, NamesOfUnixSocketsAreComparedWithStars) {
    const SeenSocket path = unix_socket("/run/user/1000/bus", false);
    const SeenSocket abstract = unix_socket("session", true);
    EXPECT_TRUE(read("src /run/user/1000/bus").matches(path));
    EXPECT_TRUE(read("src /run/*/bus").matches(path));
    EXPECT_TRUE(read("src unix:*us").matches(path));
    EXPECT_FALSE(read("src /run/*/bu").matches(path));
    EXPECT_TRUE(read("src != /run/other").matches(path));
    EXPECT_TRUE(read("src @sess*").matches(abstract));
    EXPECT_FALSE(read("src @sess*").matches(unix_socket("session", false)));
    EXPECT_TRUE(read("src unix:*").matches(unix_socket("", false)));
    EXPECT_FALSE(read("src /*").matches(unix_socket("", false)));
    EXPECT_FALSE(read("sport = 0").matches(path));
}

TEST(SocketFilter, TheStatesItCanBeTrueForAreKnown) {
    const auto states = [](std::string_view text) { return read(text).states(); };
    const StateSet established(TcpState::established);
    EXPECT_EQ(states("dport = 1"), StateSet::all());
    EXPECT_EQ(states("state established and dport = 1"), established);
    EXPECT_EQ(states("state established or dport = 1"), StateSet::all());
    EXPECT_EQ(states("not ( state established or dport = 1 )"), StateSet::all() - established);
    EXPECT_EQ(states("not ( state established and dport = 1 )"), StateSet::all());
    EXPECT_EQ(states("state bucket state listening"),
              StateSet::bucket() | StateSet(TcpState::listening));
    EXPECT_EQ(states("exclude big"), StateSet::bucket());
    EXPECT_TRUE(states("exclude all").empty());
    EXPECT_TRUE(read("dport = 1 or state bucket").names_states());
    EXPECT_FALSE(read("dport = 1").names_states());
    EXPECT_TRUE(read("not process = ft").needs_owners());
    EXPECT_TRUE(read("pid 1").needs_owners());
    EXPECT_TRUE(read("dport 1 or fwmark 1").needs_marks());
}

TEST(SocketFilter, WhatIsWrittenIsReadAsTheSame) {
    for (const char* text :
         {"dport = 443", "( sport < 1 or dst 10.0.0.0/8 or not src [::1] )", "exclude all",
          "state established state listening", "src @a*b", "process \"tmux: server\"",
          "fwmark 3/7 and cgroup 12 and dev 1 and pid 4 and uid 5 and inode 6", "src *:5",
          "dport 1 and dport 2 and dport 3 or dport 4"}) {
        const std::string once = read(text).to_string();
        EXPECT_EQ(read(once).to_string(), once) << text;
    }
    EXPECT_EQ(read("").to_string(), "");
    EXPECT_EQ(read("sport > 7 and dst 10.0.0.1:3").to_string(),
              "( not sport <= 7 and dst 10.0.0.1/32:3 )");
}

struct Wrong {
    const char* filter;
    std::size_t at;
    const char* what;
    const char* hint;
};

TEST(SocketFilter, AMistakeIsToldWithItsPlaceAndAWayOut) {
    const Wrong cases[] = {
        {"dport = 443x", 8, "\"443x\" is no port", "a number from 0 to 65535"},
        {"dport = 65536", 8, "a port is a number from 0 to 65535", ""},
        {"dport =", 7, "a port belongs here", ""},
        {"dport = and sport = 1", 8, "a port belongs here", ""},
        {"state establish", 6, "there is no state \"establish\"", "they are established"},
        {"state", 5, "the name of a state belongs here", ""},
        {"established", 0, "no condition begins with \"established\"", "state established"},
        {"dprot = 1", 0, "no condition begins with \"dprot\"", "perhaps dport"},
        {"port = 1", 0, "no condition begins with \"port\"", "sport the socket's own"},
        {"( dport = 1", 0, "this parenthesis is not closed", "a ) ends it"},
        {"dport = 1 )", 10, "this parenthesis was never opened", ""},
        {"( )", 2, "a condition belongs here", ""},
        {"dport = 1 or", 12, "the filter ends where a condition belongs", "begin with"},
        {"dst 10.0.0", 4, "\"10.0.0\" is no address", "10.0.0.0/8"},
        {"dst 10.0.0.0/33", 4, "a number from 0 to 32", ""},
        {"dst 10.0.0.1:99999", 13, "a port is a number", ""},
        {"dst < 10.0.0.1", 4, "can only be equal", ""},
        {"dst /run/a", 4, "not known by name", "src finds"},
        {"dev nowhere0", 4, "there is no interface \"nowhere0\"", "ip link"},
        {"fwmark x", 7, "\"x\" is no mark", "0x10/0xf0"},
        {"cgroup no/such", 7, "there is no cgroup", "/sys/fs/cgroup"},
        {"pid one", 4, "\"one\" is not the number of a process", ""},
        {"process = \"a", 10, "the quotation is not closed", ""},
        {"\"state\" big", 0, "no condition begins", ""},
    };
    for (const Wrong& each : cases) {
        const FilterMistake wrong = mistake(each.filter);
        EXPECT_EQ(wrong.at, each.at) << each.filter << ": " << wrong.what;
        EXPECT_NE(wrong.what.find(each.what), std::string::npos)
            << each.filter << ": " << wrong.what;
        EXPECT_NE(wrong.hint.find(each.hint), std::string::npos)
            << each.filter << ": " << wrong.hint;
    }
    EXPECT_EQ(mistake("state establish").to_string("state establish").substr(0, 42),
              "  state establish\n        ^ there is no st");
}

TEST(SocketFilter, ItIsNeitherTooLongNorTooDeep) {
    std::string chain = "dport = 1";
    for (int count = 0; count < 300; ++count) chain += " or dport = 1";
    EXPECT_NE(mistake(chain).what.find("at most 500"), std::string::npos);
    std::string deep;
    for (int count = 0; count < 10000; ++count) deep += "( ";
    EXPECT_NE(mistake(deep).what.find("200 deep"), std::string::npos);
    std::string negated;
    for (int count = 0; count < 10000; ++count) negated += "! ";
    EXPECT_NE(mistake(negated + "dport 1").what.find("200 deep"), std::string::npos);
}

TEST(SocketStates, HaveTheNamesOfOthers) {
    EXPECT_EQ(StateSet::named("TIME_WAIT"), StateSet(TcpState::time_wait));
    EXPECT_EQ(StateSet::named("fin-wait1"), StateSet(TcpState::fin_wait_1));
    EXPECT_EQ(StateSet::named("LISTEN"), StateSet(TcpState::listening));
    EXPECT_EQ(StateSet::named("connected"), StateSet::connected());
    EXPECT_FALSE(StateSet::named("new-syn-recv").has_value());
    EXPECT_FALSE(StateSet::named("").has_value());
    EXPECT_FALSE(StateSet::synchronized().contains(TcpState::syn_sent));
    EXPECT_TRUE(StateSet::synchronized().contains(TcpState::time_wait));
    EXPECT_FALSE(StateSet::big().contains(TcpState::syn_received));
    EXPECT_NE(StateSet::names().find("time-wait, closed, close-wait"), std::string::npos);
}

}  // namespace
}  // namespace fivetuple::diag

#include "fivetuple/os/options.h"

#include "tests/testing/option_checks.h"
#include "tests/testing/own_network.h"

namespace fivetuple {
namespace {

using testing_help::in_own_network;
using testing_help::open_kind;
using testing_help::set_sysctl;

constexpr const char* kSwitch = "net/ipv4/tcp_fastopen";

// One exchange over a new connection that opens with its first bytes; what the two ends say of it.
struct Exchange {
    std::string trouble;
    TcpInfo client;
    TcpInfo server;
};

Exchange exchange(Socket& listener, SocketKind kind) {
    Exchange done;
    auto client = open_kind(kind);
    if (auto set_it = set(*client, FastOpenConnect{}); !set_it) {
        done.trouble = set_it.error().message();
        return done;
    }
    // Returns at once; the connection is made by the first write.
    if (auto connected = client->connect(listener.local_address().value()); !connected) {
        done.trouble = connected.error().message();
        return done;
    }
    if (auto sent = client->write_all(bytes_of("early")); !sent) {
        done.trouble = sent.error().message();
        return done;
    }
    auto server = listener.accept();
    std::array<std::byte, 5> room{};
    if (!server || !server->read_exact(room) || text_of(room) != "early") {
        done.trouble = "the bytes did not come";
        return done;
    }
    if (!server->write_all(bytes_of("reply")) || !client->read_exact(room)) {
        done.trouble = "the answer did not come";
        return done;
    }
    done.client = get<TcpInfo>(*client).value();
    done.server = get<TcpInfo>(*server).value();
    return done;
}

std::string two_exchanges(SocketKind kind) {
    // Bit 1 is for clients, bit 2 for servers.
    if (!set_sysctl(kSwitch, "3")) return "no sysctl";
    auto listener = open_kind(kind);
    const bool is_v4 = kind == SocketKind::tcp_v4;
    const IpAddress ip = is_v4 ? IpAddress::loopback_v4() : IpAddress::loopback_v6();
    if (!listener->bind({ip, 0})) return "no bind";
    if (auto done = set(*listener, FastOpen{16}); !done) return done.error().message();
    if (!listener->listen()) return "no listen";

    const Exchange first = exchange(*listener, kind);
    if (!first.trouble.empty()) return "first: " + first.trouble;
    if (first.client.had_data_in_syn) return "first: the server's permission was not known yet";
    const Exchange second = exchange(*listener, kind);
    if (!second.trouble.empty()) return "second: " + second.trouble;
    if (!second.client.had_data_in_syn) return "second: the bytes did not go with the SYN";
    if (!second.server.had_data_in_syn) return "second: the server does not know";
    return "right";
}

TEST(FastOpenOptions, J7_BytesGoWithTheSynFromTheSecondConnectionOn) {
    for (const SocketKind kind : {SocketKind::tcp_v4, SocketKind::tcp_v6}) {
        const auto answer = in_own_network([kind] { return two_exchanges(kind); });
        if (answer == testing_help::kNoOwnNetwork || answer == "no sysctl") GTEST_SKIP() << answer;
        EXPECT_EQ(answer, "right") << to_string(kind);
    }
}

TEST(FastOpenOptions, J7_WithoutACookieBytesGoWithTheFirstSyn) {
    const auto answer = in_own_network([]() -> std::string {
        // 4: clients need no cookie, 0x200: servers demand none.
        if (!set_sysctl(kSwitch, std::to_string(1 | 2 | 4 | 0x200))) return "no sysctl";
        auto listener = open_kind(SocketKind::tcp_v4);
        if (!listener->bind({IpAddress::loopback_v4(), 0})) return "no bind";
        if (!set(*listener, FastOpen{16}) || !listener->listen()) return "no listen";
        const Exchange only = exchange(*listener, SocketKind::tcp_v4);
        if (!only.trouble.empty()) return only.trouble;
        return only.client.had_data_in_syn ? "right" : "the bytes did not go with the SYN";
    });
    if (answer == testing_help::kNoOwnNetwork || answer == "no sysctl") GTEST_SKIP() << answer;
    EXPECT_EQ(answer, "right");
}

TEST(FastOpenOptions, AServerThatDoesNotAllowItStillGetsTheBytes) {
    const auto answer = in_own_network([]() -> std::string {
        if (!set_sysctl(kSwitch, "1")) return "no sysctl";
        auto listener = Socket::listen_on({IpAddress::loopback_v4(), 0});
        for (int round = 0; round < 2; ++round) {
            const Exchange each = exchange(*listener, SocketKind::tcp_v4);
            if (!each.trouble.empty()) return each.trouble;
            if (each.client.had_data_in_syn) return "the bytes went with the SYN";
        }
        return "right";
    });
    if (answer == testing_help::kNoOwnNetwork || answer == "no sysctl") GTEST_SKIP() << answer;
    EXPECT_EQ(answer, "right");
}

TEST(FastOpenOptions, WhereTheSystemForbidsItTheErrorSaysSo) {
    const auto answer = in_own_network([]() -> std::string {
        if (!set_sysctl(kSwitch, "0")) return "no sysctl";
        auto client = open_kind(SocketKind::tcp_v4);
        const auto done = set(*client, FastOpenConnect{});
        return done ? "it is allowed" : done.error().message();
    });
    if (answer == testing_help::kNoOwnNetwork || answer == "no sysctl") GTEST_SKIP() << answer;
    EXPECT_EQ(answer,
              "setsockopt TCP_FASTOPEN_CONNECT: not here: it needs bit 1 of net.ipv4.tcp_fastopen");
}

}  // namespace
}  // namespace fivetuple

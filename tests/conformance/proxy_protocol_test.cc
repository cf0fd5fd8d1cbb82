#include "fivetuple/server/proxy_protocol.h"

#include "fivetuple/task/all_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/transport/tcp.h"
#include "fivetuple/transport/unix.h"

#include "tests/testing/world.h"
#include <array>
#include <cerrno>
#include <string>

// Who stands behind a connection, on real and simulated ones.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;
using ProxyProtocol = TaskTest;
FT_IN_ALL_WORLDS(ProxyProtocol);

constexpr std::string_view kLine = "PROXY TCP4 192.0.2.7 192.0.2.8 56324 443\r\n";

struct Connection {
    TcpStream client;
    TcpStream server;
};

Task<Result<TcpStream>> accept_one(TcpListener& listener) { co_return co_await listener.accept(); }

Task<Result<Connection>> connect(SocketAddress loopback) {
    Loop& loop = co_await this_loop();
    FT_CO_TRY(TcpListener listener, TcpListener::bind(loop, loopback));
    FT_CO_TRY(const SocketAddress at, listener.local_address());
    FT_CO_TRY(auto both, co_await all_of(TcpStream::connect(at), accept_one(listener)));
    co_return Connection{std::move(both.get<0>()), std::move(both.get<1>())};
}

ProxyOptions trusting() {
    ProxyOptions options;
    options.trusted = AccessList(Access::allow);
    return options;
}

// What becomes of a client that says `words`, and what comes behind the header.
Task<Result<KnownClient>> served(SocketAddress loopback, ProxyOptions options, std::string words,
                                 std::string* behind) {
    FT_CO_TRY(Connection both, co_await connect(loopback));
    auto sent = co_await both.client.write_all(bytes_of(words));
    if (!sent) co_return std::unexpected(std::move(sent).error());
    auto known = co_await know_client(both.server, options);
    FT_CO_TRY_VOID(both.client.shutdown_write());
    std::array<std::byte, 100> room;
    while (true) {
        auto got = co_await both.server.read_some(room);
        if (!got || *got == 0) break;
        *behind += text_of(std::span(room).first(*got));
    }
    co_return known;
}

TEST_P(ProxyProtocol, ATrustedPeerTellsWhomItSpeaksFor) {
    ProxyHeader header;
    header.from = *SocketAddress::parse("[2001:db8::7]:1000");
    header.to = *SocketAddress::parse("[2001:db8::8]:443");
    header.authority = "example.org";
    const auto block = *to_proxy_v2(header);
    for (const std::string& words : {std::string(kLine), std::string(text_of(block))}) {
        std::string behind;
        const auto known =
            run(loop(), served(loopback(), trusting(), words + "the request", &behind));
        ASSERT_TRUE(known) << known.error().message();
        ASSERT_TRUE(known->header);
        EXPECT_EQ(known->from, known->header->from);
        EXPECT_EQ(known->to, known->header->to);
        EXPECT_THAT(known->from.to_string(), ::testing::HasSubstr(":"));
        EXPECT_EQ(behind, "the request") << "is left on the stream";
    }
}

TEST_P(ProxyProtocol, AProxyThatSpeaksForItselfIsTheClient) {
    for (const std::string& words : {std::string("PROXY UNKNOWN\r\n"),
                                     std::string(text_of(*to_proxy_v2({.is_local = true})))}) {
        std::string behind;
        const auto known = run(loop(), served(loopback(), trusting(), words, &behind));
        ASSERT_TRUE(known) << known.error().message();
        EXPECT_TRUE(known->header);
        EXPECT_EQ(known->from.ip(), loopback().ip());
        EXPECT_NE(known->from.port(), 0);
    }
}

TEST_P(ProxyProtocol, F103_WhoIsNotTrustedIsRefusedUnread) {
    std::string behind;
    const auto known = run(loop(), served(loopback(), {}, std::string(kLine), &behind));
    ASSERT_FALSE(known);
    EXPECT_TRUE(known.error().is(EACCES)) << known.error().message();
    EXPECT_THAT(known.error().message(), ::testing::HasSubstr("not one that is trusted"));
    EXPECT_EQ(behind, kLine);
}

TEST_P(ProxyProtocol, F103_WhoIsNotTrustedMayBeServedAsTheClientThatItIs) {
    ProxyOptions options;
    options.serves_others = true;
    std::string behind;
    const auto known = run(loop(), served(loopback(), options, std::string(kLine), &behind));
    ASSERT_TRUE(known) << known.error().message();
    EXPECT_FALSE(known->header);
    EXPECT_EQ(known->from.ip(), loopback().ip());
    EXPECT_EQ(behind, kLine) << "what it says of others is data like any other";
}

TEST_P(ProxyProtocol, F101_ATrustedPeerMustBeginWithAHeader) {
    std::string behind;
    auto known = run(loop(), served(loopback(), trusting(), "GET / HTTP/1.1\r\n\r\n", &behind));
    ASSERT_FALSE(known);
    EXPECT_EQ(known.error().cause(), Cause::malformed);
    ProxyOptions options = trusting();
    options.limit = 100ms;
    known = run(loop(), served(loopback(), options, "PROXY TCP4 192.0.2", &behind));
    ASSERT_FALSE(known);
    EXPECT_TRUE(known.error().is_deadline()) << known.error().message();
    EXPECT_THAT(known.error().message(), ::testing::StartsWith("PROXY header "));
}

TEST_P(ProxyProtocol, AHeaderOfOurOwnIsUnderstood) {
    const auto told = [](SocketAddress at, ProxyOptions options) -> Task<Result<void>> {
        FT_CO_TRY(Connection front, co_await connect(at));
        FT_CO_TRY(Connection behind, co_await connect(at));
        FT_CO_TRY(ProxyHeader header, proxy_header_for(front.server));
        header.has_checksum = true;
        FT_CO_TRY_VOID(co_await write_proxy_header(behind.client, header));
        FT_CO_TRY(const KnownClient known, co_await know_client(behind.server, options));
        FT_CO_TRY(const SocketAddress client, front.client.local_address());
        FT_CO_TRY(const SocketAddress server, front.client.peer_address());
        EXPECT_EQ(known.from, client);
        EXPECT_EQ(known.to, server);
        co_return {};
    };
    const auto done = run(loop(), told(loopback(), trusting()));
    EXPECT_TRUE(done) << done.error().message();
}

TEST_P(ProxyProtocol, F103_PeersInTheUnixDomainAreTrustedApart) {
    FT_NEEDS_KERNEL("the Unix domain");
    const auto told = [](ProxyOptions options) -> Task<Result<KnownClient>> {
        FT_CO_TRY(auto pair, UnixStream::pair(co_await this_loop()));
        auto sent = co_await pair.first.write_all(bytes_of(kLine));
        EXPECT_TRUE(sent);
        co_return co_await know_client(pair.second, options);
    };
    EXPECT_FALSE(run(loop(), told(trusting()))) << "whatever the networks";
    ProxyOptions options;
    options.trusts_unix = true;
    const auto known = run(loop(), told(options));
    ASSERT_TRUE(known) << known.error().message();
    EXPECT_EQ(known->from.to_string(), "192.0.2.7:56324");
}

}  // namespace
}  // namespace fivetuple::testing_help

#include "fivetuple/blocking/tcp.h"
#include "fivetuple/blocking/udp.h"
#include "fivetuple/blocking/unix_messages.h"
#include "fivetuple/os/clock.h"
#include "fivetuple/os/options.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/tcp.h"
#include "fivetuple/transport/udp.h"
#include "fivetuple/transport/unix_messages.h"

#include <unistd.h>

#include "tests/testing/testing.h"
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

// One program for both halves of the library: the same names, verbs, options, results and errors,
// whether calls are awaited or block. Only how they are waited for is written twice, here.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

struct Awaited {
    using TcpStream = fivetuple::TcpStream;
    using TcpListener = fivetuple::TcpListener;
    using UdpSocket = fivetuple::UdpSocket;
    using UnixStream = fivetuple::UnixStream;
    using UnixListener = fivetuple::UnixListener;
    using UnixDatagram = fivetuple::UnixDatagram;
    using UnixSeqpacket = fivetuple::UnixSeqpacket;
    using UnixSeqpacketListener = fivetuple::UnixSeqpacketListener;

    template <class S, class... Options>
    auto bind(const SocketAddress& at, const Options&... options) {
        return S::bind(*loop_, at, options...);
    }
    template <class S>
    auto pair() {
        return S::pair(*loop_);
    }
    /// What `call()` gives.
    template <class Call>
    auto wait(Call call) {
        return run(*loop_, awaiting(call));
    }
    /// The same, but no later than in `limit`.
    template <class Call>
    auto within(Duration limit, Call call) {
        return run(*loop_, awaiting_within(limit, call));
    }

private:
    template <class Call>
    static auto awaiting(Call& call) -> Task<AwaitResult<decltype(call())>> {
        auto got = co_await call();
        co_return std::move(got);
    }
    template <class Call>
    static auto awaiting_within(Duration limit, Call& call) -> Task<AwaitResult<decltype(call())>> {
        auto got = co_await fivetuple::within(limit, call());
        co_return std::move(got);
    }
    std::unique_ptr<Loop> loop_ = Loop::open().value();
};

struct Blocking {
    using TcpStream = blocking::TcpStream;
    using TcpListener = blocking::TcpListener;
    using UdpSocket = blocking::UdpSocket;
    using UnixStream = blocking::UnixStream;
    using UnixListener = blocking::UnixListener;
    using UnixDatagram = blocking::UnixDatagram;
    using UnixSeqpacket = blocking::UnixSeqpacket;
    using UnixSeqpacketListener = blocking::UnixSeqpacketListener;

    template <class S, class... Options>
    auto bind(const SocketAddress& at, const Options&... options) {
        return S::bind(at, options...);
    }
    template <class S>
    auto pair() {
        return S::pair();
    }
    template <class Call>
    auto wait(Call call) {
        return call();
    }
    template <class Call>
    auto within(Duration limit, Call call) {
        return call(after(monotonic_now(), limit));
    }
};

template <class Half>
class Twins : public ::testing::Test {
protected:
    SocketAddress loopback() const { return {IpAddress::loopback_v4(), 0}; }
    SocketAddress path(const std::string& name) const {
        return SocketAddress::unix_path(folder_.path(name)).value();
    }
    Half& half() { return half_; }

    /// Both ends of a TCP connection.
    auto connect() {
        auto listener = half_.template bind<typename Half::TcpListener>(loopback()).value();
        const SocketAddress at = listener.local_address().value();
        auto client = half_.wait([&] { return Half::TcpStream::connect(at); }).value();
        auto server = half_.wait([&] { return listener.accept(); }).value();
        return std::pair(std::move(client), std::move(server));
    }
    /// A message each way, through whatever has the verbs of streams.
    template <class S>
    void converse(S& client, S& server) {
        const Transfer sent = half_.wait([&] { return client.write_all(bytes_of("question")); });
        EXPECT_EQ(sent.bytes_moved(), 8u);
        auto got = half_.wait([&] { return server.read(); });
        EXPECT_EQ(text_of(got->bytes()), "question");
        std::array<Bytes, 2> pieces{bytes_of("ans"), bytes_of("wer")};
        EXPECT_TRUE(half_.wait([&] { return server.writev(pieces); }));
        std::array<std::byte, 6> room;
        EXPECT_TRUE(half_.wait([&] { return client.read_exact(room); }));
        EXPECT_EQ(text_of(room), "answer");
        EXPECT_TRUE(client.shutdown_write());
        EXPECT_TRUE(half_.wait([&] { return server.hang_up(); }));
        auto end = half_.wait([&] { return server.read_some(room); });
        EXPECT_EQ(end.value(), 0u);
    }

private:
    NoDescriptorLeaks no_leaks_;
    TemporaryFolder folder_;
    Half half_;
};
using Halves = ::testing::Types<Awaited, Blocking>;
struct HalfNames {
    template <class Half>
    static std::string GetName(int) {
        return std::is_same_v<Half, Awaited> ? "awaited" : "blocking";
    }
};
TYPED_TEST_SUITE(Twins, Halves, HalfNames);

TYPED_TEST(Twins, A1_TcpConnectsAcceptsReadsAndWrites) {
    auto [client, server] = this->connect();
    EXPECT_EQ(client.five_tuple().value(), server.five_tuple().value().reversed());
    EXPECT_EQ(client.five_tuple()->protocol, Protocol::tcp);
    EXPECT_TRUE(get<NoDelay>(server).value().on);
    this->converse(client, server);
}

TYPED_TEST(Twins, A1_AListenerTellsWhereItIsAndWhoWaits) {
    auto& half = this->half();
    using Listener = typename TypeParam::TcpListener;
    auto listener =
        half.template bind<Listener>(this->loopback(), ListenOptions{.backlog = 7}).value();
    const SocketAddress at = listener.local_address().value();
    EXPECT_NE(at.port(), 0);
    auto client = half.wait([&] { return TypeParam::TcpStream::connect(at); });
    EXPECT_TRUE(client.has_value());
    EXPECT_EQ(listener.accept_queue()->limit, 7u);
    EXPECT_EQ(listener.accept_queue()->waiting, 1u);
    const auto taken = half.template bind<Listener>(at);
    ASSERT_FALSE(taken.has_value());
    EXPECT_EQ(taken.error().message(), "bind " + at.to_string() + ": Address already in use");
}

TYPED_TEST(Twins, A1_AConnectionFromAnAddressOfOnesOwn) {
    auto& half = this->half();
    auto listener = half.template bind<typename TypeParam::TcpListener>(this->loopback()).value();
    const SocketAddress at = listener.local_address().value();
    typename TypeParam::TcpStream::ConnectOptions options;
    options.from = SocketAddress::parse("127.0.0.9:0").value();
    auto client = half.wait([&] { return TypeParam::TcpStream::connect(at, options); });
    ASSERT_TRUE(client.has_value());
    EXPECT_EQ(client->local_address()->ip().to_string(), "127.0.0.9");
    auto server = half.wait([&] { return listener.accept(); });
    EXPECT_EQ(server->peer_address().value(), client->local_address().value());
}

TYPED_TEST(Twins, A1_ErrorsSayTheSame) {
    auto& half = this->half();
    using Stream = typename TypeParam::TcpStream;
    SocketAddress nowhere;
    {
        auto gone = half.template bind<typename TypeParam::TcpListener>(this->loopback()).value();
        nowhere = gone.local_address().value();
    }
    const auto refused = half.wait([&] { return Stream::connect(nowhere); });
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().message(), "connect " + nowhere.to_string() + ": Connection refused");
    const SocketAddress path = this->path("none");
    const auto wrong = half.wait([&] { return Stream::connect(path); });
    ASSERT_FALSE(wrong.has_value());
    EXPECT_EQ(wrong.error().cause(), Cause::malformed);
    EXPECT_EQ(wrong.error().message(), "connect " + path.to_string() + ": TCP needs an IP address");
    const auto absent = half.wait([&] { return TypeParam::UnixStream::connect(path); });
    ASSERT_FALSE(absent.has_value());
    EXPECT_EQ(absent.error().message(),
              "connect " + path.to_string() + ": No such file or directory");
    auto [client, server] = this->connect();
    client.close();
    std::array<std::byte, 4> room;
    const Transfer ended = half.wait([&] { return server.read_exact(room); });
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().cause(), Cause::ended);
    EXPECT_EQ(ended.error().call(), "recv");
}

TYPED_TEST(Twins, A1_D1_ADeadlineEndsACallAndLeavesTheSocketAsItIs) {
    auto& half = this->half();
    auto [client, server] = this->connect();
    std::array<std::byte, 4> room;
    const Result<std::size_t> some =
        half.within(1ms, [&](auto... deadline) { return server.read_some(room, deadline...); });
    ASSERT_FALSE(some.has_value());
    EXPECT_TRUE(some.error().is_deadline());
    EXPECT_EQ(some.error().call(), "recv");
    const Result<void> hung_up =
        half.within(1ms, [&](auto... deadline) { return server.hang_up(deadline...); });
    EXPECT_TRUE(hung_up.error().is_deadline());
    EXPECT_TRUE(half.wait([&] { return client.write_all(bytes_of("ab")); }));
    const Transfer half_of_it =
        half.within(10ms, [&](auto... deadline) { return server.read_exact(room, deadline...); });
    ASSERT_FALSE(half_of_it);
    EXPECT_TRUE(half_of_it.error().is_deadline());
    EXPECT_EQ(half_of_it.bytes_moved(), 2u);
    this->converse(client, server);
}

TYPED_TEST(Twins, A1_UdpSendsReceivesAndTells) {
    auto& half = this->half();
    using Udp = typename TypeParam::UdpSocket;
    UdpOptions options;
    options.tell.packet_info = true;
    options.tell.ttl = true;
    auto there = half.template bind<Udp>(this->loopback(), options).value();
    const SocketAddress at = there.local_address().value();
    auto here = half.wait([&] { return Udp::connect(at); }).value();
    SendDetails seven_hops;
    seven_hops.ttl = 7;
    EXPECT_TRUE(half.wait([&] { return here.send(bytes_of("one"), seven_hops); }));
    std::array<std::byte, 100> room;
    auto got = half.wait([&] { return there.receive(room); });
    ASSERT_TRUE(got.has_value());
    EXPECT_EQ(text_of(got->bytes), "one");
    EXPECT_EQ(got->from, here.local_address().value());
    EXPECT_EQ(got->details.ttl, 7);
    EXPECT_EQ(got->details.sent_to, at.ip());
    const SocketAddress back = got->from;
    EXPECT_TRUE(half.wait([&] { return there.send_to(bytes_of("answer"), back); }));
    const auto cut =
        half.wait([&] { return here.receive(std::span(room).first(3), WhenCut::keep); });
    EXPECT_TRUE(cut->is_truncated());
    EXPECT_EQ(cut->size, 6u);
    const auto silence =
        half.within(1ms, [&](auto... deadline) { return here.receive(room, deadline...); });
    EXPECT_TRUE(silence.error().is_deadline());
}

TYPED_TEST(Twins, A1_UdpMovesManyAtOnce) {
    auto& half = this->half();
    using Udp = typename TypeParam::UdpSocket;
    auto there = half.template bind<Udp>(this->loopback()).value();
    const SocketAddress at = there.local_address().value();
    auto here = half.wait([&] { return Udp::connect(at); }).value();
    EXPECT_EQ(here.means().to_string().substr(0, 5), "sends");
    const std::string large(1000, 'x');
    SendBatch out;
    for (int count = 0; count < 20; ++count) out.add(bytes_of(large));
    out.add(bytes_of("last"));
    const Transfer sent = half.wait([&] { return here.send_many(out); });
    EXPECT_TRUE(sent);
    EXPECT_EQ(sent.bytes_moved(), 21u);
    ReceiveBatch in(8, 65536);
    std::size_t datagrams = 0;
    std::string last;
    while (datagrams < 21) {
        const auto came = half.wait([&] { return there.receive_many(in); });
        ASSERT_TRUE(came.has_value());
        for (const Datagram& each : in) {
            ++datagrams;
            last = text_of(each.bytes);
        }
    }
    EXPECT_EQ(datagrams, 21u);
    EXPECT_EQ(last, "last");
}

TYPED_TEST(Twins, A1_UdpTellsOfWhomItMissed) {
    auto& half = this->half();
    using Udp = typename TypeParam::UdpSocket;
    SocketAddress nowhere;
    {
        auto gone = half.template bind<Udp>(this->loopback()).value();
        nowhere = gone.local_address().value();
    }
    UdpOptions reports;
    reports.report_failures = true;
    auto here = half.template bind<Udp>(this->loopback(), reports);
    EXPECT_TRUE(half.wait([&] { return here->send_to(bytes_of("anybody?"), nowhere); }));
    std::array<std::byte, 100> room;
    const auto got = half.wait([&] { return here->receive(room); });
    ASSERT_FALSE(got.has_value());
    EXPECT_EQ(got.error().message(), "recvmsg: Connection refused");
    const auto failure = here->take_failure();
    ASSERT_TRUE(failure.has_value());
    EXPECT_EQ(failure->sent_to, nowhere);
    EXPECT_FALSE(here->take_failure().has_value());
}

TYPED_TEST(Twins, A1_UnixStreamsByPathByNameAndInPairs) {
    auto& half = this->half();
    using Listener = typename TypeParam::UnixListener;
    const std::string own = "fivetuple-twins-" + std::to_string(::getpid());
    for (const SocketAddress& at :
         {this->path("streams"), SocketAddress::unix_abstract(own).value()}) {
        auto listener = half.template bind<Listener>(at).value();
        auto client = half.wait([&] { return TypeParam::UnixStream::connect(at); }).value();
        auto server = half.wait([&] { return listener.accept(); }).value();
        EXPECT_EQ(client.five_tuple()->protocol, Protocol::unix_stream);
        EXPECT_TRUE(require_peer(server, ::getuid()));
        EXPECT_TRUE(require_peer(server, ::getuid() + 1).error().is(EACCES));
        this->converse(client, server);
    }
    auto [one, other] = half.template pair<typename TypeParam::UnixStream>().value();
    this->converse(one, other);
}

TYPED_TEST(Twins, A1_UnixDatagramsAnswerWhoIsConnectedFromAPath) {
    auto& half = this->half();
    using Socket = typename TypeParam::UnixDatagram;
    auto there = half.template bind<Socket>(this->path("there"), PathOptions{.mode = 0600});
    auto here = half.template bind<Socket>(this->path("here"));
    const SocketAddress at = this->path("there");
    EXPECT_TRUE(half.wait([&] { return here->connect_to(at); }));
    EXPECT_EQ(half.wait([&] { return here->send(bytes_of("one")); }).value(), 3u);
    std::array<std::byte, 100> room;
    auto got = half.wait([&] { return there->receive(room); });
    EXPECT_EQ(text_of(got->bytes), "one");
    EXPECT_EQ(got->from, this->path("here"));
    const SocketAddress back = got->from;
    EXPECT_TRUE(half.wait([&] { return there->send_to(bytes_of("answer"), back); }));
    got = half.wait([&] { return here->receive(room); });
    EXPECT_EQ(text_of(got->bytes), "answer");
}

TYPED_TEST(Twins, A1_UnixMessagesPassDescriptors) {
    auto& half = this->half();
    const SocketAddress at = this->path("messages");
    auto listener = half.template bind<typename TypeParam::UnixSeqpacketListener>(at).value();
    auto client = half.wait([&] { return TypeParam::UnixSeqpacket::connect(at); }).value();
    auto server = half.wait([&] { return listener.accept(); }).value();
    auto [near, far] = half.template pair<typename TypeParam::UnixDatagram>().value();
    const std::array<int, 2> files{STDIN_FILENO, STDOUT_FILENO};
    std::array<std::byte, 100> room;
    EXPECT_TRUE(half.wait([&] { return client.send(bytes_of("take"), files); }));
    auto got = half.wait([&] { return server.receive(room); });
    EXPECT_EQ(text_of(got->bytes), "take");
    EXPECT_EQ(got->files.size(), 2u);
    EXPECT_TRUE(half.wait([&] { return near.send(bytes_of("and this"), files); }));
    got = half.wait([&] { return far.receive(room); });
    EXPECT_EQ(got->files.size(), 2u);
    EXPECT_TRUE(half.wait([&] { return server.send(bytes_of("too long")); }));
    const auto cut = half.wait([&] { return client.receive(std::span(room).first(3)); });
    EXPECT_EQ(cut.error().message(), "recvmsg: a message of 8 bytes came, and the buffer holds 3");
    client.close();
    const auto end = half.wait([&] { return server.receive(room); });
    EXPECT_TRUE(end->bytes.empty());
}

}  // namespace
}  // namespace fivetuple::testing_help

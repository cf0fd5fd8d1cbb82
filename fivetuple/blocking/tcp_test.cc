#include "fivetuple/blocking/tcp.h"

#include "fivetuple/os/clock.h"
#include "fivetuple/os/options.h"

#include <fcntl.h>
#include <sys/resource.h>

#include "tests/testing/signal_storm.h"
#include "tests/testing/testing.h"
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <utility>
#include <vector>

namespace fivetuple::blocking {
namespace {

using namespace std::chrono_literals;
using testing_help::Helper;
using testing_help::SignalStorm;

Time soon(Duration limit = 10ms) { return after(monotonic_now(), limit); }

class BlockingTcp : public ::testing::Test {
protected:
    TcpListener listen(const ListenOptions& options = {}) {
        return TcpListener::bind({IpAddress::loopback_v4(), 0}, options).value();
    }
    std::pair<TcpStream, TcpStream> connect() {
        TcpListener listener = listen();
        TcpStream client = TcpStream::connect(listener.local_address().value()).value();
        return {std::move(client), listener.accept().value()};
    }

private:
    testing_help::NoDescriptorLeaks no_leaks_;
};

TEST_F(BlockingTcp, A1_MegabytesGoBothWaysThroughASignalStorm) {
    TcpListener listener = listen();
    const auto question = testing_help::some_bytes(3'000'000, 1);
    const auto answer = testing_help::some_bytes(3'000'000, 2);
    const SignalStorm storm;
    const Helper server([&] {
        auto peer = listener.accept();
        std::vector<std::byte> asked(question.size());
        EXPECT_TRUE(peer->read_exact(asked));
        EXPECT_TRUE(asked == question);
        SignalStorm::await(5);
        const auto middle = answer.begin() + 1'000'001;
        std::array<Bytes, 3> pieces{Bytes(answer.begin(), middle), Bytes(),
                                    Bytes(middle, answer.end())};
        EXPECT_EQ(peer->writev(pieces).bytes_moved(), answer.size());
    });
    TcpStream client = TcpStream::connect(listener.local_address().value()).value();
    EXPECT_TRUE(client.write_all(question));
    std::vector<std::byte> answered;
    while (answered.size() < answer.size()) {
        auto got = client.read();
        ASSERT_TRUE(got.has_value() && !got->empty());
        answered.insert(answered.end(), got->bytes().begin(), got->bytes().end());
    }
    EXPECT_TRUE(answered == answer);
}

TEST_F(BlockingTcp, D1_EveryCallThatMayWaitHasADeadline) {
    TcpListener listener = listen();
    const auto nobody = listener.accept(soon());
    EXPECT_EQ(nobody.error().message(), "accept: the time limit ran out");
    auto [client, server] = connect();
    EXPECT_TRUE(client.read(soon()).error().is_deadline());
    EXPECT_TRUE(client.hang_up(soon()).error().is_deadline());
    EXPECT_TRUE(set(client, SendBuffer{4096}));
    EXPECT_TRUE(set(server, ReceiveBuffer{4096}));
    const std::vector<std::byte> large(10'000'000);
    const Transfer stuck = client.write_all(large, soon(50ms));
    EXPECT_TRUE(stuck.error().is_deadline());
    EXPECT_GT(stuck.bytes_moved(), 0u);
    std::array<Bytes, 1> pieces{large};
    const Transfer stuck_pieces = client.writev(pieces, soon());
    EXPECT_EQ(stuck_pieces.error().message(), "sendmsg: the time limit ran out");
    // What had gone before is all that the peer gets.
    client.close();
    std::size_t got = 0;
    for (auto some = server.read(); some && !some->empty(); some = server.read()) {
        got += some->size();
    }
    EXPECT_EQ(got, stuck.bytes_moved() + stuck_pieces.bytes_moved());
}

TEST_F(BlockingTcp, D1_APeerThatNeverPausesMovesNoDeadline) {
    auto [client, server] = connect();
    std::atomic<bool> is_over = false;
    const Helper flood([&] {
        const std::vector<std::byte> some(65536);
        while (!is_over && server.write_all(some, soon(1s))) {
        }
    });
    std::vector<std::byte> room(64'000'000);
    const Time deadline = soon(20ms);
    // More than can come by then, but for the fastest of machines, which then fill it again.
    Transfer got = client.read_exact(room, deadline);
    while (got) got = client.read_exact(room, deadline);
    EXPECT_TRUE(got.error().is_deadline());
    EXPECT_GE(monotonic_now(), deadline);
    is_over = true;
    client.close();
}

TEST_F(BlockingTcp, D1_ADeadlineThatIsPastStillTakesWhatIsThere) {
    auto [client, server] = connect();
    EXPECT_TRUE(client.write_all(bytes_of("here")));
    EXPECT_TRUE(server.hang_up(soon()).error().is_deadline());
    const Time past = monotonic_now() - 1s;
    std::array<std::byte, 4> room;
    EXPECT_TRUE(server.read_exact(room, past));
    EXPECT_TRUE(server.read_some(room, past).error().is_deadline());
}

TEST_F(BlockingTcp, F29_ADeadlineIsNotMovedByInterruptions) {
    auto [client, server] = connect();
    const SignalStorm storm;
    const Time deadline = soon(30ms);
    EXPECT_TRUE(server.read(deadline).error().is_deadline());
    EXPECT_GE(monotonic_now(), deadline);
}

TEST_F(BlockingTcp, A4_AfterShuttingDownOneDirectionTheOtherGoesOn) {
    auto [client, server] = connect();
    EXPECT_TRUE(client.shutdown_write());
    EXPECT_TRUE(server.read()->empty());
    auto back = std::move(client);
    EXPECT_TRUE(server.write_all(bytes_of("rest")));
    std::array<std::byte, 4> room;
    EXPECT_TRUE(back.read_exact(room));
}

TEST_F(BlockingTcp, C2_WritingToAPeerThatHasGoneFailsAndKillsNobody) {
    auto [client, server] = connect();
    server.close();
    EXPECT_TRUE(client.hang_up());
    const std::vector<std::byte> some(100'000);
    Transfer sent = client.write_all(some);
    for (int tries = 0; sent && tries < 100; ++tries) sent = client.write_all(some);
    ASSERT_FALSE(sent);
    EXPECT_TRUE(sent.error().is(EPIPE) || sent.error().is(ECONNRESET)) << sent.error().message();
}

TEST_F(BlockingTcp, AnAnswerAndTheNextQuestionAreOneCall) {
    auto [client, server] = connect();
    EXPECT_TRUE(client.write_all(bytes_of("one")));
    auto asked = server.read();
    const Helper peer([&] {
        std::array<std::byte, 3> room;
        EXPECT_TRUE(client.read_exact(room));
        EXPECT_EQ(text_of(room), "one");
        EXPECT_TRUE(client.write_all(bytes_of("two")));
    });
    asked = server.write_then_read(*std::move(asked), soon(20s));
    EXPECT_EQ(text_of(asked->bytes()), "two");
    EXPECT_TRUE(server.write_then_read(asked->bytes(), soon()).error().is_deadline());
}

TEST_F(BlockingTcp, ALeaseOutlivesItsStream) {
    Lease kept;
    {
        auto [client, server] = connect();
        EXPECT_TRUE(client.write_all(bytes_of("kept")));
        kept = server.read().value();
    }
    EXPECT_EQ(text_of(kept.bytes()), "kept");
}

TEST_F(BlockingTcp, B1_OneIpv6ListenerServesIpv4UnlessItIsToldNotTo) {
    for (const bool only : {false, true}) {
        auto listener = TcpListener::bind(SocketAddress::parse("[::]:0").value(),
                                          ListenOptions{.v6_only = only});
        ASSERT_TRUE(listener.has_value());
        const SocketAddress v4(IpAddress::loopback_v4(), listener->local_address()->port());
        const auto client = TcpStream::connect(v4, soon(20s));
        EXPECT_EQ(client.has_value(), !only);
    }
}

TEST_F(BlockingTcp, J6_SeveralListenersShareAnAddressWhenTheyAllWantTo) {
    TcpListener one = listen(ListenOptions{.reuse_port = true});
    const SocketAddress at = one.local_address().value();
    EXPECT_TRUE(TcpListener::bind(at).error().is(EADDRINUSE));
    EXPECT_TRUE(TcpListener::bind(at, ListenOptions{.reuse_port = true}));
}

TEST_F(BlockingTcp, F01_OutOfDescriptorsAcceptingFailsAndTheListenerIsWell) {
    TcpListener listener = listen();
    TcpStream client = TcpStream::connect(listener.local_address().value()).value();
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const rlimit none{0, before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
    const auto refused = listener.accept(soon());
    ::setrlimit(RLIMIT_NOFILE, &before);
    ASSERT_FALSE(refused.has_value());
    EXPECT_TRUE(refused.error().is(EMFILE));
    EXPECT_TRUE(listener.accept(soon(20s)).has_value());
}

TEST_F(BlockingTcp, ADescriptorIsCloseOnExecAndCanBeGivenUp) {
    auto [client, server] = connect();
    EXPECT_NE(::fcntl(server.fd().raw(), F_GETFD) & FD_CLOEXEC, 0);
    const Fd given = std::move(server).release();
    EXPECT_TRUE(given);
    EXPECT_TRUE(client.write_all(bytes_of("there")));
    TcpStream again((Socket(Fd(::fcntl(given.raw(), F_DUPFD_CLOEXEC, 0)))));
    EXPECT_EQ(text_of(again.read()->bytes()), "there");
}

TEST_F(BlockingTcp, ASocketThatIsNoneSaysSo) {
    TcpStream none;
    EXPECT_FALSE(none);
    std::array<std::byte, 4> room;
    EXPECT_TRUE(none.read_some(room).error().is(EBADF));
    EXPECT_TRUE(none.hang_up(soon()).error().is(EBADF));
    EXPECT_TRUE(none.local_address().error().is(EBADF));
}

}  // namespace
}  // namespace fivetuple::blocking

#include "fivetuple/os/options.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/tcp.h"

#include <linux/filter.h>

#include "tests/testing/both_ends.h"
#include "tests/testing/world.h"
#include <array>

// Peers that stop answering, as when their machine loses its power: a filter on their socket throws
// away whatever arrives, before TCP sees it.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

/// The bytes of a C structure, for an option that has no type of its own.
template <class T>
Bytes as_bytes(const T& value) {
    return std::as_bytes(std::span(&value, 1));
}

template <class Socket>
void vanish(Socket& socket) {
    sock_filter nothing_passes[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    const sock_fprog program{1, nothing_passes};
    EXPECT_TRUE(socket.set_option(SOL_SOCKET, SO_ATTACH_FILTER, as_bytes(program)));
}

template <class Socket>
void come_back(Socket& socket) {
    const int nothing = 0;
    EXPECT_TRUE(socket.set_option(SOL_SOCKET, SO_DETACH_FILTER, as_bytes(nothing)));
}

class VanishedPeer : public ConnectionTest {};
FT_IN_KERNEL_WORLDS(VanishedPeer);

TEST_P(VanishedPeer, F39_DataThatNobodyAcknowledgesEndsTheConnectionInItsUserTimeout) {
    on_both_ends([](TcpStream client, TcpStream server) -> Task<void> {
        EXPECT_TRUE(set(client, UserTimeout{{300ms}}));
        vanish(server);
        auto sent = co_await client.write_all(bytes_of("anybody?"));
        EXPECT_TRUE(sent) << "the kernel takes it, not the peer";
        auto got = co_await within(30s, client.read());
        EXPECT_TRUE(!got && got.error().is(ETIMEDOUT));
        auto end = co_await client.read();
        EXPECT_TRUE(end && end->empty()) << "told once";
        auto again = co_await client.write_all(bytes_of("anybody?"));
        EXPECT_TRUE(!again && again.error().is(EPIPE));
    });
}

TEST_P(VanishedPeer, F39_AWriterIsReleasedToo) {
    on_both_ends([](TcpStream client, TcpStream server) -> Task<void> {
        EXPECT_TRUE(set(client, UserTimeout{{300ms}}));
        EXPECT_TRUE(set(client, SendBuffer{{4096}}));
        vanish(server);
        const auto data = some_bytes(std::size_t{1} << 20);
        auto sent = co_await within(30s, client.write_all(data));
        // An io_uring send that has moved some bytes says how many; the kernel then forgets why it
        // moved no more, and the next one finds the connection broken.
        EXPECT_TRUE(!sent && (sent.error().is(ETIMEDOUT) || sent.error().is(EPIPE)));
        EXPECT_LT(sent.bytes_moved(), data.size());
    });
}

TEST_P(VanishedPeer, F40_KeepAliveFindsAnIdlePeerGone) {
    on_both_ends([](TcpStream client, TcpStream server) -> Task<void> {
        EXPECT_TRUE(set(client, KeepAlive{}));
        EXPECT_TRUE(set(client, KeepAliveIdle{{1s}}));
        EXPECT_TRUE(set(client, KeepAliveInterval{{1s}}));
        EXPECT_TRUE(set(client, KeepAliveProbes{{1}}));
        vanish(server);
        auto got = co_await within(30s, client.read());
        EXPECT_TRUE(!got && got.error().is(ETIMEDOUT));
    });
}

TEST_P(VanishedPeer, F41_APeerThatComesBackInTimeHasMissedNothing) {
    on_both_ends([](TcpStream client, TcpStream server) -> Task<void> {
        vanish(server);
        auto sent = co_await client.write_all(bytes_of("anybody?"));
        EXPECT_TRUE(sent);
        auto none = co_await within(50ms, server.read());
        EXPECT_TRUE(!none && none.error().is_deadline());
        come_back(server);
        std::array<std::byte, 8> room;
        auto got = co_await within(30s, server.read_exact(room));
        EXPECT_TRUE(got);
        EXPECT_EQ(text_of(room), "anybody?");
    });
}

Task<void> connect_in_vain(SocketAddress at) {
    Loop& here = co_await this_loop();
    auto listener = TcpListener::bind(here, at);
    auto address = listener->local_address();
    vanish(*listener);
    for (int times = 0; times < 3; ++times) {
        auto late = co_await within(20ms, TcpStream::connect(*address));
        EXPECT_TRUE(!late && late.error().is_deadline());
        EXPECT_EQ(late.error().message(),
                  "connect " + address->to_string() + ": the time limit ran out");
    }
    // Nobody was let in by those.
    come_back(*listener);
    auto accepted = co_await within(20ms, listener->accept());
    EXPECT_TRUE(!accepted && accepted.error().is_deadline());
}

TEST_P(VanishedPeer, F26_F39_AConnectThatNobodyAnswersEndsWithItsDeadline) {
    run(loop(), connect_in_vain(loopback()));
}

Task<Result<void>> come_back_later(TcpListener& listener) {
    FT_CO_TRY_VOID(co_await sleep(100ms));
    come_back(listener);
    co_return {};
}

Task<void> connect_at_last(SocketAddress at) {
    Loop& here = co_await this_loop();
    auto listener = TcpListener::bind(here, at);
    auto address = listener->local_address();
    vanish(*listener);
    auto body = [](Scope& scope, TcpListener& from, SocketAddress to) -> Task<Result<void>> {
        scope.spawn(come_back_later(from));
        FT_CO_TRY(auto client, co_await within(30s, TcpStream::connect(to)));
        FT_CO_TRY(auto server, co_await from.accept());
        FT_CO_TRY_VOID(client.shutdown_write());
        FT_CO_TRY(const Lease end, co_await server.read());
        EXPECT_TRUE(end.empty());
        co_return {};
    };
    auto done = co_await with_scope(body, std::ref(*listener), *address);
    EXPECT_TRUE(done) << done.error().message();
}

TEST_P(VanishedPeer, AConnectIsTriedAgainUntilItIsAnswered) {
    run(loop(), connect_at_last(loopback()));
}

}  // namespace
}  // namespace fivetuple::testing_help

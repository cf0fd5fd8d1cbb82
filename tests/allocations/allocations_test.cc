#include "fivetuple/task/all_of.h"
#include "fivetuple/task/channel.h"
#include "fivetuple/task/first_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/tcp.h"

#include "tests/allocations/count_allocations.h"
#include "tests/testing/world.h"
#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>

// Once warm, neither a request nor a connection asks for memory, on any backend.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

TEST(CountAllocations, SeesEveryWayToAsk) {
    const std::uint64_t before = allocations();
    const auto by_new = std::make_unique<std::array<int, 100>>();
    EXPECT_EQ(allocations(), before + 1);
    struct alignas(256) Aligned {
        int value = 0;
    };
    const auto aligned = std::make_unique<Aligned>();
    EXPECT_EQ(allocations(), before + 2);
    // strdup() is a function of the C library.
    const std::unique_ptr<char, decltype(&std::free)> by_library(::strdup("text"), &std::free);
    EXPECT_EQ(allocations(), before + 3);
}

constexpr int kWarm = 300;
constexpr int kMeasured = 1000;

using Result0 = Result<void>;

template <class T>
Result0 outcome_of(const T& done) {
    if (!done) return std::unexpected(done.error());
    return {};
}

// --- Ways to serve, and to ask -----------------------------------------------------------------

Task<Result0> serve_by_leases(TcpStream peer) {
    while (true) {
        FT_CO_TRY(const Lease got, co_await peer.read());
        if (got.empty()) co_return {};
        auto sent = co_await peer.write_all(got.bytes());
        if (!sent) co_return outcome_of(sent);
    }
}

Task<Result0> serve_in_one_call(TcpStream peer) {
    Result<Lease> got;
    do {
        got = co_await within(1min, peer.write_then_read(*std::move(got)));
    } while (got && !got->empty());
    co_return outcome_of(got);
}

Task<Result0> serve_by_bytes(TcpStream peer) {
    std::array<std::byte, 256> room;
    while (true) {
        FT_CO_TRY(const std::size_t got, co_await within(1min, peer.read_some(room)));
        if (got == 0) co_return {};
        std::array<Bytes, 2> pieces = {Bytes(room).first(1), Bytes(room).first(got).subspan(1)};
        auto sent = co_await peer.writev(pieces);
        if (!sent) co_return outcome_of(sent);
    }
}

template <class S>
Task<Result0> ask(S& server, Bytes question) {
    auto sent = co_await within(10s, server.write_all(question));
    if (!sent) co_return outcome_of(sent);
    std::array<std::byte, 256> room;
    auto got = co_await within(10s, server.read_exact(MutableBytes(room).first(question.size())));
    co_return outcome_of(got);
}

using Serve = Task<Result0> (*)(TcpStream peer);

class Allocations : public TaskTest {};
FT_IN_KERNEL_WORLDS(Allocations);

// --- Requests ----------------------------------------------------------------------------------

Task<Result0> count_of_requests(Scope& scope, SocketAddress at, Serve serve, std::uint64_t& count) {
    FT_CO_TRY(auto listener, TcpListener::bind(scope.loop(), at));
    FT_CO_TRY(auto address, listener.local_address());
    FT_CO_TRY(auto client, co_await TcpStream::connect(address));
    FT_CO_TRY(auto accepted, co_await listener.accept());
    scope.spawn(serve(std::move(accepted)));
    const auto question = some_bytes(100);
    std::uint64_t before = 0;
    for (int times = 0; times < kWarm + kMeasured; ++times) {
        if (times == kWarm) before = allocations();
        FT_CO_TRY_VOID(co_await ask(client, question));
    }
    count = allocations() - before;
    co_return {};
}

std::uint64_t requests(Loop& loop, const SocketAddress& at, Serve serve) {
    std::uint64_t count = UINT64_MAX;
    auto done = run(loop, with_scope(count_of_requests, at, serve, std::ref(count)));
    EXPECT_TRUE(done) << done.error().message();
    return count;
}

TEST_P(Allocations, ARequestAsksForNone) {
    EXPECT_EQ(requests(loop(), loopback(), serve_by_leases), 0u);
    EXPECT_EQ(requests(loop(), loopback(), serve_in_one_call), 0u);
    EXPECT_EQ(requests(loop(), loopback(), serve_by_bytes), 0u);
}

// --- Connections -------------------------------------------------------------------------------

template <class Listener>
Task<Result0> accept_all(Scope& scope, Listener& listener, Serve serve) {
    while (true) {
        FT_CO_TRY(auto peer, co_await listener.accept());
        scope.spawn(serve(std::move(peer)));
    }
}

Task<Result0> connect_again_and_again(SocketAddress to, int times) {
    const std::array<std::byte, 100> question{};
    for (int made = 0; made < times; ++made) {
        FT_CO_TRY(auto server, co_await within(10s, TcpStream::connect(to)));
        FT_CO_TRY_VOID(co_await ask(server, question));
    }
    co_return {};
}

Task<Result0> eight_at_once(SocketAddress to, int times) {
    auto crowd = [](Scope& scope, SocketAddress where, int each) -> Task<void> {
        for (int at = 0; at < 8; ++at) scope.spawn(connect_again_and_again(where, each));
        co_return;
    };
    co_return co_await with_scope(crowd, to, times / 8);
}

Task<Result0> count_of_connections(Scope& scope, SocketAddress at, Serve serve,
                                   std::uint64_t& count) {
    FT_CO_TRY(auto listener, TcpListener::bind(scope.loop(), at));
    FT_CO_TRY(auto address, listener.local_address());
    scope.spawn(accept_all(scope, listener, serve));
    FT_CO_TRY_VOID(co_await eight_at_once(address, kWarm * 2));
    const std::uint64_t before = allocations();
    FT_CO_TRY_VOID(co_await eight_at_once(address, kMeasured));
    count = allocations() - before;
    scope.cancel();
    co_return {};
}

std::uint64_t connections(Loop& loop, const SocketAddress& at, Serve serve) {
    std::uint64_t count = UINT64_MAX;
    auto done = run(loop, with_scope(count_of_connections, at, serve, std::ref(count)));
    EXPECT_TRUE(done || done.error().is_cancelled()) << done.error().message();
    return count;
}

TEST_P(Allocations, AConnectionAsksForNone) {
    EXPECT_EQ(connections(loop(), loopback(), serve_by_leases), 0u);
    EXPECT_EQ(connections(loop(), loopback(), serve_in_one_call), 0u);
    EXPECT_EQ(connections(loop(), loopback(), serve_by_bytes), 0u);
}

// --- What stands on tasks ----------------------------------------------------------------------

Task<Result0> use_tasks_once(Channel<int>& channel) {
    auto first = co_await first_of(sleep(10s), sleep(1us));
    EXPECT_EQ(first.index(), 1u);
    auto send = [](Channel<int>& to) -> Task<Result0> { co_return co_await to.send(7); };
    auto receive = [](Channel<int>& from) -> Task<Result0> {
        FT_CO_TRY(const auto got, co_await from.receive());
        EXPECT_EQ(got, 7);
        co_return {};
    };
    auto both = co_await all_of(send(channel), receive(channel));
    EXPECT_TRUE(both);
    auto late = co_await within(1us, sleep(10s));
    EXPECT_FALSE(late);
    co_return {};
}

Task<Result0> count_of_tasks(std::uint64_t& count) {
    Channel<int> channel(4);
    std::uint64_t before = 0;
    for (int times = 0; times < kWarm + kMeasured; ++times) {
        if (times == kWarm) before = allocations();
        FT_CO_TRY_VOID(co_await use_tasks_once(channel));
    }
    count = allocations() - before;
    co_return {};
}

TEST_P(Allocations, TasksTimersAndChannelsAskForNone) {
    std::uint64_t count = UINT64_MAX;
    auto done = run(loop(), count_of_tasks(count));
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_EQ(count, 0u);
}

// --- Failures ----------------------------------------------------------------------------------

Task<Result0> count_of_broken(SocketAddress at, std::uint64_t& count) {
    Loop& loop = co_await this_loop();
    FT_CO_TRY(auto listener, TcpListener::bind(loop, at));
    FT_CO_TRY(auto address, listener.local_address());
    std::uint64_t before = 0;
    for (int times = 0; times < kWarm + kMeasured; ++times) {
        if (times == kWarm) before = allocations();
        FT_CO_TRY(auto client, co_await TcpStream::connect(address));
        FT_CO_TRY(auto server, co_await listener.accept());
        auto late = co_await within(10us, server.read());
        EXPECT_TRUE(!late && late.error().is_deadline());
        auto sent = co_await client.write_all(bytes_of("unread"));
        EXPECT_TRUE(sent);
        server.close();  // Before or after it has come: an end, or a reset.
        auto end = co_await client.read();
        EXPECT_TRUE(end ? end->empty() : end.error().is(ECONNRESET));
    }
    count = allocations() - before;
    co_return {};
}

TEST_P(Allocations, ABrokenConnectionAsksForNone) {
    std::uint64_t count = UINT64_MAX;
    auto done = run(loop(), count_of_broken(loopback(), count));
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_EQ(count, 0u);
}

}  // namespace
}  // namespace fivetuple::testing_help

#include "fivetuple/task/run.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/transport/loan_pool.h"
#include "fivetuple/transport/pump.h"
#include "fivetuple/transport/tcp.h"
#include "fivetuple/transport/udp.h"
#include "fivetuple/transport/unix.h"
#include "fivetuple/transport/unix_messages.h"

#include "tests/allocations/count_allocations.h"
#include "tests/testing/world.h"
#include <array>
#include <cstring>
#include <functional>

// Once warm, no datagram, no message and no part of a stream asks for memory, on any backend.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

constexpr int kWarm = 300;
constexpr int kMeasured = 1000;

using Result0 = Result<void>;

template <class T>
Result0 outcome_of(const T& done) {
    if (!done) return std::unexpected(done.error());
    return {};
}

class PacketAllocations : public TaskTest {
protected:
    /// What is asked for in the later of many turns of `once`, which may be told things to use.
    template <class Once, class... Things>
    std::uint64_t count(Once once, Things&... things) {
        std::uint64_t before = 0;
        for (int times = 0; times < kWarm + kMeasured; ++times) {
            if (times == kWarm) before = allocations();
            const auto done = run(loop(), once(things...));
            if (done) continue;
            ADD_FAILURE() << done.error().message();
            return UINT64_MAX;
        }
        return allocations() - before;
    }
};
FT_IN_KERNEL_WORLDS(PacketAllocations);

// --- Datagrams ---------------------------------------------------------------------------------

TEST_P(PacketAllocations, ADatagramAsksForNone) {
    auto here = UdpSocket::bind(loop(), loopback()).value();
    auto there = UdpSocket::bind(loop(), loopback()).value();
    const SocketAddress to = there.local_address().value();
    auto once = [](UdpSocket& from, UdpSocket& into, const SocketAddress& where) -> Task<Result0> {
        FT_CO_TRY_VOID(co_await from.send_to(bytes_of("one datagram"), where));
        std::array<std::byte, 100> room;
        FT_CO_TRY(const Datagram got, co_await within(10s, into.receive(room)));
        EXPECT_EQ(got.bytes.size(), 12u);
        co_return {};
    };
    EXPECT_EQ(count(once, here, there, to), 0u);
}

TEST_P(PacketAllocations, ABatchOfDatagramsAsksForNone) {
    auto here = UdpSocket::bind(loop(), loopback()).value();
    auto there = UdpSocket::bind(loop(), loopback()).value();
    const SocketAddress to = there.local_address().value();
    SendBatch out;
    ReceiveBatch in;
    auto once = [](UdpSocket& from, UdpSocket& into, const SocketAddress& where, SendBatch& out_now,
                   ReceiveBatch& in_now) -> Task<Result0> {
        out_now.clear();
        for (int each = 0; each < 16; ++each) out_now.add(bytes_of("one of sixteen"), where);
        auto sent = co_await from.send_many(out_now);
        if (!sent) co_return outcome_of(sent);
        for (std::size_t seen = 0; seen < 16;) {
            FT_CO_TRY_VOID(co_await within(10s, into.receive_many(in_now)));
            for (const Datagram& each : in_now) seen += each.bytes.size() == 14;
        }
        co_return {};
    };
    EXPECT_EQ(count(once, here, there, to, out, in), 0u);
}

TEST_P(PacketAllocations, AUnixMessageWithoutDescriptorsAsksForNone) {
    auto pair = UnixSeqpacket::pair(loop()).value();
    auto datagrams = UnixDatagram::pair(loop()).value();
    auto stream = UnixStream::pair(loop()).value();
    auto once = [](auto& from, auto& into) -> Task<Result0> {
        FT_CO_TRY(const std::size_t sent, co_await from.send(bytes_of("a message")));
        EXPECT_EQ(sent, 9u);
        std::array<std::byte, 100> room;
        FT_CO_TRY(const UnixMessage got, co_await within(10s, into.receive(room)));
        EXPECT_EQ(got.bytes.size(), 9u);
        co_return {};
    };
    EXPECT_EQ(count(once, pair.first, pair.second), 0u);
    EXPECT_EQ(count(once, datagrams.first, datagrams.second), 0u);
    auto by_stream = [](UnixStream& from, UnixStream& into) -> Task<Result0> {
        auto sent = co_await from.send_files(bytes_of("a part"), {});
        if (!sent) co_return outcome_of(sent);
        std::array<std::byte, 100> room;
        FT_CO_TRY(const UnixMessage got, co_await within(10s, into.receive_message(room)));
        EXPECT_EQ(got.bytes.size(), 6u);
        co_return {};
    };
    EXPECT_EQ(count(by_stream, stream.first, stream.second), 0u);
}

// --- Streams -----------------------------------------------------------------------------------

struct Ends {
    TcpStream client;
    TcpStream server;
};

Task<Result<Ends>> connect(SocketAddress at) {
    Loop& loop = co_await this_loop();
    FT_CO_TRY(auto listener, TcpListener::bind(loop, at));
    FT_CO_TRY(const auto address, listener.local_address());
    Ends ends;
    FT_CO_TRY(ends.client, co_await TcpStream::connect(address));
    FT_CO_TRY(ends.server, co_await listener.accept());
    co_return ends;
}

TEST_P(PacketAllocations, ALoanAsksForNone) {
    Ends ends = run(loop(), connect(loopback())).value();
    LoanPool pool({.size = std::size_t{64} * 1024, .count_max = 4, .zero_copy_from = 1});
    std::vector<std::byte> room(std::size_t{16} * 1024);
    auto once = [](Ends& both, LoanPool& from, std::vector<std::byte>& into) -> Task<Result0> {
        FT_CO_TRY(Loan loan, co_await within(10s, from.take()));
        loan.filled(into.size());
        auto sent = co_await within(10s, both.client.write_loan(std::move(loan)));
        if (!sent) co_return outcome_of(sent);
        auto got = co_await within(10s, both.server.read_exact(into));
        co_return outcome_of(got);
    };
    EXPECT_EQ(count(once, ends, pool, room), 0u);
}

template <class S>
Task<void> pump_for_ever(S& from, S& to, PumpOptions options) {
    auto done = co_await pump(from, to, options);
    EXPECT_FALSE(done) << "it is cancelled";
}

Task<Result0> count_of_pumped(Scope& scope, Ends& in, Ends& out, PumpOptions options,
                              std::uint64_t& count) {
    scope.spawn(pump_for_ever(in.server, out.client, options));
    const auto bytes = some_bytes(20'000);
    std::vector<std::byte> room(bytes.size());
    std::uint64_t before = 0;
    for (int times = 0; times < kWarm + kMeasured; ++times) {
        if (times == kWarm) before = allocations();
        auto sent = co_await within(10s, in.client.write_all(bytes));
        if (!sent) co_return outcome_of(sent);
        auto got = co_await within(10s, out.server.read_exact(room));
        if (!got) co_return outcome_of(got);
    }
    count = allocations() - before;
    scope.cancel();
    co_return {};
}

TEST_P(PacketAllocations, APumpAsksForNoneHoweverItMovesThem) {
    Ends in = run(loop(), connect(loopback())).value();
    Ends out = run(loop(), connect(loopback())).value();
    PipePool pipes;
    PumpOptions pooled;
    pooled.pipes = &pipes;
    PumpOptions copying;
    copying.may_splice = false;
    for (const PumpOptions& options : {PumpOptions(), pooled, copying}) {
        std::uint64_t count = UINT64_MAX;
        const auto done = run(loop(), with_scope(count_of_pumped, std::ref(in), std::ref(out),
                                                 options, std::ref(count)));
        EXPECT_TRUE(done || done.error().is_cancelled()) << done.error().message();
        EXPECT_EQ(count, 0u);
    }
}

}  // namespace
}  // namespace fivetuple::testing_help

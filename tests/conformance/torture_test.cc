#include "fivetuple/faults/for_each_await.h"
#include "fivetuple/os/options.h"
#include "fivetuple/os/pipe_pair.h"
#include "fivetuple/sim.h"
#include "fivetuple/task/all_of.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/loan_pool.h"
#include "fivetuple/transport/splice.h"
#include "fivetuple/transport/tcp.h"
#include "fivetuple/transport/udp.h"
#include "fivetuple/transport/unix.h"

#include <fcntl.h>
#include <unistd.h>

#include "tests/testing/testing.h"
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

// Small programs that together make every kind of call, in every world, under torture: each await
// cancelled in turn, each call made to suffer all that it can. They may fail then, as long as they
// do so well: nothing crashes, hangs or is left, and no byte is wrong.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMuch = std::size_t{8} << 20;  // More than fits between two sockets.

// What a program of this file is told.
struct Setting {
    Trial& trial;
    Duration limit;   // For what comes.
    Duration moment;  // For what does not.
};

const std::vector<std::byte>& data() {
    static const std::vector<std::byte> bytes = some_bytes(kMuch);
    return bytes;
}

// What was received must be the front of what was sent.
void expect_front(Trial& trial, Bytes got) {
    const bool is_right =
        got.size() <= kMuch && std::ranges::equal(got, Bytes(data()).first(got.size()));
    trial.expect(is_right, "wrong bytes are received");
}

struct Both {
    TcpStream client;
    TcpStream server;
};

Task<Result<Both>> connected(Duration limit) {
    Loop& loop = co_await this_loop();
    const SocketAddress any(IpAddress::loopback_v4(), 0);
    FT_CO_TRY(TcpListener listener, TcpListener::bind(loop, any));
    FT_CO_TRY(const SocketAddress address, listener.local_address());
    FT_CO_TRY(auto both, co_await all_of(within(limit, TcpStream::connect(address)),
                                         within(limit, listener.accept())));
    co_return Both{std::move(both.get<0>()), std::move(both.get<1>())};
}

// Waits until there is something to read, or seems to be.
class Readable : public SocketOp, public Awaits<Readable> {
public:
    explicit Readable(LoopSocket& socket) : SocketOp(socket, OpKind::poll, kWaits) {
        ask_poll(socket_handle(), kPollReadable);
    }
    bool start(Node& node, std::coroutine_handle<> sleeper) {
        begin_use();
        return begin(node, sleeper);
    }
    Result<void> finish() {
        end_use();
        if (result < 0) return std::unexpected(error("poll"));
        return {};
    }
};

// --- Streams -----------------------------------------------------------------------------------

Task<Result<void>> move_bytes(Setting& with) {
    FT_CO_TRY(Both both, co_await connected(with.limit));
    const Bytes sent = Bytes(data()).first(1000);
    std::vector<std::byte> room(1000);
    auto written = co_await within(with.limit, both.client.write_all(sent));
    if (!written) co_return std::unexpected(written.error());
    auto read = co_await within(with.limit, both.server.read_exact(room));
    expect_front(with.trial, Bytes(room).first(read.bytes_moved()));
    if (!read) co_return std::unexpected(read.error());
    std::array<Bytes, 3> pieces = {sent.first(10), Bytes(), sent.subspan(10)};
    auto gathered = co_await within(with.limit, both.server.writev(pieces));
    if (!gathered) co_return std::unexpected(gathered.error());
    FT_CO_TRY_VOID(co_await within(with.limit, Readable(both.client)));
    FT_CO_TRY(const Lease lease, co_await within(with.limit, both.client.read()));
    expect_front(with.trial, lease.bytes());
    FT_CO_TRY_VOID(both.client.shutdown_write());
    FT_CO_TRY_VOID(co_await within(with.limit, both.server.hang_up()));
    FT_CO_TRY(const Lease end, co_await within(with.limit, both.server.read()));
    with.trial.expect(end.empty(), "there is something behind the end");
    FT_CO_TRY(const SocketAddress peer, both.client.peer_address());
    static_cast<void>(peer);
    FT_CO_TRY(const auto delay, get<NoDelay>(both.client));
    static_cast<void>(delay);
    co_return {};
}

Task<Result<void>> answer_and_wait(Setting& with) {
    FT_CO_TRY(Both both, co_await connected(with.limit));
    const Bytes question = Bytes(data()).first(300);
    auto asked = co_await within(with.limit, both.client.write_all(question));
    if (!asked) co_return std::unexpected(asked.error());
    FT_CO_TRY(Lease got, co_await within(with.limit, both.server.read()));
    expect_front(with.trial, std::as_const(got).bytes());
    // The answer goes; nothing more is asked.
    auto none = co_await within(with.moment, both.server.write_then_read(std::move(got)));
    // But for the rest of a question that came in parts.
    with.trial.expect(!none.has_value() || with.trial.is_disturbed(), "nobody sent this");
    FT_CO_TRY(const Lease answer, co_await within(with.limit, both.client.read()));
    expect_front(with.trial, answer.bytes());
    auto asked_again = co_await within(with.limit, both.client.write_all(question));
    if (!asked_again) co_return std::unexpected(asked_again.error());
    FT_CO_TRY(const Lease next, co_await within(with.limit, both.server.write_then_read(question)));
    expect_front(with.trial, next.bytes());
    co_return {};
}

// --- What does not come ------------------------------------------------------------------------

// True for a wait that ended by its deadline, as it should.
template <class T>
bool is_over(const T& result) {
    return !result.has_value() && result.error().is_deadline();
}

Task<Result<void>> wait_in_vain(Setting& with) {
    FT_CO_TRY(Both both, co_await connected(with.limit));
    std::vector<std::byte> room(100);
    auto read = co_await within(with.moment, both.client.read_some(room));
    if (!is_over(read)) co_return {};
    auto lease = co_await within(with.moment, both.client.read());
    if (!is_over(lease)) co_return {};
    auto ended = co_await within(with.moment, both.client.hang_up());
    if (!is_over(ended)) co_return {};
    auto written = co_await within(with.moment, both.client.write_all(data()));
    if (!is_over(written)) co_return {};
    std::array<Bytes, 2> pieces = {data(), data()};
    auto gathered = co_await within(with.moment, both.client.writev(pieces));
    static_cast<void>(gathered);
    auto answered = co_await within(with.moment, both.server.write_then_read(Bytes(data())));
    static_cast<void>(answered);
    co_return {};
}

Task<Result<void>> meet_nobody(Setting& with) {
    Loop& loop = co_await this_loop();
    const SocketAddress any(IpAddress::loopback_v4(), 0);
    FT_CO_TRY(TcpListener listener, TcpListener::bind(loop, any, {.backlog = 0}));
    auto nobody = co_await within(with.moment, listener.accept());
    if (!is_over(nobody)) co_return {};
    // One may wait to be accepted; the next is not heard.
    FT_CO_TRY(TcpListener idle, TcpListener::bind(loop, any, {.backlog = 0}));
    FT_CO_TRY(const SocketAddress address, idle.local_address());
    FT_CO_TRY(const TcpStream first, co_await within(with.limit, TcpStream::connect(address)));
    auto second = co_await within(with.moment, TcpStream::connect(address));
    static_cast<void>(second);
    FT_CO_TRY(UdpSocket socket, UdpSocket::bind(loop, any));
    std::vector<std::byte> room(100);
    auto datagram = co_await within(with.moment, socket.receive(room));
    static_cast<void>(datagram);
    co_return {};
}

// --- Datagrams ---------------------------------------------------------------------------------

Task<Result<void>> exchange_datagrams(Setting& with) {
    Loop& loop = co_await this_loop();
    FT_CO_TRY(UdpSocket one, UdpSocket::bind(loop, {IpAddress::loopback_v4(), 0}));
    FT_CO_TRY(const SocketAddress address, one.local_address());
    FT_CO_TRY(UdpSocket other, co_await UdpSocket::connect(address));
    SendBatch batch;
    for (std::size_t size = 1; size <= 4; ++size) batch.add(Bytes(data()).first(size));
    auto sent = co_await within(with.limit, other.send_many(batch));
    if (!sent) co_return std::unexpected(sent.error());
    ReceiveBatch came(4, 100);
    for (std::size_t count = 0; count < 4;) {
        FT_CO_TRY(const std::size_t more, co_await within(with.limit, one.receive_many(came)));
        for (const Datagram& each : came) expect_front(with.trial, each.bytes);
        count += more;
    }
    FT_CO_TRY(const SocketAddress back, other.local_address());
    FT_CO_TRY_VOID(co_await within(with.limit, one.send_to(Bytes(data()).first(9), back)));
    std::vector<std::byte> room(100);
    FT_CO_TRY(const Datagram last, co_await within(with.limit, other.receive(room)));
    expect_front(with.trial, last.bytes);
    co_return {};
}

Task<Result<void>> hear_of_failures(Setting& with) {
    Loop& loop = co_await this_loop();
    SocketAddress nobody;
    {
        FT_CO_TRY(const UdpSocket gone, UdpSocket::bind(loop, {IpAddress::loopback_v4(), 0}));
        FT_CO_TRY(nobody, gone.local_address());
    }
    UdpOptions options;
    options.report_failures = true;
    FT_CO_TRY(UdpSocket socket, co_await UdpSocket::connect(nobody, options));
    FT_CO_TRY_VOID(co_await within(with.limit, socket.send(Bytes(data()).first(9))));
    std::vector<std::byte> room(100);
    auto refused = co_await within(with.limit, socket.receive(room));
    with.trial.expect(!refused.has_value(), "a datagram from nobody");
    static_cast<void>(socket.take_failure());
    co_return {};
}

// --- What only the kernel has ------------------------------------------------------------------

Task<Result<void>> move_without_copies(Setting& with) {
    FT_CO_TRY(Both both, co_await connected(with.limit));
    FT_CO_TRY(PipePair pipe, PipePair::open(65536));
    auto written = co_await within(with.limit, both.client.write_all(Bytes(data()).first(1000)));
    if (!written) co_return std::unexpected(written.error());
    FT_CO_TRY(const std::size_t in,
              co_await within(with.limit, SpliceIn(both.server, pipe.write_end.raw(), 1000)));
    for (std::size_t left = in; left > 0;) {
        FT_CO_TRY(const std::size_t out,
                  co_await within(with.limit, SpliceOut(both.server, pipe.read_end.raw(), left)));
        left -= out;
    }
    FT_CO_TRY(const Lease back, co_await within(with.limit, both.client.read()));
    expect_front(with.trial, back.bytes());
    auto none = co_await within(with.moment, SpliceIn(both.server, pipe.write_end.raw(), 1000));
    static_cast<void>(none);
    co_return {};
}

Task<Result<void>> send_from_a_file(Setting& with) {
    FT_CO_TRY(Both both, co_await connected(with.limit));
    const Fd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    FT_CO_TRY(const std::size_t part,
              co_await within(with.limit, SendFilePart(both.client, file.raw(), 0, 4096)));
    with.trial.expect(part > 0, "nothing of a file is sent");
    FT_CO_TRY(const Lease came, co_await within(with.limit, both.server.read()));
    with.trial.expect(!came.empty(), "nothing of a file comes");
    auto filled = co_await within(with.moment, both.client.write_all(data()));
    static_cast<void>(filled);
    auto no_room = co_await within(with.moment, SendFilePart(both.client, file.raw(), 0, 65536));
    static_cast<void>(no_room);
    co_return {};
}

Task<Result<void>> send_a_loan(Setting& with) {
    FT_CO_TRY(Both both, co_await connected(with.limit));
    LoanPool pool({.size = 65536, .count_max = 2, .zero_copy_from = 1});
    for (int round = 0; round < 2; ++round) {
        FT_CO_TRY(Loan loan, co_await within(with.limit, pool.take()));
        std::ranges::copy(Bytes(data()).first(65536), loan.room().begin());
        loan.filled(65536);
        auto sent = co_await within(with.limit, both.client.write_loan(std::move(loan)));
        if (!sent) co_return std::unexpected(sent.error());
        std::vector<std::byte> room(65536);
        auto read = co_await within(with.limit, both.server.read_exact(room));
        expect_front(with.trial, Bytes(room).first(read.bytes_moved()));
        if (!read) co_return std::unexpected(read.error());
    }
    co_return {};
}

Task<Result<void>> adopt_a_pair(Setting& with) {
    Loop& loop = co_await this_loop();
    FT_CO_TRY(auto pair, UnixStream::pair(loop));
    auto sent = co_await within(with.limit, pair.first.write_all(Bytes(data()).first(9)));
    if (!sent) co_return std::unexpected(sent.error());
    FT_CO_TRY(const Lease came, co_await within(with.limit, pair.second.read()));
    expect_front(with.trial, came.bytes());
    co_return {};
}

// --- The rack ----------------------------------------------------------------------------------

using Program = Task<Result<void>> (*)(Setting&);

Task<void> play(Program program, Setting& with) {
    auto played = co_await program(with);
    with.trial.expect(played.has_value() || with.trial.is_disturbed(),
                      "undisturbed it fails: " + (played ? "" : played.error().message()));
}

void play_in_simulation(Program program, Trial& trial) {
    sim::World world(7);
    sim::Host& host = world.host("host", "10.0.0.1");
    trial.watch(host.loop());
    Setting setting{trial, 500ms, 20ms};
    host.run(play(program, setting));
    world.run_until_idle(1min);
    trial.expect(host.running() == 0, "the program has not ended");
}

void play_on_kernel(BackendKind kind, Program program, Trial& trial) {
    auto loop = trial.open_loop({.backend = kind});
    // Undisturbed it must not fail because the machine is slow.
    Setting setting{trial, trial.is_to_be_disturbed() ? Duration(30ms) : Duration(3s), 3ms};
    trial.run(*loop, play(program, setting));
}

struct Place {
    const char* name;
    std::optional<BackendKind> kind;  // None for the simulated one.
};
constexpr Place kPlaces[] = {{"simulated", std::nullopt},
                             {"io_uring", BackendKind::io_uring},
                             {"epoll", BackendKind::epoll},
                             {"poll", BackendKind::poll},
                             {"select", BackendKind::select}};

void PrintTo(const Place& place, std::ostream* out) { *out << place.name; }

class Torture : public ::testing::TestWithParam<Place> {
protected:
    void rack(Program program) {
        const Place place = GetParam();
        static_cast<void>(data());  // Made once, here.
        const auto report = for_each_await(
            [&](Trial& trial) {
                if (place.kind) {
                    play_on_kernel(*place.kind, program, trial);
                } else {
                    play_in_simulation(program, trial);
                }
            },
            {.every_fault = true});
        EXPECT_TRUE(report.ok()) << report.to_string();
        EXPECT_GT(report.awaits, 1u);
        if (std::getenv("FT_SAY") != nullptr) std::printf("%s", report.to_string().c_str());
        tally_.add(report.tally);
    }
    // Each of these calls has suffered all that it can, but for a late cancel of what never waits.
    void expect_all(std::initializer_list<CallKind> calls) {
        if (std::getenv("FT_SAY") != nullptr) std::printf("%s", tally_.to_string().c_str());
        for (const CallKind call : calls) {
            for (const Fault& fault : faults_of(call)) {
                if (fault.kind == FaultKind::cancel_late) continue;
                EXPECT_GT(tally_.count(call, fault), 0u)
                    << to_string(call) << ": " << fault.to_string() << " was never exercised";
            }
        }
    }
    void expect_late_cancels(std::initializer_list<CallKind> calls) {
        for (const CallKind call : calls) {
            EXPECT_GT(tally_.count(call, Fault::of(FaultKind::cancel_late)), 0u)
                << to_string(call) << ": no late cancel";
        }
    }
    bool is_kernel() const { return GetParam().kind.has_value(); }

    FaultTally tally_;
};
INSTANTIATE_TEST_SUITE_P(, Torture, ::testing::ValuesIn(kPlaces),
                         [](const auto& each) { return std::string(each.param.name); });

TEST_P(Torture, StreamsMoveTheirBytesOrFailWell) {
    rack(move_bytes);
    rack(answer_and_wait);
    using enum CallKind;
    expect_all({open, bind, listen, local_address, peer_address, set_option, get_option, shutdown,
                connect, accept, send, receive, send_gathered, receive_lease, send_then_receive,
                poll});
    EXPECT_GE(tally_.kinds(), 30u) << tally_.to_string();
}

TEST_P(Torture, WhatIsWaitedForInVainEndsWell) {
    rack(wait_in_vain);
    rack(meet_nobody);
    using enum CallKind;
    expect_late_cancels({receive, receive_lease, poll, send, accept, connect, receive_messages});
}

TEST_P(Torture, DatagramsComeOrFailWell) {
    rack(exchange_datagrams);
    rack(hear_of_failures);
    using enum CallKind;
    expect_all({send_messages, receive_messages, take_failure});
}

TEST_P(Torture, WhatTheKernelMovesItselfComesOrFailsWell) {
    if (!is_kernel()) GTEST_SKIP() << "not on a simulated host";
    rack(move_without_copies);
    rack(send_from_a_file);
    rack(send_a_loan);
    rack(adopt_a_pair);
    using enum CallKind;
    expect_all({splice_in, splice_out, send_file, send_zero_copy, adopt});
    expect_late_cancels({splice_in});
}

}  // namespace
}  // namespace fivetuple::testing_help

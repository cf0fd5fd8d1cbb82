#include "fivetuple/os/fd.h"
#include "fivetuple/task/all_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/tcp.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/testing/child.h"
#include "tests/testing/world.h"
#include <algorithm>
#include <array>
#include <filesystem>
#include <vector>

// What the rest of a process can do to a loop: signals, forks, descriptors held elsewhere.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

class HostileProcess : public OpTest {
protected:
    /// Times that the loop woke within so many turns of 2 ms that nothing should wake.
    std::uint64_t wakes_while_idle(int turns = 50) {
        settle();
        const Time begin = loop().now();
        std::uint64_t turned = 0;
        while (loop().now() < begin + turns * 2ms) {
            loop().turn(begin + turns * 2ms);
            ++turned;
        }
        return turned;
    }
};
FT_IN_KERNEL_WORLDS(HostileProcess);

/// A descriptor that stays open elsewhere, as in a forked child.
class HeldElsewhere {
public:
    explicit HeldElsewhere(Handle socket) : fd_(::fcntl(socket.number, F_DUPFD_CLOEXEC, 0)) {}
    HeldElsewhere(const HeldElsewhere&) = delete;
    HeldElsewhere& operator=(const HeldElsewhere&) = delete;
    ~HeldElsewhere() { ::close(fd_); }
    int number() const { return fd_; }

private:
    int fd_;
};

TEST_P(HostileProcess, F73_AStreamThatAChildHoldsOpenIsNotHeardOfAfterItsClose) {
    const Pair pair = connect();
    NotedOp reading;
    std::array<std::byte, 8> room;
    reading.ask_receive(pair.server, room);
    backend().submit(reading);
    settle();
    const HeldElsewhere child(pair.server);
    backend().close(pair.server);
    turn_until([&] { return reading.is_done(); });
    EXPECT_EQ(reading.result, -ECANCELED);
    EXPECT_EQ(send(pair.client, bytes_of("for the child")), 13);
    EXPECT_LE(wakes_while_idle(), 10u);
    std::array<char, 32> heard;
    EXPECT_EQ(::recv(child.number(), heard.data(), heard.size(), 0), 13);
    backend().close(pair.client);
}

TEST_P(HostileProcess, F73_AListenerThatAChildHoldsOpenDoesNotKeepTheLoopAwake) {
    const Handle listener = listen();
    const SocketAddress to = address_of(listener);
    close(connect(listener));
    NotedOp accepting;
    accepting.ask_accept(listener);
    backend().submit(accepting);
    settle();
    const HeldElsewhere child(listener);
    backend().close(listener);
    turn_until([&] { return accepting.is_done(); });
    EXPECT_EQ(accepting.result, -ECANCELED);
    // Somebody comes to the child's listener, and nobody here is to hear of it.
    const Handle client = open();
    NotedOp connecting;
    connecting.ask_connect(client, to);
    backend().submit(connecting);
    EXPECT_LE(wakes_while_idle(), 10u);
    backend().cancel(connecting);
    turn_until([&] { return connecting.is_done(); });
    backend().close(client);
}

TEST_P(HostileProcess, F127_AListenerThatAnotherProcessHoldsServesOnAfterOurClose) {
    const Handle listener = listen();
    const SocketAddress to = address_of(listener);
    NotedOp accepting;
    accepting.ask_accept(listener);
    backend().submit(accepting);
    settle();
    const HeldElsewhere other(listener);
    backend().close(listener);
    turn_until([&] { return accepting.is_done(); });
    settle();
    const Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_GE(client.raw(), 0);
    EXPECT_EQ(::connect(client.raw(), to.raw(), to.raw_size()), 0);
    const Fd accepted(::accept4(other.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    EXPECT_TRUE(accepted);
}

TEST_P(HostileProcess, F72_F73_ANumberThatIsUsedAgainIsServedForItselfAlone) {
    Pair before = connect();
    NotedOp reading;
    std::array<std::byte, 8> room;
    reading.ask_receive(before.server, room);
    backend().submit(reading);
    settle();
    const HeldElsewhere child(before.server);
    backend().close(before.server);
    turn_until([&] { return reading.is_done(); });
    settle();
    const Pair after = connect();
    NotedOp next;
    next.ask_receive(after.server, room);
    backend().submit(next);
    EXPECT_EQ(send(before.client, bytes_of("for the child")), 13);
    settle();
    EXPECT_FALSE(next.is_done());
    EXPECT_EQ(send(after.client, bytes_of("for us")), 6);
    turn_until([&] { return next.is_done(); });
    EXPECT_EQ(next.result, 6);
    close(after);
    backend().close(before.client);
}

TEST_P(HostileProcess, F31_AConnectionThatSomebodyElseAcceptedFirstIsNoHarm) {
    if (backend().name() == "io_uring") GTEST_SKIP() << "the kernel itself accepts";
    const Handle listener = listen();
    const HeldElsewhere other(listener);
    NotedOp accepting;
    accepting.ask_accept(listener);
    const SocketAddress to = address_of(listener);
    backend().submit(accepting);
    settle();
    const Handle client = open();
    NotedOp connecting;
    connecting.ask_connect(client, to);
    backend().submit(connecting);
    settle(1);
    // Either of the two has it; whoever comes late finds nobody, and waits.
    const int theirs = ::accept4(other.number(), nullptr, nullptr, SOCK_NONBLOCK);
    settle();
    EXPECT_NE(theirs >= 0, accepting.is_done());
    if (accepting.is_done()) backend().close(accepting.accepted());
    if (theirs >= 0) ::close(theirs);
    backend().close(client);
    backend().close(listener);
    turn_until([&] { return accepting.is_done() && connecting.is_done(); });
}

TEST_P(HostileProcess, F74_AChildMayComeAndGoAndMayNotTouchTheLoop) {
    const Pair pair = connect();
    NotedOp reading;
    std::array<std::byte, 8> room;
    reading.ask_receive(pair.server, room);
    backend().submit(reading);
    settle();
    EXPECT_EQ(in_child([] { return std::string("well"); }), "well");
    EXPECT_EQ(in_child([&] {
                  std::freopen("/dev/null", "w", stderr);
                  loop().turn(loop().now());
                  return std::string("the child turned its parent's loop");
              }),
              "the child died");
    EXPECT_EQ(send(pair.client, bytes_of("still")), 5);
    turn_until([&] { return reading.is_done(); });
    EXPECT_EQ(reading.result, 5);
    close(pair);
}

TEST_P(HostileProcess, F74_F65_AChildCanHaveALoopOfItsOwn) {
    const Pair pair = connect();
    const std::string answer = in_child([&]() -> std::string {
        auto mine = world().open_loop({});
        auto talk = [](Loop& here, SocketAddress at) -> Task<Result<std::size_t>> {
            FT_CO_TRY(auto listener, TcpListener::bind(here, at));
            FT_CO_TRY(auto address, listener.local_address());
            FT_CO_TRY(auto client, co_await TcpStream::connect(address));
            FT_CO_TRY(auto server, co_await listener.accept());
            auto sent = co_await client.write_all(bytes_of("hello"));
            if (!sent) co_return std::unexpected(sent.error());
            FT_CO_TRY(const Lease got, co_await server.read());
            co_return got.size();
        };
        auto moved = run(*mine, talk(*mine, world().loopback()));
        return moved ? std::to_string(*moved) : moved.error().message();
    });
    EXPECT_EQ(answer, "5");
    EXPECT_EQ(send(pair.client, bytes_of("ours")), 4);
    EXPECT_EQ(receive_text(pair.server), "ours");
    close(pair);
}

TEST_P(HostileProcess, F59_WhatCanNeverWorkFailsOnceAndIsNotTriedAgain) {
    const Handle unconnected = open();
    NotedOp accepting;
    accepting.ask_accept(unconnected);
    EXPECT_EQ(complete(accepting), -EINVAL);
    NotedOp reading;
    std::array<std::byte, 8> room;
    reading.ask_receive(unconnected, room);
    EXPECT_EQ(complete(reading), -ENOTCONN);
    NotedOp leasing;
    leasing.ask_receive_lease(unconnected);
    EXPECT_EQ(complete(leasing), -ENOTCONN);
    EXPECT_LE(wakes_while_idle(), 10u);
    for (const NotedOp* op : {&accepting, &reading, &leasing}) EXPECT_EQ(op->times_done, 1);
    backend().close(unconnected);
}

int event_descriptor() {
    int highest = -1;
    for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        const auto target = std::filesystem::read_symlink(each.path(), gone);
        if (target.string().find("[eventfd]") == std::string::npos) continue;
        highest = std::max(highest, std::stoi(each.path().filename().string()));
    }
    return highest;
}

TEST_P(HostileProcess, F70_AWakeUpOnAFullCounterWakesAllTheSame) {
    const int event = event_descriptor();
    ASSERT_GE(event, 0);
    const std::uint64_t most = UINT64_MAX - 1;
    ASSERT_EQ(::write(event, &most, sizeof most), static_cast<ssize_t>(sizeof most));
    struct NotedJob : Job {
        NotedJob() {
            run = [](Job& job) { static_cast<NotedJob&>(job).is_done = true; };
        }
        bool is_done = false;
    };
    for (int times = 0; times < 3; ++times) {
        NotedJob job;
        loop().post(job);
        turn_until([&] { return job.is_done; });
    }
    EXPECT_LE(wakes_while_idle(), 10u);
}

/// A timer whose signal interrupts system calls, once a millisecond.
class InterruptionStorm {
public:
    InterruptionStorm() {
        struct sigaction action{};
        action.sa_handler = [](int) { count = count + 1; };
        ::sigaction(SIGALRM, &action, &before_);
        set_interval(1000);
    }
    InterruptionStorm(const InterruptionStorm&) = delete;
    InterruptionStorm& operator=(const InterruptionStorm&) = delete;
    ~InterruptionStorm() {
        set_interval(0);
        ::sigaction(SIGALRM, &before_, nullptr);
    }
    static inline volatile int count = 0;

private:
    static void set_interval(int microseconds) {
        const itimerval interval{{0, microseconds}, {0, microseconds}};
        ::setitimer(ITIMER_REAL, &interval, nullptr);
    }
    struct sigaction before_{};
};

Task<Result<void>> echo_megabytes(Loop& here, SocketAddress at, Bytes data) {
    FT_CO_TRY(auto listener, TcpListener::bind(here, at));
    FT_CO_TRY(auto address, listener.local_address());
    FT_CO_TRY(auto client, co_await TcpStream::connect(address));
    FT_CO_TRY(auto server, co_await listener.accept());
    auto echo = [](TcpStream& peer) -> Task<Result<void>> {
        while (true) {
            FT_CO_TRY(const Lease got, co_await peer.read());
            if (got.empty()) co_return peer.shutdown_write();
            auto sent = co_await peer.write_all(got.bytes());
            if (!sent) co_return std::unexpected(std::move(sent).error());
        }
    };
    auto send = [](TcpStream& peer, Bytes what) -> Task<Result<void>> {
        auto sent = co_await peer.write_all(what);
        if (!sent) co_return std::unexpected(std::move(sent).error());
        co_return peer.shutdown_write();
    };
    auto compare = [](TcpStream& peer, Bytes expected) -> Task<Result<void>> {
        while (true) {
            FT_CO_TRY(const Lease got, co_await peer.read());
            if (got.empty()) break;
            EXPECT_TRUE(std::ranges::equal(got.bytes(), expected.first(got.size())));
            expected = expected.subspan(got.size());
        }
        EXPECT_TRUE(expected.empty());
        co_return {};
    };
    auto all = co_await all_of(echo(server), send(client, data), compare(client, data));
    if (!all) co_return std::unexpected(std::move(all).error());
    co_return {};
}

TEST_P(HostileProcess, F29_AStormOfSignalsLosesNothing) {
    const auto data = some_bytes(std::size_t{8} << 20);
    const InterruptionStorm storm;
    const int before = InterruptionStorm::count;
    while (InterruptionStorm::count < before + 20) {
        auto done = run(loop(), echo_megabytes(loop(), world().loopback(), data));
        ASSERT_TRUE(done) << done.error().message();
    }
}

TEST_P(HostileProcess, F29_F27_ConnectingAndAcceptingAreNotInterrupted) {
    const InterruptionStorm storm;
    const int before = InterruptionStorm::count;
    const Handle listener = listen();
    for (int times = 0; times < 50 || InterruptionStorm::count < before + 20; ++times) {
        close(connect(listener));
    }
    backend().close(listener);
}

TEST_P(HostileProcess, F29_ADeadlineIsNotMovedByInterruptions) {
    const InterruptionStorm storm;
    auto wait = [](SocketAddress at) -> Task<void> {
        Loop& here = co_await this_loop();
        auto listener = TcpListener::bind(here, at);
        const Time begin = here.now();
        auto nobody = co_await within(100ms, listener->accept());
        EXPECT_TRUE(!nobody && nobody.error().is_deadline());
        EXPECT_GE(here.now() - begin, 100ms);
        EXPECT_LT(here.now() - begin, 10s);
    };
    run(loop(), wait(world().loopback()));
}

}  // namespace
}  // namespace fivetuple::testing_help

#include "fivetuple/task/signal.h"

#include "fivetuple/task/all_of.h"
#include "fivetuple/task/first_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/tcp.h"

#include <sys/time.h>
#include <unistd.h>

#include "tests/testing/quiet_loop.h"
#include "tests/testing/world.h"
#include <csignal>
#include <deque>
#include <string>
#include <thread>
#include <vector>

namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

class SignalsTest : public TaskTest {};
FT_IN_KERNEL_WORLDS(SignalsTest);

void send(int number) { EXPECT_EQ(::kill(::getpid(), number), 0); }

// The numbers of the next `count` signals, each in a time in which it should long have come.
Task<std::vector<int>> receive(Signals& signals, int count) {
    std::vector<int> numbers;
    for (int round = 0; round < count; ++round) {
        auto number = co_await within(20s, signals.next());
        numbers.push_back(number.value_or(-1));
    }
    co_return numbers;
}

// What next() says where no signal is on its way.
Task<std::string> receive_none(Signals& signals) {
    auto number = co_await within(20ms, signals.next());
    co_return number ? "signal " + std::to_string(*number) : number.error().message();
}
constexpr auto kNone = "signal: the time limit ran out";

TEST_P(SignalsTest, OneThatCameBeforeAnybodyWaitedIsReceived) {
    Signals signals(loop(), {SIGUSR1});
    send(SIGUSR1);
    EXPECT_EQ(run(loop(), receive(signals, 1)), std::vector{SIGUSR1});
    EXPECT_EQ(run(loop(), receive_none(signals)), kNone);
}

TEST_P(SignalsTest, OneWakesWhoWaitsWhicheverThreadSentIt) {
    Signals signals(loop(), {SIGUSR1});
    std::thread other([] {
        std::this_thread::sleep_for(10ms);
        send(SIGUSR1);
    });
    EXPECT_EQ(run(loop(), receive(signals, 1)), std::vector{SIGUSR1});
    other.join();
}

TEST_P(SignalsTest, SeveralAreReceivedOneByOneAndRepetitionsOnce) {
    Signals signals(loop(), {SIGUSR1, SIGUSR2, SIGHUP});
    for (const int number : {SIGUSR2, SIGHUP, SIGUSR2, SIGUSR1}) send(number);
    EXPECT_EQ(run(loop(), receive(signals, 3)), (std::vector{SIGHUP, SIGUSR1, SIGUSR2}));
    EXPECT_EQ(run(loop(), receive_none(signals)), kNone);
}

TEST_P(SignalsTest, TheHighestNumberIsReceivedAsAnyOther) {
    Signals signals(loop(), {SIGRTMAX});
    send(SIGRTMAX);
    EXPECT_EQ(run(loop(), receive(signals, 1)), std::vector{SIGRTMAX});
}

Task<std::string> receive_twice(Signals& signals) {
    // The first is there already; the news of it is still on its way when the second wait begins.
    send(SIGUSR1);
    auto first = co_await signals.next();
    EXPECT_EQ(first.value_or(-1), SIGUSR1);
    co_return co_await receive_none(signals);
}

TEST_P(SignalsTest, TheNewsOfOneThatWasReceivedWakesNobody) {
    Signals signals(loop(), {SIGUSR1});
    EXPECT_EQ(run(loop(), receive_twice(signals)), kNone);
}

TEST_P(SignalsTest, AllWhoWatchForItReceiveIt) {
    auto other = world().open_loop({});
    Signals here(loop(), {SIGUSR1, SIGUSR2});
    Signals here_too(loop(), {SIGUSR1});
    Signals there(*other, {SIGUSR1});
    send(SIGUSR1);
    send(SIGUSR2);
    EXPECT_EQ(run(loop(), receive(here_too, 1)), std::vector{SIGUSR1});
    EXPECT_EQ(run(*other, receive(there, 1)), std::vector{SIGUSR1});
    EXPECT_EQ(run(loop(), receive(here, 2)), (std::vector{SIGUSR1, SIGUSR2}));
    EXPECT_EQ(run(loop(), receive_none(here_too)), kNone);
}

TEST_P(SignalsTest, WaitingEndsWithItsDeadlineAndLosesNoSignal) {
    Signals signals(loop(), {SIGUSR1});
    EXPECT_EQ(run(loop(), receive_none(signals)), kNone);
    send(SIGUSR1);
    EXPECT_EQ(run(loop(), receive(signals, 1)), std::vector{SIGUSR1});
}

TEST_P(SignalsTest, OneThatIsNotReceivedEndsWithItsWatcher) {
    {
        const Signals signals(loop(), {SIGUSR1});
        send(SIGUSR1);
    }
    // Nobody watches now: the signal kills nobody, and no later watcher hears of it.
    send(SIGUSR1);
    Signals signals(loop(), {SIGUSR1});
    EXPECT_EQ(run(loop(), receive_none(signals)), kNone);
}

Task<std::string> error_of(Loop& loop, int number) {
    Signals signals(loop, {SIGUSR1, number});
    auto came = co_await signals.next();
    co_return came ? "signal " + std::to_string(*came) : came.error().message();
}

TEST_P(SignalsTest, OneThatCannotBeCaughtIsAnError) {
    for (const int number : {SIGKILL, SIGSTOP, 0, -1, 65, 1000}) {
        EXPECT_EQ(run(loop(), error_of(loop(), number)), "sigaction: Invalid argument") << number;
    }
    send(SIGUSR1);
}

TEST_P(SignalsTest, MoreWatchersThanThereIsRoomForIsAnError) {
    std::deque<Signals> watchers;
    while (watchers.size() < 64) watchers.emplace_back(loop(), std::initializer_list<int>{SIGUSR1});
    EXPECT_EQ(run(loop(), error_of(loop(), SIGUSR2)), "sigaction: No space left on device");
    send(SIGUSR1);
    for (Signals& each : watchers) {
        EXPECT_EQ(run(loop(), receive(each, 1)), std::vector{SIGUSR1});
    }
    watchers.pop_back();
    EXPECT_EQ(run(loop(), receive_none(watchers.back())), kNone) << "there is room again";
}

// --- signal(), for the first one only ----------------------------------------------------------

Task<void> send_after(Duration pause, int number) {
    static_cast<void>(co_await sleep(pause));
    send(number);
}

Task<int> first_of_two() {
    auto sender = send_after(1ms, SIGUSR2);
    auto both = co_await all_of(within(20s, signal(SIGUSR1, SIGUSR2)), std::move(sender));
    co_return both ? both->get<0>() : -1;
}

TEST_P(SignalsTest, SignalWaitsForTheFirstOfThoseNamed) {
    EXPECT_EQ(run(loop(), first_of_two()), SIGUSR2);
}

Task<std::string> races() {
    auto won = co_await first_of(signal(SIGUSR1), sleep(1ms));
    auto limited = co_await within(1ms, signal(SIGUSR1));
    co_return std::to_string(won.index()) + ", " + limited.error().message();
}

TEST_P(SignalsTest, SignalCanBeRacedAndBounded) {
    EXPECT_EQ(run(loop(), races()), std::string("1, ") + kNone);
    send(SIGUSR1);
}

Task<std::string> wrong_signal() {
    auto came = co_await signal(SIGKILL);
    co_return came.error().message();
}

TEST_P(SignalsTest, SignalSaysWhatCannotBeCaught) {
    EXPECT_EQ(run(loop(), wrong_signal()), "sigaction: Invalid argument");
}

// --- Many ----------------------------------------------------------------------------------------

Task<int> count_to_the_last(Signals& signals) {
    int count = 0;
    while (true) {
        auto number = co_await within(20s, signals.next());
        if (!number) co_return -1;
        count++;
        if (*number == SIGUSR2) co_return count;
    }
}

TEST_P(SignalsTest, F76_AStormIsReceivedInBoundedWork) {
    constexpr int kCount = 5000;
    Signals signals(loop(), {SIGUSR1, SIGUSR2});
    std::thread other([] {
        for (int round = 0; round < kCount; ++round) send(SIGUSR1);
        send(SIGUSR2);
    });
    const int count = run(loop(), count_to_the_last(signals));
    other.join();
    EXPECT_GE(count, 2);
    EXPECT_LE(count, kCount + 1);
}

// A signal every so often, as long as it lives.
class Storm {
public:
    explicit Storm(std::chrono::microseconds interval) {
        const timeval length{0, static_cast<suseconds_t>(interval.count())};
        const itimerval timer{length, length};
        ::setitimer(ITIMER_REAL, &timer, nullptr);
    }
    Storm(const Storm&) = delete;
    Storm& operator=(const Storm&) = delete;
    ~Storm() {
        const itimerval off{};
        ::setitimer(ITIMER_REAL, &off, nullptr);
    }
};

Task<Result<void>> echo(TcpStream stream) {
    auto got = co_await stream.read();
    while (got && !got->empty()) got = co_await stream.write_then_read(*std::move(got));
    co_return {};
}

Task<Result<void>> ask_often(TcpStream stream, int rounds) {
    for (int round = 0; round < rounds; ++round) {
        const auto question = some_bytes(200, static_cast<std::uint64_t>(round));
        std::vector<std::byte> answer(question.size());
        auto sent = co_await stream.write_all(question);
        if (!sent) co_return std::unexpected(std::move(sent).error());
        auto got = co_await stream.read_exact(answer);
        if (!got) co_return std::unexpected(std::move(got).error());
        EXPECT_EQ(answer, question);
        FT_CO_TRY_VOID(co_await sleep(100us));
    }
    co_return {};
}

Task<Result<void>> echo_in_a_storm(SocketAddress loopback, int rounds) {
    Loop& loop = co_await this_loop();
    FT_CO_TRY(auto listener, TcpListener::bind(loop, loopback));
    FT_CO_TRY(const auto address, listener.local_address());
    FT_CO_TRY(auto client, co_await TcpStream::connect(address));
    FT_CO_TRY(auto server, co_await listener.accept());
    FT_CO_TRY_VOID(co_await all_of(echo(std::move(server)), ask_often(std::move(client), rounds)));
    co_return {};
}

TEST_P(SignalsTest, F29_InterruptedSystemCallsAreNobodysErrors) {
    Signals signals(loop(), {SIGALRM});
    {
        const Storm storm(1ms);
        auto done = run(loop(), echo_in_a_storm(loopback(), 100));
        EXPECT_TRUE(done) << done.error().message();
    }
    EXPECT_EQ(run(loop(), receive(signals, 1)), std::vector{SIGALRM});
}

Task<void> two_waiters(Loop& loop) {
    Signals signals(loop, {SIGUSR1});
    static_cast<void>(co_await all_of(signals.next(), signals.next()));
}

TEST(SignalsDeathTest, TwoTasksThatWaitForTheSameAreAMistakeOfTheProgram) {
    const auto wait = [] {
        auto loop = open_quiet_loop();
        run(*loop, two_waiters(*loop));
    };
    EXPECT_DEATH(wait(), "two tasks wait for the same Signals");
}

}  // namespace
}  // namespace fivetuple::testing_help

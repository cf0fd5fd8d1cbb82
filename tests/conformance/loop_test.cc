#include "tests/testing/world.h"
#include <algorithm>
#include <array>
#include <deque>
#include <thread>

namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

class LoopTest : public OpTest {};
FT_IN_ALL_WORLDS(LoopTest);

struct NotedTimer : Timer {
    explicit NotedTimer(std::vector<int>& into, int name) : order_into(into), number(name) {
        run = [](Job& job) {
            auto& self = static_cast<NotedTimer&>(static_cast<Timer&>(job));
            self.order_into.push_back(self.number);
        };
    }
    std::vector<int>& order_into;
    int number;
};

TEST_P(LoopTest, F79_TimersRunInTheOrderOfTheirTimesAndEqualOnesInTheOrderOfTheirStart) {
    std::vector<int> order;
    std::deque<NotedTimer> timers;
    const Time now = loop().now();
    const Duration times[] = {3ms, 1ms, 2ms, 1ms, -5s, 0ms, 1ms};
    for (int at = 0; at < 7; ++at) {
        timers.emplace_back(order, at);
        loop().start(timers.back(), now + times[at]);
    }
    turn_until([&] { return order.size() == 7; });
    // In a simulated world the seed decides between equals.
    if (!world().is_kernel()) std::sort(order.begin() + 2, order.begin() + 5);
    EXPECT_EQ(order, (std::vector{4, 5, 1, 3, 6, 2, 0}));
}

TEST_P(LoopTest, F79_ATimerThatNeverComesKeepsNobodyAwake) {
    std::vector<int> order;
    NotedTimer timer(order, 1);
    loop().start(timer, kNever);
    const std::uint64_t waits_before = backend().stats().waits;
    const Time until = loop().now() + 20ms;
    while (loop().now() < until) loop().turn(until);
    EXPECT_LT(backend().stats().waits - waits_before, 5u);
    EXPECT_TRUE(order.empty());
    loop().stop(timer);
    loop().stop(timer);
}

TEST_P(LoopTest, F79_ATimerMayStopOthersThatAreDueWithIt) {
    struct Stopper : Timer {
        Loop* loop = nullptr;
        Timer* victim = nullptr;
        int runs = 0;
    };
    std::vector<int> order;
    Stopper first;
    NotedTimer second(order, 2);
    first.loop = &loop();
    first.victim = &second;
    first.run = [](Job& job) {
        auto& self = static_cast<Stopper&>(static_cast<Timer&>(job));
        self.runs++;
        self.loop->stop(*self.victim);
    };
    const Time then = loop().now() + 1ms;
    loop().start(first, then);
    loop().start(second, world().is_kernel() ? then : then + 1ns);
    turn_until([&] { return first.runs == 1; });
    settle();
    EXPECT_TRUE(order.empty());
}

TEST_P(LoopTest, ATimerIsNeverEarly) {
    std::vector<int> order;
    for (const Duration length :
         {Duration(100us), Duration(700us), Duration(1500us), Duration(5ms)}) {
        NotedTimer timer(order, 0);
        const Time due = loop().now() + length;
        loop().start(timer, due);
        const std::size_t before = order.size();
        while (order.size() == before) loop().turn();
        EXPECT_GE(loop().now(), due);
    }
}

TEST_P(LoopTest, ASleepOfLessThanAMillisecondIsNotASpin) {
    std::vector<int> order;
    NotedTimer timer(order, 0);
    const std::uint64_t before = backend().stats().waits;
    loop().start(timer, loop().now() + 900us);
    while (order.empty()) loop().turn();
    EXPECT_LT(backend().stats().waits - before, 5u);
}

TEST_P(LoopTest, AWakeUpThatCameBeforeTheSleepIsNotLost) {
    backend().wake();
    backend().wake();
    const Time before = loop().now();
    loop().turn(before + 10s);
    EXPECT_LT(loop().now(), before + 5s);
    // It counts once: nothing keeps the loop awake afterwards.
    const std::uint64_t waits_before = backend().stats().waits;
    const Time until = loop().now() + 20ms;
    while (loop().now() < until) loop().turn(until);
    EXPECT_LT(backend().stats().waits - waits_before, 5u);
}

TEST_P(LoopTest, AnotherThreadsPostRunsHere) {
    FT_NEEDS_KERNEL("time does not wait for other threads");
    struct Posted : Job {
        std::thread::id ran_on;
        bool has_run = false;
    };
    Posted job;
    job.run = [](Job& self) {
        static_cast<Posted&>(self).ran_on = std::this_thread::get_id();
        static_cast<Posted&>(self).has_run = true;
    };
    std::thread other([&] {
        std::this_thread::sleep_for(5ms);
        loop().post(job);
    });
    turn_until([&] { return job.has_run; });
    EXPECT_EQ(job.ran_on, std::this_thread::get_id());
    other.join();
}

TEST_P(LoopTest, PostsOfOneThreadKeepTheirOrder) {
    struct Posted : Job {
        std::vector<int>* into = nullptr;
        int number = 0;
    };
    std::vector<int> order;
    std::deque<Posted> jobs(100);
    for (int at = 0; at < 100; ++at) {
        auto& job = jobs[static_cast<std::size_t>(at)];
        job.into = &order;
        job.number = at;
        job.run = [](Job& self) {
            static_cast<Posted&>(self).into->push_back(static_cast<Posted&>(self).number);
        };
        loop().post(job);
    }
    turn_until([&] { return order.size() == 100; });
    EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST_P(LoopTest, F69_NoWakeUpIsLostBetweenPostingAndSleeping) {
    FT_NEEDS_KERNEL("time does not wait for other threads");
    // Two threads hand one job back and forth with the loop: were one wake-up lost, it would hang.
    constexpr int kRounds = 100000;
    struct Ball : Job {
        std::atomic<int> hits = 0;
    };
    std::array<Ball, 2> balls;
    std::vector<std::thread> players;
    for (Ball& ball : balls) {
        ball.run = [](Job& job) { static_cast<Ball&>(job).hits.fetch_add(1); };
        players.emplace_back([&] {
            for (int round = 0; round < kRounds; ++round) {
                loop().post(ball);
                while (ball.hits.load() == round) {
                }
            }
        });
    }
    while (balls[0].hits < kRounds || balls[1].hits < kRounds) {
        const Time before = loop().now();
        loop().turn(before + 10s);
        ASSERT_LT(loop().now(), before + 5s) << "a wake-up was lost";
    }
    for (std::thread& player : players) player.join();
}

TEST_P(LoopTest, AJobCanBeTakenBack) {
    struct Counted : Job {
        int runs = 0;
    };
    Counted scheduled;
    Counted posted;
    for (Counted* job : {&scheduled, &posted}) {
        job->run = [](Job& self) { static_cast<Counted&>(self).runs++; };
    }
    loop().schedule(scheduled);
    loop().post(posted);
    loop().take_back(scheduled);
    loop().take_back(posted);
    settle();
    EXPECT_EQ(scheduled.runs + posted.runs, 0);
}

TEST_P(LoopTest, JobsThatKeepMakingEachOtherReadyLeaveTimeForTheRest) {
    struct Eager : Job {
        Loop* loop = nullptr;
    };
    Eager eager;
    eager.loop = &loop();
    eager.run = [](Job& job) { static_cast<Eager&>(job).loop->schedule(job); };
    loop().schedule(eager);
    std::vector<int> order;
    NotedTimer timer(order, 1);
    loop().start(timer, loop().now() + 5ms);
    const Pair pair = connect();
    EXPECT_EQ(send(pair.client, bytes_of("through")), 7);
    EXPECT_EQ(receive_text(pair.server), "through");
    turn_until([&] { return !order.empty(); });
    loop().take_back(eager);
    close(pair);
}

TEST_P(LoopTest, F77_OneHotConnectionDoesNotStarveTheOthers) {
    // A receive that submits itself again at once, on a connection that always has more.
    struct Hungry : Op {
        Backend* backend = nullptr;
        Handle socket;
        std::array<std::byte, 16> room;
        std::uint64_t taken = 0;
        void again() {
            ask_receive(socket, room);
            backend->submit(*this);
        }
    };
    const Pair hot = connect();
    const Pair cool = connect();
    const auto plenty = some_bytes(std::size_t{128} * 1024);
    NotedOp filling;
    filling.ask_send(hot.client, plenty);
    backend().submit(filling);
    settle();
    Hungry hungry;
    hungry.backend = &backend();
    hungry.socket = hot.server;
    hungry.run = [](Job& job) {
        auto& self = static_cast<Hungry&>(static_cast<Op&>(job));
        if (self.result <= 0) return;
        self.taken += static_cast<std::uint64_t>(self.result);
        self.again();
    };
    hungry.again();
    std::array<std::byte, 8> room;
    NotedOp patient;
    patient.ask_receive(cool.server, room);
    backend().submit(patient);
    NotedOp sending;
    sending.ask_send(cool.client, bytes_of("me too"));
    backend().submit(sending);
    turn_until([&] { return patient.is_done(); });
    EXPECT_EQ(patient.result, 6);
    EXPECT_LT(hungry.taken, plenty.size()) << "the hot one was drained first";
    close(hot);
    close(cool);
    turn_until([&] { return filling.is_done() && sending.is_done(); });
    settle();
}

TEST_P(LoopTest, TwoLoopsInOneThreadTalkToEachOther) {
    auto other = world().open_loop({});
    const Handle listener = listen();
    const SocketAddress to = address_of(listener);
    const Handle client = other->sockets().open(to.family(), SocketType::stream, 0).value();
    NotedOp connecting;
    connecting.ask_connect(client, to);
    other->backend().submit(connecting);
    NotedOp accepting;
    accepting.ask_accept(listener);
    backend().submit(accepting);
    const auto both_turn = [&] {
        other->turn(other->now() + 1ms);
        settle(1);
    };
    while (!accepting.is_done() || !connecting.is_done()) both_turn();
    EXPECT_EQ(connecting.result, 0);
    NotedOp sending;
    sending.ask_send(client, bytes_of("between loops"));
    other->backend().submit(sending);
    while (!sending.is_done()) both_turn();
    EXPECT_EQ(receive_text(accepting.accepted()), "between loops");
    other->backend().close(client);
    backend().close(accepting.accepted());
    backend().close(listener);
    other->turn(other->now());
    settle();
}

TEST_P(LoopTest, CountsWhatItDoes) {
    const BackendStats before = backend().stats();
    const Pair pair = connect();
    EXPECT_EQ(send(pair.client, bytes_of("x")), 1);
    EXPECT_EQ(receive_text(pair.server), "x");
    close(pair);
    const BackendStats after = backend().stats();
    EXPECT_GE(after.completions - before.completions, 4u);
    EXPECT_GT(after.calls, before.calls);
    EXPECT_GT(after.waits, before.waits);
}

}  // namespace
}  // namespace fivetuple::testing_help

#include "fivetuple/io/job.h"

#include "tests/testing/testing.h"
#include <deque>
#include <vector>

namespace fivetuple {
namespace {

struct NotedJob : Job {
    NotedJob(std::vector<int>& into, int name) : order_into(into), number(name) {
        run = [](Job& job) {
            auto& self = static_cast<NotedJob&>(job);
            self.order_into.push_back(self.number);
        };
    }
    std::vector<int>& order_into;
    int number;
};

class Jobs : public ::testing::Test {
protected:
    explicit Jobs(int count = 6) {
        for (int at = 0; at < count; ++at) jobs.emplace_back(order, at);
    }
    std::vector<int> content() const {
        std::vector<int> numbers;
        queue.for_each(
            [&](const Job& job) { numbers.push_back(static_cast<const NotedJob&>(job).number); });
        return numbers;
    }
    void push(std::size_t count) {
        for (std::size_t at = 0; at < count; ++at) queue.push(jobs[at]);
    }

    std::vector<int> order;
    std::deque<NotedJob> jobs;
    JobQueue queue;
};

TEST_F(Jobs, ComeOutInTheOrderTheyWentIn) {
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(queue.pop(), nullptr);
    EXPECT_EQ(queue.front(), nullptr);
    push(3);
    EXPECT_EQ(content(), (std::vector{0, 1, 2}));
    EXPECT_EQ(queue.front(), &jobs[0]);
    EXPECT_EQ(queue.pop(), &jobs[0]);
    queue.push(jobs[0]);
    EXPECT_EQ(content(), (std::vector{1, 2, 0}));
    EXPECT_EQ(queue.pop(), &jobs[1]);
    EXPECT_EQ(queue.pop(), &jobs[2]);
    EXPECT_EQ(queue.pop(), &jobs[0]);
    EXPECT_TRUE(queue.empty());
    push(1);
    EXPECT_EQ(content(), std::vector{0});
}

TEST_F(Jobs, CanBeTakenOutFromEveryPlace) {
    for (std::size_t size = 1; size <= 4; ++size) {
        for (std::size_t place = 0; place < size; ++place) {
            push(size);
            EXPECT_TRUE(queue.remove(jobs[place]));
            EXPECT_FALSE(queue.remove(jobs[place])) << "it is not in there any more";
            std::vector<int> rest;
            for (int at = 0; at < static_cast<int>(size); ++at) {
                if (at != static_cast<int>(place)) rest.push_back(at);
            }
            EXPECT_EQ(content(), rest);
            // The queue is as good as before.
            queue.push(jobs[5]);
            rest.push_back(5);
            EXPECT_EQ(content(), rest);
            while (queue.pop() != nullptr) {
            }
        }
    }
}

TEST_F(Jobs, AnEmptyQueueHasNothingToTakeOut) { EXPECT_FALSE(queue.remove(jobs[0])); }

TEST_F(Jobs, ReadyOnesRunWithWhatTheyMakeReady) {
    struct Pushing : NotedJob {
        using NotedJob::NotedJob;
        ReadyQueue* ready = nullptr;
        NotedJob* then = nullptr;
    };
    ReadyQueue ready;
    Pushing first(order, 7);
    first.ready = &ready;
    first.then = &jobs[2];
    first.run = [](Job& job) {
        auto& self = static_cast<Pushing&>(job);
        self.order_into.push_back(self.number);
        self.ready->push(*self.then);
    };
    ready.push(first);
    ready.push(jobs[0]);
    ready.run_some();
    EXPECT_EQ(order, (std::vector{7, 0, 2}));
    EXPECT_TRUE(ready.empty());
    ready.run_now(first);
    EXPECT_EQ(order, (std::vector{7, 0, 2, 7, 2}));
}

TEST_F(Jobs, OnesThatAreReadyAgainAndAgainComeToAPause) {
    struct Eager : Job {
        ReadyQueue* ready = nullptr;
        int runs = 0;
    };
    ReadyQueue ready;
    Eager eager;
    eager.ready = &ready;
    eager.run = [](Job& job) {
        auto& self = static_cast<Eager&>(job);
        self.runs++;
        self.ready->push(self);
    };
    ready.push(eager);
    ready.run_some();
    EXPECT_GT(eager.runs, 100);
    EXPECT_FALSE(ready.empty());
    EXPECT_TRUE(ready.remove(eager));
    EXPECT_FALSE(ready.remove(eager));
}

}  // namespace
}  // namespace fivetuple

#include "fivetuple/base/error.h"

#include "tests/testing/testing.h"
#include <cerrno>
#include <thread>
#include <utility>
#include <vector>

namespace fivetuple {
namespace {

static_assert(sizeof(Error) == 3 * sizeof(void*));

TEST(Error, SaysTheCallAndTheReason) {
    EXPECT_EQ(Error::system(ECONNREFUSED, "connect").message(), "connect: Connection refused");
    EXPECT_EQ(Error::cancelled("accept").message(), "accept: cancelled");
    EXPECT_EQ(Error::deadline("recv").message(), "recv: the time limit ran out");
    EXPECT_EQ(Error::ended("recv").message(), "recv: the peer finished early");
    EXPECT_EQ(Error::limit("frame", "too long").message(), "frame: too long");
    EXPECT_EQ(Error::malformed("address", "it is empty").message(), "address: it is empty");
    EXPECT_EQ(Error::unsupported("epoll", "not built").message(), "epoll: not built");
}

TEST(Error, NamesWhatItIsAbout) {
    const Error error = Error::system(ECONNREFUSED, "connect").about("10.0.0.7:5432");
    EXPECT_EQ(error.message(), "connect 10.0.0.7:5432: Connection refused");
    EXPECT_EQ(error.reason(), "Connection refused");
    EXPECT_EQ(error.subject(), "10.0.0.7:5432");
    EXPECT_EQ(error.call(), "connect");
}

TEST(Error, SaysWhyInOtherWordsWhereItHasSome) {
    EXPECT_EQ(Error::system(EINVAL, "bind").because("it is taken").message(), "bind: it is taken");
    EXPECT_EQ(Error::ended("frame").because("inside").about("it").message(), "frame it: inside");
    EXPECT_EQ(Error::ended("frame").about("it").because("inside").message(), "frame it: inside");
    EXPECT_EQ(Error::ended("frame").because("").message(), "frame: the peer finished early");
}

TEST(Error, EachCauseHasWordsOfItsOwn) {
    EXPECT_EQ(Error::limit("", "").message(), "over the limit");
    EXPECT_EQ(Error::malformed("", "").message(), "malformed");
    EXPECT_EQ(Error::unsupported("", "").message(), "not supported here");
    EXPECT_EQ(Error::system(99'999, "call").reason(), "Unknown error 99999");
}

TEST(Error, OnlyWhatTheKernelSaidHasACode) {
    const Error refused = Error::system(ECONNREFUSED, "connect");
    EXPECT_EQ(refused.cause(), Cause::system);
    EXPECT_EQ(refused.code(), ECONNREFUSED);
    EXPECT_TRUE(refused.is(ECONNREFUSED));
    EXPECT_FALSE(refused.is(ECONNRESET));
    EXPECT_FALSE(refused.is_cancelled() || refused.is_deadline());

    const Error late = Error::deadline("connect");
    EXPECT_EQ(late.code(), 0);
    EXPECT_FALSE(late.is(0));
    EXPECT_TRUE(late.is_deadline());
    EXPECT_FALSE(late.is_cancelled());

    const Error cancelled = Error::cancelled("connect");
    EXPECT_TRUE(cancelled.is_cancelled());
    EXPECT_FALSE(cancelled.is_deadline());
    EXPECT_FALSE(cancelled.is(0));
}

TEST(Error, ACopyGoesItsOwnWay) {
    const Error first = Error::system(EPIPE, "send").about("a").because("gone");
    const Error second = Error(first).about("b");
    const Error third = Error(first).because("away");
    EXPECT_EQ(first.message(), "send a: gone");
    EXPECT_EQ(second.message(), "send b: gone");
    EXPECT_EQ(third.message(), "send a: away");
}

TEST(Error, ACopyOutlivesItsOriginal) {
    Error kept = Error::cancelled("nothing");
    {
        const Error first = Error::system(EPIPE, "send").about("a");
        kept = first;
    }
    EXPECT_EQ(kept.message(), "send a: Broken pipe");
    const Error& itself = kept;
    kept = itself;
    EXPECT_EQ(kept.message(), "send a: Broken pipe");
}

TEST(Error, MovesWithAllItSays) {
    Error first = Error::system(EPIPE, "send").about("a");
    const Error second = std::move(first);
    EXPECT_EQ(second.message(), "send a: Broken pipe");
    EXPECT_TRUE(second.is(EPIPE));
}

TEST(Error, CopiesMayLiveInSeveralThreads) {
    const Error shared = Error::system(EPIPE, "send").about("a");
    std::vector<std::thread> threads;
    for (int count = 0; count < 4; ++count) {
        threads.emplace_back([copy = shared] {
            for (int times = 0; times < 2'000; ++times) {
                const Error another = Error(copy).about(std::to_string(times));
                EXPECT_EQ(copy.subject(), "a");
                EXPECT_EQ(another.subject(), std::to_string(times));
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(shared.subject(), "a");
}

}  // namespace
}  // namespace fivetuple

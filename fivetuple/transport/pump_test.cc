#include "fivetuple/transport/pump.h"

#include "fivetuple/task/run.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/transport/pipe.h"

#include "tests/testing/quiet_loop.h"
#include <array>
#include <cerrno>
#include <string>

namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

class PumpOverPipes : public QuietTest {
protected:
    Pipe front_{1000};
    Pipe back_{1000};
};

Task<void> write_and_end(PipeStream& to, Bytes from) {
    auto sent = co_await to.write_all(from);
    EXPECT_TRUE(sent);
    EXPECT_TRUE(to.shutdown_write());
}

Task<Result<std::string>> read_to_end(PipeStream& from) {
    std::string text;
    std::array<std::byte, 333> room;
    while (true) {
        FT_CO_TRY(const std::size_t got, co_await from.read_some(room));
        if (got == 0) co_return text;
        text += text_of(Bytes(room).first(got));
    }
}

Task<Result<void>> move_one_way(Scope& scope, Pipe& front, Pipe& back) {
    const auto data = some_bytes(100'000);
    scope.spawn(write_and_end(front.left, data));
    PumpOptions options;
    options.at_once = 700;
    auto moves = [](PipeStream& from, PipeStream& to, PumpOptions how) -> Task<Result<void>> {
        FT_CO_TRY(const PumpCount count, co_await pump(from, to, how));
        EXPECT_EQ(count.bytes, 100'000u);
        EXPECT_EQ(count.copied, 100'000u);
        EXPECT_EQ(to_string(count.way()), "copied");
        EXPECT_TRUE(count.ended);
        co_return {};
    };
    scope.spawn(moves(front.right, back.left, options));
    FT_CO_TRY(const std::string came, co_await read_to_end(back.right));
    EXPECT_EQ(came, text_of(data));
    co_return {};
}

TEST_F(PumpOverPipes, MovesEverythingAndPassesTheEndOn) {
    const auto done = run(loop(), with_scope(move_one_way, std::ref(front_), std::ref(back_)));
    EXPECT_TRUE(done) << done.error().message();
}

Task<Result<void>> stop_at_a_limit(Pipe& front, Pipe& back) {
    auto put = co_await front.left.write_all(bytes_of("one two three"));
    EXPECT_TRUE(put);
    PumpOptions options;
    options.bytes_max = 7;
    FT_CO_TRY(const PumpCount count, co_await pump(front.right, back.left, options));
    EXPECT_EQ(count.bytes, 7u);
    EXPECT_FALSE(count.ended);
    std::array<std::byte, 100> room;
    FT_CO_TRY(std::size_t got, co_await back.right.read_some(room));
    EXPECT_EQ(text_of(Bytes(room).first(got)), "one two");
    FT_CO_TRY(got, co_await front.right.read_some(room));
    EXPECT_EQ(text_of(Bytes(room).first(got)), " three") << "beyond the limit nothing is taken";
    co_return {};
}

TEST_F(PumpOverPipes, StopsAtALimitAndLeavesTheRestWhereItIs) {
    const auto done = run(loop(), stop_at_a_limit(front_, back_));
    EXPECT_TRUE(done) << done.error().message();
}

Task<Result<void>> lose_the_receiver(Pipe& front, Pipe& back) {
    auto put = co_await front.left.write_all(bytes_of("lost"));
    EXPECT_TRUE(put);
    back.right.close();
    PumpCount count;
    PumpOptions options;
    options.so_far = &count;
    auto done = co_await pump(front.right, back.left, options);
    EXPECT_TRUE(!done && done.error().is(EPIPE)) << "a value";
    EXPECT_EQ(count.bytes, 0u);
    EXPECT_FALSE(count.ended);
    co_return {};
}

TEST_F(PumpOverPipes, AReceiverThatHasGoneIsAnErrorAndTheCountIsNotLost) {
    const auto done = run(loop(), lose_the_receiver(front_, back_));
    EXPECT_TRUE(done) << done.error().message();
}

Task<Result<void>> wait_too_long(Pipe& front, Pipe& back) {
    PumpOptions options;
    options.read_limit = 10s;
    auto silent = co_await pump(front.right, back.left, options);
    EXPECT_TRUE(!silent && silent.error().is_deadline());
    const auto data = some_bytes(10'000);
    options.read_limit = Duration::max();
    options.write_limit = 10s;
    PumpCount count;
    options.so_far = &count;
    auto fill = [](PipeStream& to, Bytes from) -> Task<Result<void>> {
        auto sent = co_await to.write_all(from);
        EXPECT_FALSE(sent) << "nobody takes it all";
        co_return {};
    };
    auto both = co_await all_of(fill(front.left, data), pump(front.right, back.left, options));
    EXPECT_TRUE(!both && both.error().is_deadline());
    EXPECT_EQ(count.bytes, 1000u) << "as much as the pipe behind holds";
    co_return {};
}

TEST_F(PumpOverPipes, HasLimitsForSilenceAndForAReceiverThatTakesNothing) {
    const auto done = run(loop(), wait_too_long(front_, back_));
    EXPECT_TRUE(done) << done.error().message();
}

Task<Result<void>> talk(Scope& scope, Pipe& front, Pipe& back) {
    auto between = [](PipeStream& left, PipeStream& right) -> Task<Result<void>> {
        PumpCounts counts;
        FT_CO_TRY_VOID(co_await pump_both(left, right, {}, &counts));
        EXPECT_EQ(counts.there.bytes, 8u);
        EXPECT_EQ(counts.back.bytes, 6u);
        co_return {};
    };
    scope.spawn(between(front.right, back.left));
    scope.spawn(write_and_end(front.left, bytes_of("question")));
    FT_CO_TRY(const std::string question, co_await read_to_end(back.right));
    EXPECT_EQ(question, "question");
    // One direction has ended; the other has only begun.
    co_await write_and_end(back.right, bytes_of("answer"));
    FT_CO_TRY(const std::string answer, co_await read_to_end(front.left));
    EXPECT_EQ(answer, "answer");
    co_return {};
}

TEST_F(PumpOverPipes, BothWaysAHalfClosedConnectionStaysHalfClosed) {
    const auto done = run(loop(), with_scope(talk, std::ref(front_), std::ref(back_)));
    EXPECT_TRUE(done) << done.error().message();
}

}  // namespace
}  // namespace fivetuple::testing_help

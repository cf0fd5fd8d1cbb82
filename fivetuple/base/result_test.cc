#include "fivetuple/base/result.h"

#include "tests/testing/testing.h"
#include <cerrno>
#include <coroutine>
#include <memory>
#include <optional>

namespace fivetuple {
namespace {

Result<int> give(int value) {
    if (value < 0) return std::unexpected(Error::system(EINVAL, "give").about("below 0"));
    return value;
}
Result<void> allow(bool allowed) {
    if (!allowed) return std::unexpected(Error::system(EPERM, "allow"));
    return {};
}
Transfer move_bytes(std::size_t moved, bool all) {
    return all ? Transfer(moved) : Transfer(moved, Error::ended("move"));
}

Result<int> sum_of(int a, int b) {
    FT_TRY(const int first, give(a));
    FT_TRY(const int second, give(b));
    return first + second;
}

TEST(Result, TryDeclaresTheValueOrReturnsTheError) {
    EXPECT_EQ(sum_of(1, 2).value(), 3);
    EXPECT_EQ(sum_of(-1, 2).error().message(), "give below 0: Invalid argument");
    EXPECT_EQ(sum_of(1, -2).error().message(), "give below 0: Invalid argument");
}

TEST(Result, TryMovesWhatCannotBeCopied) {
    const auto wrap = []() -> Result<std::unique_ptr<int>> {
        FT_TRY(auto owned, Result<std::unique_ptr<int>>(std::make_unique<int>(7)));
        return owned;
    };
    EXPECT_EQ(**wrap(), 7);
}

TEST(Result, TryAsksOnlyOnce) {
    int asked = 0;
    const auto ask = [&]() -> Result<int> { return ++asked; };
    const auto once = [&]() -> Result<int> {
        FT_TRY(const int value, ask());
        return value;
    };
    EXPECT_EQ(once().value(), 1);
}

TEST(Result, TryVoidGoesOnOrReturnsTheError) {
    int passed = 0;
    const auto pass = [&](bool first, bool second) -> Result<void> {
        FT_TRY_VOID(allow(first));
        ++passed;
        if (second) FT_TRY_VOID(allow(second));
        return {};
    };
    EXPECT_TRUE(pass(true, true));
    EXPECT_FALSE(pass(false, true));
    EXPECT_EQ(passed, 1);
}

TEST(Result, TryTakesTheCountOfATransfer) {
    const auto count = [](bool all) -> Result<std::size_t> {
        FT_TRY(const std::size_t moved, move_bytes(5, all));
        return moved;
    };
    EXPECT_EQ(count(true).value(), 5u);
    EXPECT_EQ(count(false).error().cause(), Cause::ended);
}

TEST(Transfer, IsTrueWhenAllWasMoved) {
    const Transfer all = move_bytes(10, true);
    EXPECT_TRUE(all);
    EXPECT_TRUE(all.has_value());
    EXPECT_EQ(all.bytes_moved(), 10u);
    EXPECT_EQ(*all, 10u);
}

TEST(Transfer, KeepsTheCountBesideTheError) {
    Transfer some = move_bytes(4, false);
    EXPECT_FALSE(some);
    EXPECT_FALSE(some.has_value());
    EXPECT_EQ(some.bytes_moved(), 4u);
    EXPECT_EQ(some.error().message(), "move: the peer finished early");
    const Error taken = std::move(some).error();
    EXPECT_EQ(taken.cause(), Cause::ended);
}

// The least of a coroutine: runs when called, and leaves its result where its caller finds it.
struct Eager {
    struct promise_type {
        std::shared_ptr<std::optional<Result<int>>> result =
            std::make_shared<std::optional<Result<int>>>();
        Eager get_return_object() { return {result}; }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_value(Result<int> value) { *result = std::move(value); }
        void unhandled_exception() { throw; }
    };
    std::shared_ptr<std::optional<Result<int>>> result;
    const Result<int>& operator*() const { return **result; }
};

Eager add_if_allowed(bool allowed, int a, int b) {
    FT_CO_TRY_VOID(allow(allowed));
    FT_CO_TRY(const int first, give(a));
    FT_CO_TRY(const int second, give(b));
    co_return first + second;
}

TEST(Result, InACoroutineTryDoesTheSame) {
    EXPECT_EQ((*add_if_allowed(true, 1, 2)).value(), 3);
    EXPECT_TRUE((*add_if_allowed(false, 1, 2)).error().is(EPERM));
    EXPECT_TRUE((*add_if_allowed(true, -1, 2)).error().is(EINVAL));
    EXPECT_TRUE((*add_if_allowed(true, 1, -2)).error().is(EINVAL));
}

}  // namespace
}  // namespace fivetuple

#pragma once

#include "fivetuple/task/task.h"

#include <concepts>
#include <coroutine>
#include <type_traits>
#include <utility>

namespace fivetuple {

/// What can be awaited: it starts in a node (and says whether the coroutine sleeps, or which one
/// goes on), and gives its result. A Task is one; the others live in the awaiting frame, uncopied.
template <class A>
concept Awaitable =
    requires(std::remove_cvref_t<A>& awaited, Node& node, std::coroutine_handle<> sleeper) {
        awaited.start(node, sleeper);
        awaited.finish();
    };

/// Lets `co_await` have what start() and finish() of `Self` offer.
template <class Self>
class Awaits {
public:
    bool await_ready() const noexcept { return false; }
    template <class P>
    bool await_suspend(std::coroutine_handle<P> sleeper) {
        return static_cast<Self&>(*this).start(sleeper.promise().node(), sleeper);
    }
    [[nodiscard]] auto await_resume() { return static_cast<Self&>(*this).finish(); }
};

template <class T>
struct IsTask : std::false_type {};
template <class T>
struct IsTask<Task<T>> : std::true_type {};

/// What awaiting an `A` gives.
template <class A>
using AwaitResult = decltype(std::declval<std::remove_cvref_t<A>&>().finish());

template <class T>
struct IsResult : std::false_type {};
template <class T>
struct IsResult<Result<T>> : std::true_type {};

/// A Result, a Transfer: a value that may be an Error instead.
template <class T>
concept CanFail = requires(const T& outcome) {
    { outcome.has_value() } -> std::same_as<bool>;
    { outcome.error() } -> std::convertible_to<const Error&>;
};

/// `T` itself where it is a Result, else Result<T>: what cannot fail by itself can still be
/// stopped.
template <class T>
using AsResult = std::conditional_t<IsResult<T>::value, T, Result<T>>;

/// g++ 12 destroys a lambda with captures twice when it stands inside a co_await expression, and
/// what a coroutine lambda captures dangles once the lambda is gone. So functions are taken that
/// carry nothing, or that have a name and live on while they run.
template <class F>
inline constexpr bool kCarriesNothing =
    std::is_lvalue_reference_v<F> || std::is_empty_v<std::remove_cvref_t<F>> ||
    std::is_function_v<std::remove_pointer_t<std::remove_cvref_t<F>>>;

/// `co_await this_node()`: where in the tree the awaiting coroutine runs. Never sleeps.
class ThisNode : public Awaits<ThisNode> {
public:
    bool start(Node& node, std::coroutine_handle<>) {
        node_ = &node;
        return false;
    }
    Node& finish() const { return *node_; }
    Node& await_resume() const { return *node_; }

private:
    Node* node_ = nullptr;
};
inline ThisNode this_node() { return {}; }

/// `co_await this_loop()`: the loop that the awaiting coroutine runs on. Never sleeps.
class ThisLoop : public Awaits<ThisLoop> {
public:
    bool start(Node& node, std::coroutine_handle<>) {
        loop_ = &node.loop();
        return false;
    }
    Loop& finish() const { return *loop_; }
    Loop& await_resume() const { return *loop_; }

private:
    Loop* loop_ = nullptr;
};
inline ThisLoop this_loop() { return {}; }

}  // namespace fivetuple

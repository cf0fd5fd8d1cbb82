#pragma once

#include "fivetuple/task/await.h"
#include "fivetuple/task/job_wait.h"

#include <exception>
#include <optional>
#include <source_location>
#include <utility>

namespace fivetuple {

/// Where tasks are started that run beside their starter and end before the scope does. Made by
/// with_scope(), which hands it to its body.
class Scope {
public:
    explicit Scope(Node& parent);
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope() { node_.leave(); }

    /// Starts `task` beside the others, in its turn. One that returns an Error or throws cancels
    /// all of the scope.
    void spawn(Task<void> task, std::source_location where = std::source_location::current());
    void spawn(Task<Result<void>> task,
               std::source_location where = std::source_location::current());
    /// The same of `function(args...)`, whose arguments are copied into the task's frame. (A dump
    /// says where such a task awaits, not where it was spawned.)
    template <class F, class... Args>
        requires std::invocable<F, Args...>
    void spawn(F&& function, Args... args) {
        static_assert(kCarriesNothing<F>,
                      "what a coroutine lambda captures dangles: pass it as an argument");
        spawn(function(std::move(args)...), std::source_location());
    }

    /// Asks everything in the scope to end: its body and all that it spawned.
    void cancel() { node_.cancel(Node::Stop::cancelled); }
    /// Tasks spawned that have not ended.
    std::size_t running() const { return running_; }
    Loop& loop() const { return node_.loop(); }
    Node& node() { return node_; }

    /// Waits until all that was spawned has ended; cannot be cancelled, it only takes less long
    /// then.
    class Join : public JobWait, public Awaits<Join> {
    public:
        explicit Join(Scope& scope) : JobWait(kType), scope_(scope) {}
        bool start(Node& node, std::coroutine_handle<> sleeper);
        void finish() const {}

    private:
        static const Type kType;
        Scope& scope_;
    };
    Join join() { return Join(*this); }

    /// What the first failing child returned or threw.
    std::optional<Error>& failure() { return failure_; }
    std::exception_ptr thrown() const { return thrown_; }

private:
    template <class T>
    struct Child;
    template <class T>
    void start(Task<T> task, std::source_location where);
    void child_ended();

    Node node_;
    std::size_t running_ = 0;
    Join* joining_ = nullptr;
    std::optional<Error> failure_;
    std::exception_ptr thrown_;
};

/// Runs a task in a node that is not its awaiter's.
template <class T>
class InNode {
public:
    InNode(Node& node, Task<T> task) : node_(node), task_(std::move(task)) {}
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> parent) {
        return task_.start(node_, parent);
    }
    T await_resume() { return task_.finish(); }

private:
    Node& node_;
    Task<T> task_;
};

/// The coroutine behind with_scope().
template <class T, class Body, class... Args>
Task<AsResult<T>> run_scope(Body body, Args... args) {
    Scope scope(co_await this_node());
    std::optional<AsResult<T>> outcome;
    std::exception_ptr thrown;
    try {
        if constexpr (std::is_void_v<T>) {
            co_await InNode<T>(scope.node(), body(scope, std::move(args)...));
            outcome.emplace();
        } else {
            outcome.emplace(co_await InNode<T>(scope.node(), body(scope, std::move(args)...)));
        }
    } catch (...) {
        thrown = std::current_exception();
    }
    const bool body_failed = thrown || !outcome->has_value();
    const bool child_failed_first = scope.failure() || scope.thrown();
    if (body_failed) scope.cancel();
    co_await scope.join();
    if (scope.thrown() && (child_failed_first || !body_failed)) {
        std::rethrow_exception(scope.thrown());
    }
    if (scope.failure() && (child_failed_first || !body_failed)) {
        co_return std::unexpected(*std::move(scope.failure()));
    }
    if (thrown) std::rethrow_exception(thrown);
    co_return *std::move(outcome);
}

/// Calls `body(scope, args...)`, a coroutine, and returns its result when it and everything that it
/// spawned have ended. The first of them to fail cancels the others, and its failure is the result;
/// what was thrown is thrown on. Errors: those of the body and of what it spawned; cancelled,
/// deadline.
///
///     co_await with_scope(serve_all, std::move(listener));
///
/// A lambda given here may capture only if it has a name and outlives the call.
template <class Body, class... Args>
auto with_scope(Body&& body, Args... args)
    -> Task<AsResult<typename std::invoke_result_t<Body, Scope&, Args...>::Value>> {
    static_assert(kCarriesNothing<Body>, "give a lambda with captures a name first");
    using T = typename std::invoke_result_t<Body, Scope&, Args...>::Value;
    // A named body is referred to, as it lives on; any other is empty, and copied.
    return run_scope<T, Body>(std::forward<Body>(body), std::move(args)...);
}

}  // namespace fivetuple

#pragma once

#include "fivetuple/base/assert.h"
#include "fivetuple/base/pool.h"
#include "fivetuple/task/node.h"

#include <coroutine>
#include <exception>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

namespace fivetuple {

template <class T>
class Task;

/// Awaits something where it stands: g++ 12 would copy what is not a variable of the coroutine.
template <class A>
struct AwaitedInPlace {
    A& awaited;

    bool await_ready() { return awaited.await_ready(); }
    template <class P>
    auto await_suspend(std::coroutine_handle<P> sleeper) {
        return awaited.await_suspend(sleeper);
    }
    decltype(auto) await_resume() { return awaited.await_resume(); }
};

/// What all coroutines of this library share: who awaits them, and where they stand in the tree.
/// Every promise begins with one, at the same offset, so that a chain of awaits can be walked.
class alignas(16) PromiseBase : public Pooled {
public:
    std::suspend_always initial_suspend() const noexcept { return {}; }

    struct Final {
        bool await_ready() const noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<>) const noexcept {
            return promise->finish();
        }
        void await_resume() const noexcept {}
        PromiseBase* promise;
    };
    Final final_suspend() noexcept { return {this}; }

    /// Notes where the coroutine awaits, for dumps; changes nothing of what is awaited.
    template <class A>
    AwaitedInPlace<std::remove_cvref_t<A>> await_transform(
        A&& awaited, std::source_location where = std::source_location::current()) noexcept {
        where_ = where;
        return {awaited};
    }
    template <class T>
    auto await_transform(Task<T>&& task,
                         std::source_location where = std::source_location::current()) noexcept {
        where_ = where;
        return typename Task<T>::Awaiter(std::move(task));
    }
    template <class T>
    void await_transform(Task<T>& task) = delete;  // A task is awaited once: std::move it.

    Node& node() const { return *node_; }
    std::source_location where() const { return where_; }
    /// The coroutine that awaits this one, or none at the top of a node.
    std::coroutine_handle<> parent() const { return parent_; }

    /// This coroutine runs in `node`, and `parent` goes on when it has finished.
    void start_under(Node& node, std::coroutine_handle<> parent) {
        node_ = &node;
        parent_ = parent;
    }
    /// This coroutine runs in `node`, and `at_end` is scheduled when it has finished.
    void start_alone(Node& node, Job& at_end) {
        node_ = &node;
        at_end_ = &at_end;
    }

    static PromiseBase& of(std::coroutine_handle<> handle) {
        return std::coroutine_handle<PromiseBase>::from_address(handle.address()).promise();
    }

private:
    std::coroutine_handle<> finish() noexcept {
        if (at_end_ == nullptr) return parent_;
        node_->loop().schedule(*at_end_);
        return std::noop_coroutine();
    }

    std::coroutine_handle<> parent_;
    Job* at_end_ = nullptr;
    Node* node_ = nullptr;
    std::source_location where_;
};

/// What a coroutine returned or threw.
template <class T>
class Promise final : public PromiseBase {
    static_assert(alignof(T) <= 16, "a task's result must not be over-aligned");

public:
    Task<T> get_return_object() noexcept;
    template <class U = T>
        requires std::convertible_to<U, T>
    void return_value(U&& value) {
        value_.emplace(std::forward<U>(value));
    }
    void unhandled_exception() noexcept { thrown_ = std::current_exception(); }

    T take() {
        if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
        return std::move(*value_);
    }
    bool has_thrown() const { return thrown_ != nullptr; }

private:
    std::optional<T> value_;
    std::exception_ptr thrown_;
};

template <>
class Promise<void> final : public PromiseBase {
public:
    Task<void> get_return_object() noexcept;
    void return_void() const noexcept {}
    void unhandled_exception() noexcept { thrown_ = std::current_exception(); }

    void take() {
        if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
    }
    bool has_thrown() const { return thrown_ != nullptr; }

private:
    std::exception_ptr thrown_;
};

/// A coroutine that has been called but not started: it starts when it is awaited, once, and what
/// it returns (or throws) is what awaiting it gives. Arguments live in its frame: pass them by
/// value.
template <class T = void>
class [[nodiscard]] Task {
public:
    using promise_type = Promise<T>;
    using Value = T;
    using Handle = std::coroutine_handle<promise_type>;

    Task() = default;
    explicit Task(Handle handle) : handle_(handle) {}
    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Task& operator=(Task&& other) noexcept {
        Task(std::move(other)).swap(*this);
        return *this;
    }
    ~Task() {
        if (handle_) handle_.destroy();
    }

    explicit operator bool() const { return handle_ != nullptr; }
    promise_type& promise() const { return handle_.promise(); }
    std::coroutine_handle<> handle() const { return handle_; }
    void swap(Task& other) noexcept { std::swap(handle_, other.handle_); }

    /// Begins to run below `node` and gives the coroutine to go on with; `parent` follows it.
    std::coroutine_handle<> start(Node& node, std::coroutine_handle<> parent) {
        FT_ASSERT(handle_, "a task is awaited that was moved from");
        promise().start_under(node, parent);
        return handle_;
    }
    T finish() { return promise().take(); }

    /// What co_await makes of a task.
    class Awaiter {
    public:
        explicit Awaiter(Task task) : task_(std::move(task)) {}
        bool await_ready() const noexcept { return false; }
        template <class P>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<P> parent) noexcept {
            return task_.start(parent.promise().node(), parent);
        }
        T await_resume() { return task_.finish(); }

    private:
        Task task_;
    };

private:
    Handle handle_;
};

template <class T>
Task<T> Promise<T>::get_return_object() noexcept {
    return Task<T>(Task<T>::Handle::from_promise(*this));
}

inline Task<void> Promise<void>::get_return_object() noexcept {
    return Task<void>(Task<void>::Handle::from_promise(*this));
}

}  // namespace fivetuple

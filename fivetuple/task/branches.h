#pragma once

#include "fivetuple/task/await.h"
#include "fivetuple/task/job_wait.h"

#include <cstddef>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace fivetuple {

/// What a branch brings, where void would be in the way.
template <class T>
using Solid = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

/// Any awaitable as a task, which can run on its own; a task is one already.
template <class A>
Task<AwaitResult<A>> as_task(A& awaited) {
    co_return co_await static_cast<A&&>(awaited);
}
template <class T>
Task<T> as_task(Task<T>& task) {
    return std::move(task);
}

/// A coroutine that has split into branches sleeps until all of them have ended.
class Branches : public JobWait {
protected:
    /// One of the branches, a node of its own. Runs twice as a job: to start, and when it has
    /// ended.
    struct Branch : Node, Job {
        Branches* of = nullptr;
        std::size_t index = 0;
    };

    Branches() : JobWait(kType) {}
    ~Branches() = default;

    /// Decides, as a branch ends, whether the others go on.
    virtual bool others_go_on(std::size_t index) = 0;

    void begin(Node& node, std::coroutine_handle<> sleeper);
    void add(Branch& branch, std::size_t index);
    void end() { group_.leave(); }

    /// A branch made of a task, and what it brought.
    template <class T>
    class TaskBranch : public Branch {
    public:
        void begin(Branches& whole, std::size_t place, Task<T> task) {
            task_ = std::move(task);
            run = &started;
            whole.add(*this, place);
        }
        bool has_thrown() const { return thrown_ != nullptr; }
        Solid<T> take() {
            if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
            return *std::move(value_);
        }

    private:
        static void started(Job& job) {
            auto& self = static_cast<TaskBranch&>(job);
            self.run = &ended;
            self.task_.promise().start_alone(self, self);
            self.task_.handle().resume();
        }
        static void ended(Job& job) {
            auto& self = static_cast<TaskBranch&>(job);
            self.settle();
            self.of->branch_ended(self);
        }
        // What the branch owned ends with it, not with the others.
        void settle() {
            try {
                if constexpr (std::is_void_v<T>) {
                    task_.finish();
                    value_.emplace();
                } else {
                    value_.emplace(task_.finish());
                }
            } catch (...) {
                thrown_ = std::current_exception();
            }
            task_ = Task<T>();
        }

        Task<T> task_;
        std::optional<Solid<T>> value_;
        std::exception_ptr thrown_;
    };

private:
    static const Type kType;
    void branch_ended(Branch& branch);

    Node group_;  // Between the awaiting node and the branches, to cancel them together.
    std::size_t running_ = 0;
    bool judged_ = false;
};

}  // namespace fivetuple

#pragma once

#include "fivetuple/task/await.h"

#include <source_location>
#include <utility>

namespace fivetuple {

/// The top of a tree of tasks, from its start to its end.
class RunRoot : public LoopRoot, public Node, public Job {
public:
    RunRoot(Loop& loop, std::source_location where);
    RunRoot(const RunRoot&) = delete;
    RunRoot& operator=(const RunRoot&) = delete;
    ~RunRoot();

    /// Starts a task; is_done() once it has finished, which takes turns of the loop.
    void start(PromiseBase& promise, std::coroutine_handle<> coroutine);
    bool is_done() const { return done_; }
    /// Turns the loop until what was started here has finished.
    void run_to_end();

private:
    bool done_ = false;
};

/// Runs `task` on `loop`, and the loop until it has finished. What it throws is thrown here.
template <class T>
T run(Loop& loop, Task<T> task, std::source_location where = std::source_location::current()) {
    RunRoot root(loop, where);
    root.start(task.promise(), task.handle());
    root.run_to_end();
    return task.finish();
}

/// Opens a loop, runs `function(loop, args...)` on it, and returns what that returned.
/// Errors: as Loop::open().
///
///     int main() { return ft::run(serve, address) ? 0 : 1; }
template <class F, class... Args>
    requires std::invocable<F, Loop&, Args...>
auto run(F&& function, Args... args)
    -> AsResult<typename std::invoke_result_t<F, Loop&, Args...>::Value> {
    static_assert(kCarriesNothing<F>, "give a lambda with captures a name first");
    auto loop = Loop::open();
    if (!loop) return std::unexpected(std::move(loop).error());
    if constexpr (std::is_void_v<typename std::invoke_result_t<F, Loop&, Args...>::Value>) {
        run(**loop, function(**loop, std::move(args)...), {});
        return {};
    } else {
        return run(**loop, function(**loop, std::move(args)...), {});
    }
}

}  // namespace fivetuple

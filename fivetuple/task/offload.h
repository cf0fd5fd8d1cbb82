#pragma once

#include "fivetuple/task/await.h"
#include "fivetuple/task/job_wait.h"

#include <concepts>
#include <exception>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace fivetuple {

/// Work for a helper thread.
struct OffloadedWork {
    OffloadedWork* next = nullptr;
    void (*work)(OffloadedWork&) = nullptr;
};

/// Hands work to one of a few helper threads of the process, which are started as they are needed
/// and end with it. May be called by any thread.
void run_on_helper(OffloadedWork& work);

/// What offload() gives. To be awaited in the expression that makes it.
template <class F, class... Args>
class [[nodiscard]] Offload : public Wait,
                              public Job,
                              public OffloadedWork,
                              public Awaits<Offload<F, Args...>> {
    using T = std::invoke_result_t<F&, Args&&...>;
    using Value = std::conditional_t<std::is_void_v<T>, std::tuple<>, T>;

public:
    Offload(F&& function, Args... args)
        : Wait(kType),
          Job(&come_back),
          function_(static_cast<F&&>(function)),
          args_(std::move(args)...) {
        work = &call;
    }

    bool start(Node& node, std::coroutine_handle<> sleeper) {
        belongs_to(node);
        sleep(node, sleeper);
        run_on_helper(*this);
        return true;
    }
    T finish() {
        if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
        if constexpr (!std::is_void_v<T>) return *std::move(value_);
    }
    T await_resume() { return finish(); }

private:
    static constexpr Type kType{"wait for a helper thread", [](Wait&) {}, nullptr};

    static void call(OffloadedWork& work) {
        auto& self = static_cast<Offload&>(work);
        try {
            if constexpr (std::is_void_v<T>) {
                std::apply(self.function_, std::move(self.args_));
            } else {
                self.value_.emplace(std::apply(self.function_, std::move(self.args_)));
            }
        } catch (...) {
            self.thrown_ = std::current_exception();
        }
        // The last thing that this thread does with it: the loop's thread may end it at once.
        self.loop().post(self);
    }
    static void come_back(Job& job) { static_cast<Offload&>(job).resume(); }

    F function_;
    std::tuple<Args...> args_;
    std::optional<Value> value_;
    std::exception_ptr thrown_;
};

/// `co_await offload(read_config, path)`: calls `function(args...)` on a helper thread, for what
/// can only block. What it returns or throws comes back. It cannot be cancelled: a task that is to
/// end waits for it.
template <class F, class... Args>
Offload<F, Args...> offload(F&& function, Args... args) {
    static_assert(kCarriesNothing<F>, "give a lambda with captures a name first");
    return Offload<F, Args...>(static_cast<F&&>(function), std::move(args)...);
}

}  // namespace fivetuple

#pragma once

#include "fivetuple/task/branches.h"

#include <optional>
#include <tuple>

namespace fivetuple {

/// What a branch brings when it has not failed.
template <class T>
struct Succeeded {
    using Type = Solid<T>;
};
template <class T>
struct Succeeded<Result<T>> {
    using Type = Solid<T>;
};

/// What each of several brought (std::monostate for void).
template <class... Ts>
class All {
public:
    explicit All(Ts... values) : values_(std::move(values)...) {}
    template <std::size_t I>
    auto& get() {
        return std::get<I>(values_);
    }

private:
    std::tuple<Ts...> values_;
};

/// What all_of() gives. To be awaited in the expression that makes it.
template <Awaitable... As>
class [[nodiscard]] AllOf final : public Branches, public Awaits<AllOf<As...>> {
    using Values = All<typename Succeeded<AwaitResult<As>>::Type...>;

public:
    explicit AllOf(As&... awaited) : awaited_(awaited...) {}

    bool start(Node& node, std::coroutine_handle<> sleeper) {
        begin(node, sleeper);
        start_each(std::index_sequence_for<As...>());
        return true;
    }
    Result<Values> finish() {
        end();
        return gather(std::index_sequence_for<As...>());
    }

private:
    template <class T>
    struct Outcome {
        std::optional<Solid<T>> value;
        bool failed() const {
            if constexpr (CanFail<T>) {
                return !value->has_value();
            } else {
                return false;
            }
        }
        Error error() const {
            if constexpr (CanFail<T>) return value->error();
            std::unreachable();
        }
        typename Succeeded<T>::Type take() {
            if constexpr (!IsResult<T>::value) {
                return *std::move(value);
            } else if constexpr (std::is_void_v<typename T::value_type>) {
                return {};
            } else {
                return **std::move(value);
            }
        }
    };

    bool others_go_on(std::size_t index) override {
        return judge(index, std::index_sequence_for<As...>());
    }

    template <std::size_t... Is>
    void start_each(std::index_sequence<Is...>) {
        (std::get<Is>(branches_).begin(*this, Is, as_task(std::get<Is>(awaited_))), ...);
    }

    template <std::size_t... Is>
    bool judge(std::size_t index, std::index_sequence<Is...>) {
        bool go_on = true;
        ((Is == index ? static_cast<void>(go_on = note<Is>()) : static_cast<void>(0)), ...);
        return go_on;
    }

    template <std::size_t I>
    bool note() {
        auto& branch = std::get<I>(branches_);
        auto& outcome = std::get<I>(outcomes_);
        if (branch.has_thrown()) {
            thrower_ = I;
            return false;
        }
        outcome.value.emplace(branch.take());
        if (!outcome.failed()) return true;
        first_error_.emplace(outcome.error());
        return false;
    }

    template <std::size_t... Is>
    Result<Values> gather(std::index_sequence<Is...>) {
        // Throws on what the one that stopped the others has thrown.
        ((thrower_ == Is ? static_cast<void>(std::get<Is>(branches_).take()) : void()), ...);
        if (first_error_) return std::unexpected(*std::move(first_error_));
        return Values(std::get<Is>(outcomes_).take()...);
    }

    std::tuple<As&...> awaited_;
    std::tuple<TaskBranch<AwaitResult<As>>...> branches_;
    std::tuple<Outcome<AwaitResult<As>>...> outcomes_;
    std::optional<Error> first_error_;
    std::size_t thrower_ = SIZE_MAX;
};

/// Runs all of them beside each other until all have finished: Result<All<...>>. The first that
/// fails (or throws) cancels the others, and its error is the result.
///
///     FT_CO_TRY(auto both, co_await all_of(ask(left), ask(right)));
///     use(both.get<0>(), both.get<1>());
///
/// (An object, not a function, so that std::all_of is not taken for it.)
inline constexpr struct {
    template <Awaitable... As>
    AllOf<As...> operator()(As&&... awaited) const {
        static_assert(sizeof...(As) > 0);
        return AllOf<As...>(awaited...);
    }
} all_of;

}  // namespace fivetuple

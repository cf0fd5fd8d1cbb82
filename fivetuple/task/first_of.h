#pragma once

#include "fivetuple/task/branches.h"

#include <optional>
#include <tuple>
#include <variant>
#include <vector>

namespace fivetuple {

/// Which of several finished first, and what it brought (std::monostate for void).
template <class... Ts>
class First {
public:
    explicit First(std::variant<Solid<Ts>...> value) : value_(std::move(value)) {}
    std::size_t index() const { return value_.index(); }
    /// What the branch `I` brought, which must be the one that won.
    template <std::size_t I>
    auto& get() {
        return std::get<I>(value_);
    }

private:
    std::variant<Solid<Ts>...> value_;
};

/// What first_of() gives. To be awaited in the expression that makes it.
template <Awaitable... As>
class [[nodiscard]] FirstOf final : public Branches, public Awaits<FirstOf<As...>> {
public:
    explicit FirstOf(As&... awaited) : awaited_(awaited...) {}

    bool start(Node& node, std::coroutine_handle<> sleeper) {
        begin(node, sleeper);
        start_each(std::index_sequence_for<As...>());
        return true;
    }
    First<AwaitResult<As>...> finish() {
        end();
        return take<0>();
    }

private:
    bool others_go_on(std::size_t index) override {
        winner_ = index;
        return false;
    }

    template <std::size_t... Is>
    void start_each(std::index_sequence<Is...>) {
        (std::get<Is>(branches_).begin(*this, Is, as_task(std::get<Is>(awaited_))), ...);
    }

    template <std::size_t I>
    First<AwaitResult<As>...> take() {
        if constexpr (I + 1 < sizeof...(As)) {
            if (winner_ != I) return take<I + 1>();
        }
        return First<AwaitResult<As>...>(std::variant<Solid<AwaitResult<As>>...>(
            std::in_place_index<I>, std::get<I>(branches_).take()));
    }

    std::tuple<As&...> awaited_;
    std::tuple<TaskBranch<AwaitResult<As>>...> branches_;
    std::size_t winner_ = 0;
};

/// Runs all of them beside each other until the first has finished, well or not; the others are
/// cancelled, and have ended when this returns.
///
///     auto won = co_await first_of(peer.read_some(room), stop.wait());
///     if (won.index() == 1) co_return;
template <Awaitable... As>
FirstOf<As...> first_of(As&&... awaited) {
    static_assert(sizeof...(As) > 0);
    return FirstOf<As...>(awaited...);
}

}  // namespace fivetuple

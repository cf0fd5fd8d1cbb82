#pragma once

#include "fivetuple/task/await.h"

#include <coroutine>
#include <source_location>
#include <type_traits>

namespace fivetuple {

/// Bounds in time what runs below it. A part of Within that is the same for everything awaited.
class Deadline : protected Node, protected Timer {
public:
    /// When the limit of a node of Kind::limit runs out.
    static Time of(const Node& node) { return static_cast<const Deadline&>(node).when; }

protected:
    Deadline() { run = &run_out; }
    ~Deadline() = default;

    void begin(Node& parent, Duration limit, std::source_location where);
    void end();

private:
    static void run_out(Job& job);
};

/// What within() gives. Holds on to the very thing that it was given in the same expression.
template <class A>
class [[nodiscard]] Within : private Deadline {
public:
    Within(Duration limit, A&& awaited, std::source_location where)
        : awaited_(static_cast<A&&>(awaited)), limit_(limit), where_(where) {}

    bool await_ready() const noexcept { return false; }
    template <class P>
    auto await_suspend(std::coroutine_handle<P> sleeper) {
        return start(sleeper.promise().node(), sleeper);
    }
    auto await_resume() { return finish(); }

    auto start(Node& node, std::coroutine_handle<> sleeper) {
        begin(node, limit_, where_);
        return awaited_.start(static_cast<Node&>(*this), sleeper);
    }
    auto finish() {
        struct AtEnd {
            Deadline& deadline;
            void (Deadline::*end)();
            ~AtEnd() { (deadline.*end)(); }
        } at_end{*this, &Within::end};
        return awaited_.finish();
    }

private:
    // A task is a pointer and moves in; an awaiter stays where it is, in the awaiting frame.
    std::conditional_t<IsTask<std::remove_cvref_t<A>>::value, std::remove_cvref_t<A>, A&&> awaited_;
    Duration limit_;
    std::source_location where_;
};

/// `co_await within(30s, peer.read_some(buffer))`: the same result, but what is not done by then is
/// cancelled, and so is all that it awaits, however deep; it then says so with Cause::deadline.
/// To be awaited in the expression that makes it.
template <Awaitable A>
Within<A> within(Duration limit, A&& awaited,
                 std::source_location where = std::source_location::current()) {
    return Within<A>(limit, static_cast<A&&>(awaited), where);
}

}  // namespace fivetuple

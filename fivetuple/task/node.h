#pragma once

#include "fivetuple/base/error.h"
#include "fivetuple/base/list.h"
#include "fivetuple/io/loop.h"

#include <cstdint>
#include <source_location>

namespace fivetuple {

class Wait;

/// A place in the tree of everything that runs on a loop: a spawned task, a branch of a race, what
/// stands under a deadline, a scope. Cancelling a node cancels what it awaits and every node below.
///
/// Nodes live in coroutine frames and awaiters; nothing here allocates.
class Node : public Linked<Node> {
public:
    /// Why a node is to end early.
    enum class Stop : std::uint8_t { none, cancelled, deadline };
    enum class Kind : std::uint8_t { root, task, scope, branch, limit };

    Node() = default;

    /// Takes its place below `parent`; cancelled at once if that is.
    void enter(Node& parent, Kind kind, std::source_location where);
    /// Becomes the top of a tree of its own on `loop`.
    void enter_root(Loop& loop, std::source_location where);
    /// Leaves the tree; what was below must have left.
    void leave();

    /// Asks everything at and below this node to end; the first reason given stands.
    void cancel(Stop why);
    /// Why this node, or one above it, was asked to end.
    Stop stop() const { return stop_; }
    bool is_stopped() const { return stop_ != Stop::none; }
    /// What an operation says that ended because of stop().
    Error stop_error(const char* call) const;

    Loop& loop() const { return *loop_; }
    Node* parent() const { return parent_; }
    Kind kind() const { return kind_; }
    std::source_location where() const { return where_; }

    /// What this node's innermost coroutine sleeps on, and since when; null while it runs.
    Wait* current() const { return current_; }
    Time since() const { return since_; }
    void sleeps_on(Wait& wait) {
        current_ = &wait;
        since_ = loop_->turn_began();
    }
    void wakes() { current_ = nullptr; }

    List<Node>& children() { return children_; }

private:
    Loop* loop_ = nullptr;
    Node* parent_ = nullptr;
    List<Node> children_;
    Wait* current_ = nullptr;
    Time since_{};
    std::source_location where_;
    Stop stop_ = Stop::none;
    Kind kind_ = Kind::task;
};

}  // namespace fivetuple

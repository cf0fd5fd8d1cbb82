#pragma once

#include "fivetuple/io/handle.h"
#include "fivetuple/task/node.h"

#include <coroutine>
#include <cstdint>
#include <utility>

namespace fivetuple {

/// What a coroutine can sleep on, at the leaf of a chain of awaits: an Op, a timer, an event. It is
/// part of an awaiter, which lives in the frame of the coroutine that sleeps.
class Wait {
public:
    /// What every wait of one kind has in common.
    struct Type {
        const char* verb;               ///< As in "recv", "sleep": what a dump says is going on.
        void (*cancel)(Wait&);          ///< Makes it end soon; never resumes anything itself.
        Handle (*socket)(const Wait&);  ///< The socket it is about, if any.
    };

    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

    const Type& type() const { return *type_; }
    void cancel() { type_->cancel(*this); }
    Handle socket() const { return type_->socket == nullptr ? Handle() : type_->socket(*this); }
    /// Of the coroutine that sleeps.
    std::coroutine_handle<> sleeper() const { return sleeper_; }

protected:
    explicit Wait(const Type& type) : type_(&type) {}
    ~Wait() = default;

    Node& node() const { return *node_; }
    Loop& loop() const { return node_->loop(); }

    void sleep(Node& node, std::coroutine_handle<> sleeper) {
        node_ = &node;
        sleeper_ = sleeper;
        node.sleeps_on(*this);
    }
    /// From here on it cannot be cancelled; resume() will follow.
    void wake() { node_->wakes(); }
    void resume() {
        node_->wakes();
        sleeper_.resume();
    }
    /// For one that does not sleep at all.
    void belongs_to(Node& node) { node_ = &node; }

private:
    const Type* type_;
    Node* node_ = nullptr;
    std::coroutine_handle<> sleeper_;
};

}  // namespace fivetuple

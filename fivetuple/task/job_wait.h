#pragma once

#include "fivetuple/task/await.h"
#include "fivetuple/task/wait.h"

namespace fivetuple {

/// A wait that some other task of the loop ends: it is resumed by way of the loop's queue, so that
/// neither side runs on the other's stack.
class JobWait : public Wait, public Job, public Linked<JobWait> {
public:
    bool was_stopped() const { return stopped_; }

    /// Ends the wait; the coroutine goes on in its turn.
    void make_ready() {
        unlink();
        wake();
        loop().schedule(*this);
    }

protected:
    explicit JobWait(const Type& type) : Wait(type), Job(&run_it) {}
    ~JobWait() = default;

    /// For `Type::cancel`.
    static void stop(Wait& wait) {
        auto& self = static_cast<JobWait&>(wait);
        self.stopped_ = true;
        self.make_ready();
    }

    /// False, and was_stopped(), where the node is to end anyway.
    bool start_waiting(Node& node, std::coroutine_handle<> sleeper) {
        belongs_to(node);
        stopped_ = node.is_stopped();
        if (!stopped_) sleep(node, sleeper);
        return !stopped_;
    }

private:
    static void run_it(Job& job) { static_cast<JobWait&>(job).resume(); }

    bool stopped_ = false;
};

}  // namespace fivetuple

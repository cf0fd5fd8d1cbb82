#pragma once

#include "fivetuple/io/op.h"
#include "fivetuple/task/await.h"
#include "fivetuple/task/wait.h"

#include <cerrno>

namespace fivetuple {

/// A coroutine's wait for an Op: the request and the sleeper are one object in the awaiting frame.
class OpWait : public Op, public Wait {
public:
    /// Asks the backend to end it early.
    void cancel_op() { loop().backend().cancel(*this); }

protected:
    explicit OpWait(OpKind what) : Wait(type_of(what)) { run = &run_it; }
    ~OpWait() = default;

    /// Hands the Op, which has been asked for something, to the backend; true: sleep until it is
    /// done. Where the node is to end anyway nothing is submitted, and the result is -ECANCELED.
    bool begin(Node& node, std::coroutine_handle<> sleeper) {
        belongs_to(node);
        if (node.is_stopped()) {
            result = -ECANCELED;
            return false;
        }
        sleep(node, sleeper);
        node.loop().backend().submit(*this);
        return true;
    }

    /// What a negative result means: why the node was stopped, or what the kernel said.
    Error error(const char* call) const;

private:
    static const Type& type_of(OpKind what);
    static void run_it(Job& job) { static_cast<OpWait&>(static_cast<Op&>(job)).resume(); }
};

}  // namespace fivetuple

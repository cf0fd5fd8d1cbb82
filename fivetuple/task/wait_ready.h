#pragma once

#include "fivetuple/task/op_wait.h"

namespace fivetuple {

/// `co_await WaitReady(file, kPollReadable)`: sleeps until a descriptor that the loop has adopted
/// is ready for that, or is broken; who then calls it finds out which. poll(2)
///
/// Result<void>. Errors: EBADF; cancelled, deadline.
class WaitReady : public OpWait, public Awaits<WaitReady> {
public:
    WaitReady(Handle file, short events) : OpWait(OpKind::poll) { ask_poll(file, events); }
    bool start(Node& node, std::coroutine_handle<> sleeper) { return begin(node, sleeper); }
    Result<void> finish() {
        if (result < 0) return std::unexpected(error("poll"));
        return {};
    }
};

}  // namespace fivetuple

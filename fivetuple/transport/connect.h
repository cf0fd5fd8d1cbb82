#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/task/op_wait.h"

namespace fivetuple {

/// Waits for a socket's connection to `to`, which must stay where it is: Result<void>.
/// Errors: as connect(2); cancelled, deadline.
class ConnectSocket : public OpWait, public Awaits<ConnectSocket> {
public:
    ConnectSocket(Handle socket, const SocketAddress& to) : OpWait(OpKind::connect), to_(to) {
        ask_connect(socket, to_);
    }
    bool start(Node& node, std::coroutine_handle<> sleeper) { return begin(node, sleeper); }
    Result<void> finish() {
        if (result >= 0) return {};
        return std::unexpected(error("connect").about(to_.to_string()));
    }

private:
    const SocketAddress& to_;
};

}  // namespace fivetuple

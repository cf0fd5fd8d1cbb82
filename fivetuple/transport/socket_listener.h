#pragma once

#include "fivetuple/os/listening.h"
#include "fivetuple/task/task.h"
#include "fivetuple/transport/loop_socket.h"

#include <utility>
#include <vector>

namespace fivetuple {

/// A listening socket of a loop: what TcpListener and UnixListener share. Its local_address() has
/// the port that the kernel chose for port 0. Any number of tasks may accept from it.
class ListeningSocket : public LoopSocket {
public:
    ListeningSocket() = default;
    ListeningSocket(Loop& loop, Handle socket) : LoopSocket(loop, socket) {}

    /// Stops listening: who accepts gets `cancelled`, who waited to be accepted a reset.
    using LoopSocket::close;

    /// Errors: unsupported, for other than TCP. tcp(7), TCP_INFO
    Result<AcceptQueue> accept_queue() const { return accept_queue_of(OptionAccess(*this)); }

protected:
    /// A socket of the address's family that listens there.
    static Result<ListeningSocket> open(Loop& loop, const SocketAddress& at,
                                        const ListenOptions& options);
};

/// Waits for the next connection of a listener.
template <class S>
class AcceptNext : public OpWait, public Awaits<AcceptNext<S>> {
public:
    explicit AcceptNext(Handle listener) : OpWait(OpKind::accept) { ask_accept(listener); }
    bool start(Node& node, std::coroutine_handle<> sleeper) { return begin(node, sleeper); }
    Result<S> finish() {
        if (result < 0) return std::unexpected(error("accept"));
        return S(loop(), accepted());
    }
};

/// A listener whose connections are of type S.
template <class S>
class SocketListener : public ListeningSocket {
public:
    SocketListener() = default;
    explicit SocketListener(ListeningSocket socket) : ListeningSocket(std::move(socket)) {}

    /// The next connection: Result<S>. It may have been reset meanwhile; its first read tells.
    /// Errors: EMFILE, ENFILE, ENOBUFS, ENOMEM: the listener is well, wait a little and accept
    /// again; cancelled, deadline. accept(2)
    AcceptNext<S> accept() { return AcceptNext<S>(handle()); }

    /// Accepts no more, and loses nobody: gives those that the backend has taken off the kernel's
    /// queue already. All others stay there for whoever shares the listener, as a successor does;
    /// close() is to follow. No task may be in accept(). Errors: cancelled, deadline.
    Task<Result<std::vector<S>>> stop_accepting() {
        std::vector<S> taken;
        const bool takes_ahead = loop().backend().stop_accepting(handle());
        while (takes_ahead) {
            auto next = co_await accept();
            if (next) {
                taken.push_back(*std::move(next));
            } else if (next.error().is_cancelled() || next.error().is_deadline()) {
                break;
            }
        }
        co_return taken;
    }
};

}  // namespace fivetuple

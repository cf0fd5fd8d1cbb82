#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/time.h"
#include "fivetuple/os/address.h"
#include "fivetuple/os/datagram.h"

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace fivetuple::sim {

class StackSocket;

/// Who wants to know when a socket may have changed: it has become readable or writable, has ended
/// or failed. It is told inside of calls of the stack and only takes a note.
class SocketWatcher {
public:
    virtual void changed(StackSocket& socket) = 0;

protected:
    ~SocketWatcher() = default;
};

/// What accept() gives: a connection and whom it is with, or an errno.
struct Accepted {
    int error = 0;
    std::unique_ptr<StackSocket> socket;
    SocketAddress from;
};

/// A socket of a simulated host: the operations of one protocol, as Linux has them. Nothing waits:
/// what would, answers EAGAIN (or EINPROGRESS) and becomes possible later, which events() and the
/// watcher tell. Answers are as of the system call of that name: >= 0, or -errno.
class StackSocket {
public:
    StackSocket() = default;
    StackSocket(const StackSocket&) = delete;
    StackSocket& operator=(const StackSocket&) = delete;
    /// close() comes before.
    virtual ~StackSocket() = default;

    virtual int bind(const SocketAddress& at) = 0;
    virtual int listen(int backlog, Time now);
    virtual int connect(const SocketAddress& to, Time now) = 0;
    virtual Accepted accept(Time now);
    /// `flags` are MSG_MORE, MSG_OOB, MSG_DONTWAIT, MSG_NOSIGNAL; no signal is ever sent.
    virtual std::int64_t send(const msghdr& message, int flags, Time now) = 0;
    /// `flags` are MSG_PEEK, MSG_TRUNC, MSG_OOB, MSG_DONTWAIT.
    virtual std::int64_t receive(msghdr& message, int flags, Time now) = 0;
    virtual int shutdown(int how, Time now) = 0;
    /// The last call: what is left to do for its peer goes on without it. close(2)
    virtual void close(Time) {}
    /// POLLIN, POLLOUT, POLLRDHUP, POLLHUP, POLLERR, POLLPRI: those that hold now. poll(2)
    virtual short events() const = 0;

    virtual SocketAddress local_address() const = 0;
    /// Of no family where there is no peer.
    virtual SocketAddress peer_address() const = 0;
    virtual int set_option(int level, int number, Bytes value, Time now) = 0;
    /// Fills the front of `room`: the answer is its size.
    virtual std::int64_t get_option(int level, int number, MutableBytes room, Time now) = 0;
    /// The oldest entry of its error queue, taken.
    virtual std::optional<DatagramFailure> take_failure() { return std::nullopt; }

    void watch(SocketWatcher* watcher) { watcher_ = watcher; }

protected:
    void changed() {
        if (watcher_ != nullptr) watcher_->changed(*this);
    }

private:
    SocketWatcher* watcher_ = nullptr;
};

/// The bytes that a message's pieces have together.
std::size_t size_of(const msghdr& message);
/// Copies from the pieces of a message, and into them, as much as there is room for.
std::size_t gather(const msghdr& message, MutableBytes to);
std::size_t scatter(Bytes from, const msghdr& message);

/// Writes a name where a message has room for one, cut to that room.
void set_name(msghdr& message, const SocketAddress& name);

/// An address of IPv4 as a socket of IPv6 sees it; one of IPv6 as it is.
SocketAddress mapped(const SocketAddress& address);

/// What Linux keeps of a buffer's size that was asked for: twice as much, within net.core.rmem_max,
/// net.core.wmem_max and its least. socket(7)
std::size_t receive_buffer_kept(int asked);
std::size_t send_buffer_kept(int asked);

/// For get_option(): an int, or as much of it as there is room for.
std::int64_t give_int(int value, MutableBytes room);
std::int64_t give_cookie(std::uint64_t cookie, MutableBytes room);
/// For set_option(): false where fewer bytes came than an int has.
bool take_int(Bytes value, int& into);

}  // namespace fivetuple::sim

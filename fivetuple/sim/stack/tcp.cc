#include "fivetuple/sim/stack/tcp.h"

#include "fivetuple/sim/stack/stack.h"

#include <poll.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

namespace fivetuple::sim {
namespace {

template <class T>
std::int64_t answer(const Result<T>& result) {
    return result ? static_cast<std::int64_t>(*result) : -result.error().code();
}

SocketAddress unmapped(const SocketAddress& address) {
    return {address.ip().unmapped(), address.port()};
}

}  // namespace

StackTcp::StackTcp(Stack& stack, Family family)
    : stack_(stack), family_(family), cookie_(stack.next_cookie()) {
    ++stack_.open_sockets_;
}

StackTcp::StackTcp(Stack& stack, Family family, tcp::Connection& connection)
    : StackTcp(stack, family) {
    connection_ = &connection;
    is_connected_ = true;
    stack_.tcp_sockets_[connection_] = this;
}

StackTcp::~StackTcp() { --stack_.open_sockets_; }

tcp::Settings& StackTcp::settings() {
    if (connection_ != nullptr) return connection_->settings();
    return listener_ != nullptr ? listener_->settings() : settings_;
}

const tcp::Settings& StackTcp::settings() const { return const_cast<StackTcp*>(this)->settings(); }

// --- Names -----------------------------------------------------------------------------------

SocketAddress StackTcp::seen(const SocketAddress& wire) const {
    return family_ == Family::ipv6 ? mapped(wire) : wire;
}

SocketAddress StackTcp::local_address() const {
    if (connection_ != nullptr) return seen(connection_->tuple().local);
    if (listener_ != nullptr) return listener_->binding().local();
    if (binding_ != nullptr) return binding_->local();
    const bool v4 = family_ == Family::ipv4;
    return {v4 ? IpAddress::any_v4() : IpAddress::any_v6(), 0};
}

SocketAddress StackTcp::peer_address() const {
    if (connection_ == nullptr || !connection_->is_established()) return {};
    return seen(connection_->tuple().peer);
}

int StackTcp::bind(const SocketAddress& at) {
    if (!at.is_ip()) return -EAFNOSUPPORT;
    if (at.family() != family_) return family_ == Family::ipv6 ? -EINVAL : -EAFNOSUPPORT;
    if (binding_ != nullptr || connection_ != nullptr || listener_ != nullptr) return -EINVAL;
    if (!at.ip().is_unspecified() && !stack_.is_own(at.ip())) return -EADDRNOTAVAIL;
    auto binding = stack_.tcp_.bind(at, settings_);
    if (!binding) return -binding.error().code();
    binding_ = *std::move(binding);
    return 0;
}

// --- Beginnings ------------------------------------------------------------------------------

int StackTcp::listen(int backlog, Time) {
    const auto most = static_cast<unsigned>(std::max(backlog, 0));
    if (listener_ != nullptr) {
        listener_->set_backlog(most);
        return 0;
    }
    if (connection_ != nullptr) return -EINVAL;
    if (binding_ == nullptr) {
        const bool v4 = family_ == Family::ipv4;
        const int error = bind({v4 ? IpAddress::any_v4() : IpAddress::any_v6(), 0});
        if (error != 0) return error;
    }
    auto listener = stack_.tcp_.listen(std::move(binding_), settings_, most);
    if (!listener) return -listener.error().code();
    listener_ = *listener;
    stack_.tcp_listeners_[listener_] = this;
    return 0;
}

int StackTcp::connect(const SocketAddress& to, Time now) {
    if (listener_ != nullptr) return -EISCONN;
    if (connection_ != nullptr) {
        if (connection_->state() == TcpState::syn_sent) return -EALREADY;
        if (connection_->is_over())
            return -(connection_->has_error() ? connection_->take_error() : ECONNABORTED);
        return std::exchange(is_connected_, true) ? -EISCONN : 0;
    }
    if (!to.is_ip()) return -EAFNOSUPPORT;
    if (to.family() == Family::ipv6 && family_ == Family::ipv4) return -EAFNOSUPPORT;
    SocketAddress peer = unmapped(to);
    if (peer.ip().is_multicast()) return -ENETUNREACH;
    // To nobody is to this host.
    if (peer.ip().is_unspecified()) {
        const bool v4 = peer.ip().is_v4();
        peer = {v4 ? IpAddress::loopback_v4() : IpAddress::loopback_v6(), peer.port()};
    }
    const auto source = stack_.source_for(peer.ip());
    if (!source) return -ENETUNREACH;
    SocketAddress local(*source, 0);
    if (binding_ != nullptr) {
        const SocketAddress bound = unmapped(binding_->local());
        local = bound.ip().is_unspecified() ? local.with_port(bound.port()) : bound;
    }
    auto begun = stack_.tcp_.connect(local, peer, settings_, now, std::move(binding_));
    if (!begun) return -begun.error().code();
    connection_ = *begun;
    stack_.tcp_sockets_[connection_] = this;
    stack_.flush_tcp(now);
    // Its first bytes go with the handshake: it is asked for them now.
    is_connected_ = connection_->waits_for_bytes();
    return is_connected_ ? 0 : -EINPROGRESS;
}

Accepted StackTcp::accept(Time) {
    if (listener_ == nullptr) return {EINVAL, nullptr, {}};
    tcp::Connection* connection = stack_.tcp_.accept(*listener_);
    if (connection == nullptr) return {EAGAIN, nullptr, {}};
    auto socket = std::make_unique<StackTcp>(stack_, family_, *connection);
    const SocketAddress peer = seen(connection->tuple().peer);
    return {0, std::move(socket), peer};
}

// --- Bytes -----------------------------------------------------------------------------------

std::int64_t StackTcp::send(const msghdr& message, int flags, Time now) {
    if (connection_ == nullptr) return -EPIPE;
    const std::span<const iovec> pieces(message.msg_iov, message.msg_iovlen);
    std::size_t left = size_of(message);
    std::int64_t moved = 0;
    // An empty send, too, tells an error.
    if (left == 0) moved = answer(connection_->send({}, now));
    for (const iovec& piece : pieces) {
        if (piece.iov_len == 0) continue;
        left -= piece.iov_len;
        const bool is_last = left == 0;
        const Bytes bytes(static_cast<const std::byte*>(piece.iov_base), piece.iov_len);
        const std::int64_t result = answer(connection_->send(
            bytes, now, !is_last || (flags & MSG_MORE) != 0, is_last && (flags & MSG_OOB) != 0));
        if (result < 0 && moved == 0) moved = result;
        if (result < 0) break;
        moved += result;
        if (static_cast<std::size_t>(result) < piece.iov_len) break;
    }
    if (moved != -EAGAIN) note_call(now);
    return moved;
}

// A call has done something: segments may go out. One that has not changes nothing, and nobody is
// to be told of it, or who tries again when told so would never stop.
void StackTcp::note_call(Time now) {
    stack_.tcp_.changed(*connection_);
    stack_.flush_tcp(now);
}

std::int64_t StackTcp::receive_urgent(msghdr& message, int flags) {
    const auto urgent = connection_->receive_urgent((flags & MSG_PEEK) != 0);
    if (!urgent) return -urgent.error().code();
    const std::byte byte = *urgent;
    message.msg_flags |= MSG_OOB;
    return static_cast<std::int64_t>(scatter({&byte, 1}, message));
}

std::int64_t StackTcp::receive(msghdr& message, int flags, Time now) {
    message.msg_flags = 0;
    message.msg_controllen = 0;
    message.msg_namelen = 0;
    if (connection_ == nullptr) return -ENOTCONN;
    if ((flags & MSG_OOB) != 0) return receive_urgent(message, flags);
    const bool peeks = (flags & MSG_PEEK) != 0;
    const std::span<const iovec> pieces(message.msg_iov, message.msg_iovlen);
    std::int64_t moved = 0;
    bool is_asked = false;
    for (const iovec& piece : pieces) {
        if (piece.iov_len == 0) continue;
        is_asked = true;
        const MutableBytes room(static_cast<std::byte*>(piece.iov_base), piece.iov_len);
        const std::int64_t result = answer(connection_->receive(room, now, peeks));
        if (result < 0 && moved == 0) moved = result;
        if (result <= 0) break;
        moved += result;
        if (peeks || static_cast<std::size_t>(result) < piece.iov_len) break;
    }
    // What asks for nothing waits for nothing.
    if (!is_asked) return 0;
    if (!peeks && moved != -EAGAIN) note_call(now);
    return moved;
}

// --- Endings ---------------------------------------------------------------------------------

int StackTcp::shutdown(int how, Time now) {
    if (listener_ != nullptr) {
        if (how == SHUT_WR) return 0;
        // As Linux: it listens no more, and accept() says so.
        stack_.tcp_listeners_.erase(listener_);
        stack_.tcp_.close(*std::exchange(listener_, nullptr), now);
        has_ended_listening_ = true;
        stack_.flush_tcp(now);
        changed();
        return 0;
    }
    if (connection_ == nullptr || !connection_->is_established()) return -ENOTCONN;
    int error = 0;
    if (how != SHUT_RD) {
        const auto done = connection_->shutdown_write(now);
        if (!done) error = done.error().code();
    }
    if (how != SHUT_WR) {
        const auto done = connection_->shutdown_read();
        if (!done) error = done.error().code();
    }
    note_call(now);
    changed();
    return -error;
}

void StackTcp::close(Time now) {
    if (listener_ != nullptr) {
        stack_.tcp_listeners_.erase(listener_);
        stack_.tcp_.close(*std::exchange(listener_, nullptr), now);
    }
    if (connection_ != nullptr) {
        stack_.tcp_sockets_.erase(connection_);
        stack_.tcp_.close(*std::exchange(connection_, nullptr), now);
    }
    binding_.reset();
    stack_.flush_tcp(now);
}

short StackTcp::events() const {
    if (listener_ != nullptr) return listener_->has_waiting() ? POLLIN : 0;
    if (has_ended_listening_) return POLLIN | POLLRDHUP | POLLHUP;
    if (connection_ == nullptr) return POLLOUT | POLLHUP;
    short events = 0;
    if (connection_->is_readable()) events |= POLLIN;
    if (connection_->is_writable()) events |= POLLOUT;
    if (connection_->is_read_closed()) events |= POLLRDHUP | POLLIN;
    if (connection_->is_hung_up()) events |= POLLHUP;
    if (connection_->has_error()) events |= POLLERR;
    if (connection_->has_urgent()) events |= POLLPRI;
    return events;
}

}  // namespace fivetuple::sim

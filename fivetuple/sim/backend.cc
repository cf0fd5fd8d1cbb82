#include "fivetuple/sim/backend.h"

#include "fivetuple/io/turn_time.h"
#include "fivetuple/sim/host.h"
#include "fivetuple/sim/world.h"

#include <poll.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <utility>

namespace fivetuple::sim {
namespace {

msghdr message_of(std::span<iovec> pieces) {
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    return message;
}

int raw_how(Shutdown how) {
    switch (how) {
        case Shutdown::read:
            return SHUT_RD;
        case Shutdown::write:
            return SHUT_WR;
        case Shutdown::both:
            break;
    }
    return SHUT_RDWR;
}

template <class T>
void draw_order(std::vector<T>& of, Random& chance) {
    for (std::size_t left = of.size(); left > 1; --left) {
        std::swap(of[left - 1], of[chance.below(left)]);
    }
}

std::unexpected<Error> failed(std::int64_t result, const char* call) {
    return std::unexpected(Error::system(static_cast<int>(-result), call));
}

}  // namespace

HostBackend::HostBackend(Host& host, const LoopOptions& options)
    : host_(host),
      leases_(options.lease_size, 0),
      ties_(host.world().streams().child("ties/" + host.name()).named(host.next_name())),
      tie_seed_(ties_.next()) {
    host_.backends_.push_back(this);
}

HostBackend::~HostBackend() { std::erase(host_.backends_, this); }

void HostBackend::Open::changed(StackSocket&) {
    if (std::exchange(is_noted, true)) return;
    backend.changed_.push_back(handle);
    backend.host_.wake_soon();
}

HostBackend::Open* HostBackend::find(Handle handle) {
    Entry* entry = table_.find(handle);
    return entry == nullptr ? nullptr : entry->file.get();
}

Result<Handle> HostBackend::add(std::unique_ptr<StackSocket> socket, const char* call) {
    if (table_.open_count() >= host_.options().descriptors) return failed(-EMFILE, call);
    // The lowest number that is free, as Linux gives it.
    int number = used_;
    if (free_.empty()) {
        ++used_;
    } else {
        std::ranges::pop_heap(free_, std::greater<>());
        number = free_.back();
        free_.pop_back();
    }
    const Handle handle = table_.open(number);
    auto file = std::make_unique<Open>(*this, std::move(socket));
    file->handle = handle;
    file->socket->watch(file.get());
    table_.at(number).file = std::move(file);
    return handle;
}

// --- Ops ---------------------------------------------------------------------------------------

bool HostBackend::reads(const Op& op) {
    switch (op.kind) {
        case OpKind::accept:
        case OpKind::receive:
        case OpKind::receive_lease:
        case OpKind::receive_messages:
            return true;
        case OpKind::send_then_receive:
            return op.phase != 0;
        default:
            return false;
    }
}

JobQueue& HostBackend::queue_of(Open& file, const Op& op) {
    if (op.kind == OpKind::poll) return file.polls;
    return reads(op) ? file.reads : file.writes;
}

void HostBackend::submit(Op& op) {
    Open* file = find(op.handle);
    if (file == nullptr) {
        if (op.kind == OpKind::send_then_receive) op.end_answer();
        return finish(op, -EBADF);
    }
    start(*file, op);
}

void HostBackend::start(Open& file, Op& op) {
    // Whatever it does, the host has packets to send for it, or soon will.
    host_.wake_soon();
    JobQueue& queue = queue_of(file, op);
    if (!queue.empty() && op.kind != OpKind::poll) return queue.push(op);
    const std::int64_t result = attempt(file, op);
    if (result == kNowReads) return start(file, op);
    if (result == -EAGAIN) return queue_of(file, op).push(op);
    finish(op, result);
}

void HostBackend::finish(Op& op, std::int64_t result) {
    op.result = static_cast<std::int32_t>(result);
    ++stats_.completions;
    host_.world().record((static_cast<std::uint64_t>(op.kind) << 32) ^
                         static_cast<std::uint32_t>(op.result));
    // Where others are ready as well, which of them comes first is chance.
    if (ready().empty() || ties_.below(2) == 0) return ready().push(op);
    late_.push_back(&op);
}

void HostBackend::hand_over_late() {
    if (late_.empty()) return;
    draw_order(late_, ties_);
    for (Op* op : late_) ready().push(*op);
    late_.clear();
}

void HostBackend::end_early(Op& op) {
    if (op.kind == OpKind::send_then_receive && op.phase == 0) op.end_answer();
    finish(op, -ECANCELED);
}

void HostBackend::end_all(JobQueue& queue) {
    while (Job* job = queue.pop()) end_early(static_cast<Op&>(*job));
}

void HostBackend::cancel(Op& op) {
    Open* file = find(op.handle);
    // What does not wait has finished already; its result stands.
    if (file == nullptr || !queue_of(*file, op).remove(op)) return;
    end_early(op);
}

void HostBackend::close(Handle socket) {
    Open* file = find(socket);
    if (file == nullptr) return;
    end_all(file->reads);
    end_all(file->writes);
    end_all(file->polls);
    file->socket->watch(nullptr);
    file->socket->close(host_.world().now());
    table_.close(socket.number);
    free_.push_back(socket.number);
    std::ranges::push_heap(free_, std::greater<>());
    ++stats_.calls;
    host_.wake_soon();
}

void HostBackend::kill() {
    for (int number = 0; number < used_; ++number) {
        Entry& entry = table_.at(number);
        if (entry.open) close({number, entry.generation});
    }
}

std::int64_t HostBackend::send(Open& file, Bytes bytes) {
    iovec piece{const_cast<std::byte*>(bytes.data()), bytes.size()};
    ++stats_.calls;
    return file.socket->send(message_of({&piece, 1}), 0, host_.world().now());
}

std::int64_t HostBackend::receive(Open& file, MutableBytes into) {
    iovec piece{into.data(), into.size()};
    msghdr message = message_of({&piece, 1});
    ++stats_.calls;
    return file.socket->receive(message, 0, host_.world().now());
}

std::int64_t HostBackend::attempt(Open& file, Op& op) {
    switch (op.kind) {
        case OpKind::accept:
            return attempt_accept(file, op);
        case OpKind::connect:
            return attempt_connect(file, op);
        case OpKind::receive:
            return receive(file, op.into());
        case OpKind::receive_lease:
            return attempt_lease(file, op);
        case OpKind::send_zero_copy:
            ++stats_.zero_copy_refused;
            return send(file, op.from());
        case OpKind::send:
            return send(file, op.from());
        case OpKind::send_gathered: {
            const auto pieces = op.pieces();
            msghdr message{};
            message.msg_iov = reinterpret_cast<iovec*>(const_cast<Bytes*>(pieces.data()));
            message.msg_iovlen = pieces.size();
            ++stats_.calls;
            return file.socket->send(message, 0, host_.world().now());
        }
        case OpKind::receive_messages:
        case OpKind::send_messages:
            return attempt_messages(file, op);
        case OpKind::send_then_receive:
            return attempt_send_then_receive(file, op);
        case OpKind::poll: {
            const int asked = op.events() | POLLERR | POLLHUP;
            const int seen = file.socket->events() & asked;
            return seen == 0 ? -EAGAIN : seen;
        }
        default:
            return -EOPNOTSUPP;
    }
}

std::int64_t HostBackend::attempt_accept(Open& file, Op& op) {
    ++stats_.calls;
    if (table_.open_count() >= host_.options().descriptors) {
        // As Linux: nobody is taken from the queue, and it is not said where there is nobody.
        return (file.socket->events() & POLLIN) != 0 ? -EMFILE : -EAGAIN;
    }
    Accepted accepted = file.socket->accept(host_.world().now());
    if (accepted.error != 0) return -accepted.error;
    const auto handle = add(std::move(accepted.socket), "accept");
    if (!handle) return -EMFILE;
    op.set_accepted(*handle);
    return handle->number;
}

std::int64_t HostBackend::attempt_connect(Open& file, Op& op) {
    ++stats_.calls;
    if (std::exchange(op.phase, 1) == 0) {
        const int result = file.socket->connect(op.address(), host_.world().now());
        return result == -EINPROGRESS ? -EAGAIN : result;
    }
    // As Linux: asked again, it says how far it is, and once that it is done.
    const int result = file.socket->connect(op.address(), host_.world().now());
    return result == -EALREADY ? -EAGAIN : result;
}

std::int64_t HostBackend::attempt_lease(Open& file, Op& op) {
    std::byte* buffer = leases_.take();
    const std::int64_t result = receive(file, {buffer, leases_.buffer_size()});
    if (result > 0) {
        op.set_lease(this, buffer, static_cast<std::uint32_t>(result), 0);
    } else {
        leases_.give_back(buffer);
    }
    return result;
}

void HostBackend::give_back(std::byte* buffer, std::uint32_t) { leases_.give_back(buffer); }

std::int64_t HostBackend::attempt_send_then_receive(Open& file, Op& op) {
    if (op.phase != 0) return attempt_lease(file, op);
    while (!op.answer().empty()) {
        const std::int64_t result = send(file, op.answer());
        if (result < 0 && result != -EAGAIN) op.end_answer();
        if (result < 0) return result;
        op.sent(static_cast<std::size_t>(result));
    }
    op.end_answer();
    op.phase = 1;
    return kNowReads;
}

std::int64_t HostBackend::attempt_messages(Open& file, Op& op) {
    const bool receives = op.kind == OpKind::receive_messages;
    std::int64_t count = 0;
    for (mmsghdr& each : op.messages()) {
        ++stats_.calls;
        const Time now = host_.world().now();
        const std::int64_t result = receives ? file.socket->receive(each.msg_hdr, MSG_TRUNC, now)
                                             : file.socket->send(each.msg_hdr, 0, now);
        if (result < 0) return count > 0 ? count : result;
        each.msg_len = static_cast<unsigned>(result);
        ++count;
    }
    return count;
}

// --- Time --------------------------------------------------------------------------------------

Time HostBackend::now() const { return host_.now(); }

void HostBackend::wake() {
    woken_.store(true, std::memory_order_release);
    woken_.notify_one();
}

void HostBackend::wait(Time until) {
    ++stats_.waits;
    const bool was_idle = ready().empty() && !late_.empty();
    begin_turn_at(now());
    serve();
    if (host_.world().is_running()) {
        // The world turns us: time is its to move.
        woken_.store(false, std::memory_order_release);
        wake_at_ = ready().empty() || was_idle ? until : Time{};
        if (was_idle) host_.wake_soon();
        return;
    }
    if (was_idle) return;
    if (has_work() || until <= now()) {
        // Busy: what it does now takes its time, in which the others go on.
        host_.world().drive([] { return false; }, host_.world().now() + host_.options().turn);
    } else {
        const auto is_done = [this] { return has_work() || has_late(); };
        host_.world().drive(is_done, until == kNever ? kNever : host_.world_time(until));
    }
    // Nothing will happen by itself: another thread may have something for us.
    if (until == kNever) {
        while (!has_work() && !has_late()) woken_.wait(false);
    }
    woken_.store(false, std::memory_order_release);
}

void HostBackend::serve() {
    hand_over_late();
    while (!changed_.empty()) {
        being_served_.swap(changed_);
        draw_order(being_served_, ties_);
        for (const Handle socket : being_served_) {
            Open* file = find(socket);
            if (file == nullptr) continue;
            file->is_noted = false;
            serve(socket);
        }
        being_served_.clear();
    }
}

void HostBackend::serve(Handle socket) {
    serve_queue(socket, &Open::reads);
    serve_queue(socket, &Open::writes);
    Open* file = find(socket);
    if (file == nullptr) return;
    JobQueue waiting = std::exchange(file->polls, JobQueue());
    while (Job* job = waiting.pop()) start(*file, static_cast<Op&>(*job));
}

void HostBackend::serve_queue(Handle socket, JobQueue Open::* which) {
    while (Open* file = find(socket)) {
        JobQueue& queue = file->*which;
        if (queue.empty()) return;
        Op& op = static_cast<Op&>(*queue.front());
        const std::int64_t result = attempt(*file, op);
        if (result == -EAGAIN) return;
        queue.pop();
        if (result == kNowReads) {
            start(*file, op);
        } else {
            finish(op, result);
        }
    }
}

// --- Sockets -----------------------------------------------------------------------------------

Result<Handle> HostBackend::open(Family family, SocketType type, int protocol) {
    ++stats_.calls;
    if (table_.open_count() >= host_.options().descriptors) return failed(-EMFILE, "socket");
    auto socket = host_.stack().open(family, type, protocol);
    if (!socket) return failed(-socket.error(), "socket");
    return add(*std::move(socket), "socket");
}

Result<Handle> HostBackend::adopt(Fd) {
    return std::unexpected(
        Error::unsupported("adopt", "a simulated host has no descriptors of the kernel's"));
}

Result<void> HostBackend::bind(Handle socket, const SocketAddress& at) {
    Open* file = find(socket);
    const int result = file == nullptr ? -EBADF : file->socket->bind(at);
    if (result == 0) return {};
    return std::unexpected(Error::system(-result, "bind").about(at.to_string()));
}

Result<void> HostBackend::listen(Handle socket, int backlog) {
    Open* file = find(socket);
    const int result =
        file == nullptr ? -EBADF : file->socket->listen(backlog, host_.world().now());
    if (result == 0) return {};
    return failed(result, "listen");
}

Result<void> HostBackend::shutdown(Handle socket, Shutdown how) {
    Open* file = find(socket);
    const int result =
        file == nullptr ? -EBADF : file->socket->shutdown(raw_how(how), host_.world().now());
    host_.wake_soon();
    if (result == 0) return {};
    return failed(result, "shutdown");
}

Result<SocketAddress> HostBackend::local_address(Handle socket) {
    Open* file = find(socket);
    if (file == nullptr) return failed(-EBADF, "getsockname");
    return file->socket->local_address();
}

Result<SocketAddress> HostBackend::peer_address(Handle socket) {
    Open* file = find(socket);
    if (file == nullptr) return failed(-EBADF, "getpeername");
    const SocketAddress peer = file->socket->peer_address();
    if (peer.family() == Family::none) return failed(-ENOTCONN, "getpeername");
    return peer;
}

Result<void> HostBackend::set_option(Handle socket, int level, int number, Bytes value) {
    Open* file = find(socket);
    if (file == nullptr) return failed(-EBADF, "setsockopt");
    const int result = file->socket->set_option(level, number, value, host_.world().now());
    host_.wake_soon();
    if (result == 0) return {};
    return failed(result, "setsockopt");
}

Result<std::size_t> HostBackend::get_option(Handle socket, int level, int number,
                                            MutableBytes room) {
    Open* file = find(socket);
    if (file == nullptr) return failed(-EBADF, "getsockopt");
    const auto result = file->socket->get_option(level, number, room, host_.world().now());
    if (result < 0) return failed(result, "getsockopt");
    return static_cast<std::size_t>(result);
}

Result<std::optional<DatagramFailure>> HostBackend::take_failure(Handle socket) {
    Open* file = find(socket);
    if (file == nullptr) return failed(-EBADF, "recvmsg");
    return file->socket->take_failure();
}

}  // namespace fivetuple::sim

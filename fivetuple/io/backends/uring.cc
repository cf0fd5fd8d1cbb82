#include "fivetuple/io/backends/uring.h"

#include "fivetuple/base/assert.h"
#include "fivetuple/os/calls.h"
#include "fivetuple/os/clock.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

namespace fivetuple {

Result<std::unique_ptr<Backend>> UringBackend::open(const LoopOptions& options) {
    FT_TRY(Fd wake_event, open_wake_event());
    FT_TRY(UringRing ring, UringRing::open(options.uring_entries));
    auto backend = std::make_unique<UringBackend>(options, std::move(ring), std::move(wake_event));
    if (const int result = backend->buffers_.register_with(backend->ring_); result < 0) {
        return std::unexpected(Error::system(-result, "io_uring_register"));
    }
    return backend;
}

UringBackend::UringBackend(const LoopOptions& options, UringRing ring, Fd wake_event)
    : KernelBackend(options, std::move(wake_event)),
      buffers_(options.uring_buffers, options.lease_size),
      pool_(options.lease_size),
      ring_(std::move(ring)) {}

UringBackend::~UringBackend() {
    // What is still under way belongs to sockets that have been closed, and is being cancelled. In
    // a thread that may not use the ring, the kernel ends it when the ring is closed.
    const Time give_up = after(now(), std::chrono::seconds(5));
    while (is_enabled_ && in_flight_ > 0 && now() < give_up) {
        if (!enter(ring_.completions() == 0, give_up)) break;
        handle_all();
    }
    for (std::size_t fd = 0; fd < table_.capacity(); ++fd) {
        if (table_.at(static_cast<int>(fd)).closing) ::close(static_cast<int>(fd));
    }
    while (LoanBlock* block = lent_.pop_front()) {
        block->forsake();
        for (std::uint32_t left = block->unfinished; left > 0; --left) block->let_go();
    }
}

Result<Handle> UringBackend::adopt(Fd fd) {
    open_sockets_++;
    return table_.open(fd.release());
}

void UringBackend::give_back(std::byte* buffer, std::uint32_t id) {
    if (id == UringBuffers::kNone) {
        pool_.give_back(buffer);
    } else {
        buffers_.recycle(static_cast<std::uint16_t>(id));
    }
}

void UringBackend::finish_soon(Op& op, int result) {
    op.result = result;
    stats_.completions++;
    ready().push(op);
}

void UringBackend::finish_now(Op& op, int result) {
    op.result = result;
    stats_.completions++;
    ready().run_now(op);
}

// --- Submitting --------------------------------------------------------------------------------

void UringBackend::submit(Op& op) {
    Entry* entry = table_.find(op.handle);
    if (entry == nullptr) return finish_soon(op, -EBADF);
    switch (op.kind) {
        case OpKind::accept:
            return submit_accept(op, *entry);
        case OpKind::receive:
        case OpKind::receive_lease:
            return submit_read(op, *entry);
        case OpKind::send:
            return send(op, *entry);
        case OpKind::send_gathered:
            return send_gathered(op, *entry);
        case OpKind::send_then_receive:
            if (!op.answer().empty()) return send_quietly(op, *entry);
            op.end_answer();
            op.phase = kSent;
            return submit_read(op, *entry);
        case OpKind::receive_messages:
        case OpKind::send_messages:
            return move_messages(op, *entry);
        case OpKind::splice_in:
            return splice_in(op, *entry);
        case OpKind::splice_out:
        case OpKind::send_file:
            return op.count() == 0 ? finish_soon(op, 0) : try_transfer(op, *entry);
        case OpKind::send_zero_copy:
            return send_zero_copy(op, *entry);
        case OpKind::connect:
            return connect(op, *entry);
        case OpKind::poll:
            return poll(op, *entry);
    }
}

void UringBackend::submit_accept(Op& op, Entry& entry) {
    entry.listens = true;
    auto& ahead = entry.accepted_ahead;
    if (entry.waiting.empty() && ahead != nullptr && !ahead->empty()) {
        op.set_accepted(*adopt(Fd(ahead->front())));
        ahead->erase(ahead->begin());
        return finish_soon(op, op.accepted().number);
    }
    entry.waiting.push(op);
    if (entry.multishot == Multishot::idle) accept_again(entry, op.handle.number);
}

// The kernel accepts no more by itself, and somebody waits.
void UringBackend::accept_again(Entry& entry, int fd) {
    if (!entry.stopped) return arm_accept(entry, fd);
    // The kernel wakes one of those that share a listener. If it was us, who were about to leave,
    // nobody else has heard of that connection: as long as there is one, we take it.
    if (entry.looks_once_more && (calls::wait_ready(fd, POLLIN, Time()) & POLLIN) != 0) {
        arm_accept(entry, fd);
        return end_accept(entry, {fd, entry.generation});
    }
    entry.looks_once_more = false;
    while (Job* job = entry.waiting.pop()) finish_soon(static_cast<Op&>(*job), -ECANCELED);
}

bool UringBackend::stop_accepting(Handle listener) {
    Entry* entry = table_.find(listener);
    if (entry == nullptr) return false;
    entry->stopped = true;
    entry->looks_once_more |= entry->multishot != Multishot::idle;
    if (entry->multishot == Multishot::armed) end_accept(*entry, listener);
    return true;
}

void UringBackend::end_accept(Entry& entry, Handle listener) {
    entry.multishot = Multishot::ending;
    cancel_request(tagged(listener.number, listener.generation, Tag::accept));
}

// A receive into the caller's own bytes goes to the kernel as it is, unless a multishot stands
// behind the stream already and takes what comes.
void UringBackend::submit_read(Op& op, Entry& entry) {
    if (op.kind == OpKind::receive && op.into().empty()) return finish_soon(op, 0);
    if (entry.waiting.empty() && has_news(entry)) {
        deliver(entry, op);
        stats_.completions++;
        return ready().push(op);
    }
    if (op.kind == OpKind::receive && entry.multishot == Multishot::idle) return receive(op, entry);
    entry.waiting.push(op);
    if (entry.multishot == Multishot::idle) arm_receive(entry, op.handle.number);
}

void UringBackend::cancel(Op& op) {
    Entry* entry = table_.find(op.handle);
    if (entry == nullptr) return;
    switch (op.kind) {
        case OpKind::accept:
        case OpKind::receive_lease:
        case OpKind::receive:
        case OpKind::receive_messages:
        case OpKind::splice_in:
            if (entry->waiting.remove(op)) return finish_soon(op, -ECANCELED);
            if (op.kind == OpKind::accept || op.kind == OpKind::receive_lease) return;
            break;
        case OpKind::send_zero_copy:
            // As an ordinary send where it has become one.
            if (op.loan().sending == &op) return cancel_request(tagged(op.loan()));
            break;
        case OpKind::send_then_receive:
            if (end_send_then_receive(*entry, op)) finish_soon(op, -ECANCELED);
            return;
        default:
            break;
    }
    cancel_request(tagged(op, Tag::op));
}

// True where the op can be finished at once; else its bytes are still the kernel's for a while.
bool UringBackend::end_send_then_receive(Entry& entry, Op& op) {
    if (!entry.waiting.remove(op)) return false;  // Finished already.
    if (op.phase == kSent) return true;
    if (op.phase == kResending) cancel_request(tagged(op, Tag::resent));
    if (op.phase == kQuietSend) given_up_quietly_++;
    op.phase = op.phase == kQuietSend ? kGivenUpQuietly : kGivenUp;
    return false;
}

void UringBackend::close(Handle socket) {
    Entry* entry = table_.find(socket);
    if (entry == nullptr) return;
    end_waiting(*entry);
    drop_ahead(*entry);
    entry->open = false;
    entry->closing = true;
    open_sockets_--;
    forsake_loans(socket);
    if (entry->in_flight == 0) return let_go(socket.number);
    io_uring_sqe& sqe = request();
    ::io_uring_prep_cancel_fd(&sqe, socket.number, IORING_ASYNC_CANCEL_ALL);
    sqe.user_data = kIgnored;
    sqe.flags |= IOSQE_CQE_SKIP_SUCCESS;
    if (entry->listens) free_address(*entry, socket.number);
}

// The address of a listener is free from now on, not only in the next turn. Another process may
// hold the listener as well, and serve on, so it is not shut down: the kernel is made to end the
// accept at once, and until that has been handled the number stands for something else.
void UringBackend::free_address(const Entry& entry, int fd) {
    for (int tries = 0; tries < 8 && is_enabled_ && is_accepting(entry, fd); ++tries) {
        if (!enter(false, Time())) return;
    }
    // Else the cancel would still come, and mean what the number stands for by then.
    if (is_enabled_ && ring_.unsubmitted() > 0) return;
    stats_.calls++;
    ::dup3(wake_fd(), fd, O_CLOEXEC);
}

// Whether the kernel goes on accepting, for all that it has said so far.
bool UringBackend::is_accepting(const Entry& entry, int fd) {
    const std::uint64_t accept = tagged(fd, entry.generation, Tag::accept);
    for (unsigned at = 0, count = ring_.completions(); at < count; ++at) {
        const io_uring_cqe& seen = ring_.completion(at);
        if (seen.user_data == accept && (seen.flags & IORING_CQE_F_MORE) == 0) return false;
    }
    return entry.multishot != Multishot::idle;
}

void UringBackend::end_waiting(Entry& entry) {
    while (Job* job = entry.waiting.front()) {
        Op& op = static_cast<Op&>(*job);
        bool ended = true;
        if (op.kind == OpKind::send_then_receive) {
            ended = end_send_then_receive(entry, op);
        } else {
            entry.waiting.pop();
        }
        if (ended) finish_soon(op, -ECANCELED);
    }
}

void UringBackend::drop_ahead(Entry& entry) {
    while (entry.first_ahead != UringBuffers::kNone) {
        const std::uint16_t buffer = entry.first_ahead;
        entry.first_ahead = buffers_.next(buffer);
        buffers_.recycle(buffer);
    }
    entry.ahead = 0;
    if (entry.accepted_ahead == nullptr) return;
    for (const int fd : *entry.accepted_ahead) ::close(fd);
    entry.accepted_ahead.reset();
}

void UringBackend::let_go(int fd) {
    table_.close(fd);
    stats_.calls++;
    ::close(fd);
}

// --- Requests ----------------------------------------------------------------------------------

std::uint64_t UringBackend::tagged(const Op& op, Tag tag) {
    static_assert(alignof(Op) >= 8);
    return reinterpret_cast<std::uint64_t>(&op) | static_cast<std::uint64_t>(tag);
}

std::uint64_t UringBackend::tagged(int fd, std::uint32_t generation, Tag tag) {
    return (std::uint64_t{generation} << 32) | (static_cast<std::uint64_t>(fd) << 3) |
           static_cast<std::uint64_t>(tag);
}

std::uint64_t UringBackend::tagged(const LoanBlock& block) {
    static_assert(alignof(LoanBlock) >= 8);
    return reinterpret_cast<std::uint64_t>(&block) | static_cast<std::uint64_t>(Tag::zero_copy);
}

Op& UringBackend::op_of(std::uint64_t user_data) {
    return *reinterpret_cast<Op*>(user_data & ~std::uint64_t{7});  // NOLINT: a cookie it was.
}

io_uring_sqe& UringBackend::request() {
    io_uring_sqe* sqe = ring_.request();
    while (sqe == nullptr) {
        // The queue is full: make room. The kernel takes requests even while completions wait.
        if (!is_enabled_) enable();
        stats_.calls++;
        const int result = ring_.submit();
        FT_ASSERT(result >= 0 || result == -EINTR || result == -EAGAIN || result == -EBUSY,
                  "io_uring_enter refuses to take requests");
        look_at_quiet_sends();
        sqe = ring_.request();
    }
    return *sqe;
}

io_uring_sqe& UringBackend::request_of(Entry& entry) {
    entry.in_flight++;
    in_flight_++;
    return request();
}

void UringBackend::connect(Op& op, Entry& entry) {
    io_uring_sqe& sqe = request_of(entry);
    const SocketAddress& to = op.address();
    ::io_uring_prep_connect(&sqe, op.handle.number, to.raw(), to.raw_size());
    sqe.user_data = tagged(op, Tag::op);
}

void UringBackend::poll(Op& op, Entry& entry) {
    io_uring_sqe& sqe = request_of(entry);
    ::io_uring_prep_poll_add(&sqe, op.handle.number, static_cast<unsigned short>(op.events()));
    sqe.user_data = tagged(op, Tag::op);
}

void UringBackend::receive(Op& op, Entry& entry) {
    io_uring_sqe& sqe = request_of(entry);
    ::io_uring_prep_recv(&sqe, op.handle.number, op.into().data(), op.into().size(), 0);
    sqe.user_data = tagged(op, Tag::op);
}

void UringBackend::send(Op& op, Entry& entry) {
    if (op.from().empty()) return finish_soon(op, 0);
    io_uring_sqe& sqe = request_of(entry);
    ::io_uring_prep_send(&sqe, op.handle.number, op.from().data(), op.from().size(),
                         MSG_NOSIGNAL | MSG_WAITALL);
    sqe.user_data = tagged(op, Tag::op);
}

void UringBackend::send_gathered(Op& op, Entry& entry) {
    if (op.pieces().empty()) return finish_soon(op, 0);
    io_uring_sqe& sqe = request_of(entry);
    if (messages_used_ == messages_.size()) messages_.push_back(std::make_unique<msghdr>());
    msghdr& message = *messages_[messages_used_++];
    message.msg_iov = calls::as_iovecs(op.pieces());
    message.msg_iovlen = std::min<std::size_t>(op.pieces().size(), IOV_MAX);
    ::io_uring_prep_sendmsg(&sqe, op.handle.number, &message, MSG_NOSIGNAL | MSG_WAITALL);
    sqe.user_data = tagged(op, Tag::op);
}

// The kernel's requests move one message. Of several, those that can go at once go by a call of
// their own, and the request waits for the next to be possible.
void UringBackend::move_messages(Op& op, Entry& entry) {
    const bool receives = op.kind == OpKind::receive_messages;
    const auto messages = op.messages();
    if (receives && !messages.empty() && stands_behind_multishot(op, entry)) return;
    // What carries descriptors is dear enough: a request and its completion come on top of that.
    const bool carries = !receives && !messages.empty() && messages[0].msg_hdr.msg_controllen > 0;
    if (messages.size() == 1 && !(carries && tries_left_-- > 0)) {
        io_uring_sqe& sqe = request_of(entry);
        msghdr* message = &messages.front().msg_hdr;
        if (receives) {
            ::io_uring_prep_recvmsg(&sqe, op.handle.number, message,
                                    calls::receive_flags(*message));
        } else {
            ::io_uring_prep_sendmsg(&sqe, op.handle.number, message, calls::kSendMessageFlags);
        }
        sqe.user_data = tagged(op, Tag::op);
        return;
    }
    const int result = move_messages_now(op);
    if (result != calls::kWouldBlock) return finish_soon(op, result);
    await_room_or_news(op, entry);
}

int UringBackend::move_messages_now(Op& op) {
    if (op.messages().empty()) return 0;
    stats_.calls++;
    return op.kind == OpKind::receive_messages
               ? calls::receive_messages(op.handle.number, op.messages())
               : calls::send_messages(op.handle.number, op.messages());
}

// Tried without waiting, and silent when it succeeds whole: the usual answer then costs no
// completion, and the call that submits it can sleep until the next request comes.
void UringBackend::send_quietly(Op& op, Entry& entry) {
    io_uring_sqe& sqe = request();
    ::io_uring_prep_send(&sqe, op.handle.number, op.answer().data(), op.answer().size(),
                         MSG_NOSIGNAL | MSG_WAITALL | MSG_DONTWAIT);
    sqe.flags |= IOSQE_CQE_SKIP_SUCCESS;
    sqe.user_data = tagged(op, Tag::quiet_send);
    op.phase = kQuietSend;
    op.result = static_cast<std::int32_t>(ring_.next_number() - 1);
    quiet_sends_.push_back(&op);
    entry.in_flight++;
    in_flight_++;
    entry.waiting.push(op);
    if (entry.multishot == Multishot::idle && !entry.ended) arm_receive(entry, op.handle.number);
}

// What the quiet send left over, now as long as it takes.
void UringBackend::resend(Op& op, Entry& entry) {
    op.phase = kResending;
    io_uring_sqe& sqe = request_of(entry);
    ::io_uring_prep_send(&sqe, op.handle.number, op.answer().data(), op.answer().size(),
                         MSG_NOSIGNAL | MSG_WAITALL);
    sqe.user_data = tagged(op, Tag::resent);
}

void UringBackend::arm_receive(Entry& entry, int fd) {
    io_uring_sqe& sqe = request_of(entry);
    entry.multishot = Multishot::armed;
    if (!buffers_.any()) {
        // Every one is held by somebody. Who waits is served from the pool meanwhile.
        stats_.buffers_short++;
        ::io_uring_prep_poll_add(&sqe, fd, POLLIN | POLLRDHUP);
        sqe.user_data = tagged(fd, entry.generation, Tag::readable);
        return;
    }
    ::io_uring_prep_recv_multishot(&sqe, fd, nullptr, 0, 0);
    sqe.flags |= IOSQE_BUFFER_SELECT;
    sqe.buf_group = UringBuffers::kGroup;
    sqe.user_data = tagged(fd, entry.generation, Tag::receive);
}

void UringBackend::arm_accept(Entry& entry, int fd) {
    io_uring_sqe& sqe = request_of(entry);
    entry.multishot = Multishot::armed;
    ::io_uring_prep_multishot_accept(&sqe, fd, nullptr, nullptr, SOCK_CLOEXEC);
    sqe.user_data = tagged(fd, entry.generation, Tag::accept);
}

void UringBackend::cancel_request(std::uint64_t user_data) {
    io_uring_sqe& sqe = request();
    ::io_uring_prep_cancel64(&sqe, user_data, 0);
    sqe.user_data = kIgnored;
    sqe.flags |= IOSQE_CQE_SKIP_SUCCESS;
}

}  // namespace fivetuple

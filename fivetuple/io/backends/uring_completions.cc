#include "fivetuple/base/assert.h"
#include "fivetuple/io/backends/uring.h"
#include "fivetuple/io/turn_time.h"
#include "fivetuple/os/calls.h"
#include "fivetuple/os/clock.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

// The way up: what the kernel has finished, and who waits for it.
namespace fivetuple {

// --- Entering the kernel -----------------------------------------------------------------------

void UringBackend::enable() {
    is_enabled_ = true;
    const int result = ring_.enable();
    FT_ASSERT(result >= 0, "io_uring refuses to start the ring");
    arm_wake();
}

void UringBackend::arm_wake() {
    io_uring_sqe& sqe = request();
    ::io_uring_prep_poll_multishot(&sqe, wake_fd(), POLLIN);
    sqe.user_data = kWake;
}

bool UringBackend::enter(bool may_sleep, Time until) {
    stats_.waits++, stats_.calls++;
    const Time now = may_sleep && until != kNever ? monotonic_now() : Time();
    if (ring_.overflowed()) stats_.overflows++;
    buffers_.offer();
    const int result = ring_.enter(may_sleep, now, until);
    look_at_quiet_sends();
    if (ring_.unsubmitted() == 0) messages_used_ = 0;
    return result != -EEXIST;  // The ring is another thread's.
}

// A quiet send that the kernel has taken has succeeded, unless a completion says otherwise; all of
// these are looked through before any of the sends is believed.
void UringBackend::look_at_quiet_sends() {
    if (quiet_sends_.empty() || ring_.overflowed()) return;  // There may be more than we can see.
    for (unsigned at = 0, count = ring_.completions(); at < count; ++at) {
        const std::uint64_t about = ring_.completion(at).user_data;
        if (static_cast<Tag>(about & 7) != Tag::quiet_send) continue;
        Op& op = op_of(about);
        if (op.phase == kQuietSend) op.phase = kSendFailed;
        if (op.phase == kGivenUpQuietly) op.phase = kGivenUp, given_up_quietly_--;
    }
    std::size_t settled = 0;
    while (settled < quiet_sends_.size() && settle(*quiet_sends_[settled])) ++settled;
    if (settled == quiet_sends_.size()) {
        quiet_sends_.clear();
    } else {
        quiet_sends_.erase(quiet_sends_.begin(),
                           quiet_sends_.begin() + static_cast<std::ptrdiff_t>(settled));
    }
}

// False where the kernel has not taken the send yet.
bool UringBackend::settle(Op& op) {
    if (static_cast<std::int32_t>(ring_.first_untaken() - static_cast<std::uint32_t>(op.result)) <=
        0) {
        return false;
    }
    if (op.phase == kQuietSend) {
        op.phase = kSent;
        op.sent(op.answer().size());
        op.end_answer();
    } else if (op.phase == kGivenUpQuietly) {
        given_up_quietly_--;
        op.end_answer();
        finish_soon(op, -ECANCELED);
    }
    // A failed one goes on when its completion is handled.
    one_over(table_.at(op.handle.number), op.handle.number);
    return true;
}

// Looks for work without sleeping; the kernel says in shared memory when there is some.
bool UringBackend::spin_until(Time until) {
    while (!ring_.has_news()) {
        for (int pause = 0; pause < 16; ++pause) __builtin_ia32_pause();
        if (monotonic_now() >= until) return false;
    }
    return true;
}

void UringBackend::sleep(Time until) {
    // A quiet send that was given up ends when the kernel takes it, and that wakes nobody.
    const bool busy =
        ring_.completions() > 0 || !ready().empty() || !blocked_.empty() || given_up_quietly_ > 0;
    if (busy || until == Time()) {
        // What has come is looked at first; only then is it worth asking for more.
        if (ring_.completions() == 0 || ring_.unsubmitted() > 0) enter(false, until);
        return;
    }
    if (spin() > Duration::zero()) {
        if (ring_.unsubmitted() > 0) enter(false, until);
        if (spin_until(std::min(until, after(monotonic_now(), spin())))) {
            if (ring_.completions() == 0) enter(false, until);
            return;
        }
    }
    enter(true, until);
}

void UringBackend::wait(Time until) {
    if (!is_enabled_) enable();
    sleep(until);
    begin_turn_at(monotonic_now());
    tries_left_ = kTriedAtOnce;
    handle_all();
    serve_blocked();
}

void UringBackend::handle_all() {
    for (unsigned left = ring_.completions(); left > 0; --left) {
        const io_uring_cqe completion = ring_.completion(0);
        ring_.drop_completion();
        handle(completion);
    }
}

// --- Completions -------------------------------------------------------------------------------

void UringBackend::handle(const io_uring_cqe& completion) {
    const std::uint64_t about = completion.user_data;
    const Handle socket{static_cast<std::int32_t>((about >> 3) & 0x1fffffff),
                        static_cast<std::uint32_t>(about >> 32)};
    switch (static_cast<Tag>(about & 7)) {
        case Tag::op:
            return op_done(op_of(about), completion.res);
        case Tag::quiet_send:
            return quiet_send_failed(op_of(about), completion.res);
        case Tag::resent:
            return resent(op_of(about), completion.res);
        case Tag::receive:
            return received(socket, completion.res, completion.flags);
        case Tag::accept:
            return accepted(socket, completion.res, completion.flags);
        case Tag::readable:
            return became_readable(socket, completion.res);
        case Tag::zero_copy:
            return zero_copy_done(
                *reinterpret_cast<LoanBlock*>(about & ~std::uint64_t{7}),  // NOLINT
                completion.res, completion.flags);
        case Tag::own:
            if (about != kWake) return;
            forget_wake();
            if ((completion.flags & IORING_CQE_F_MORE) == 0) arm_wake();
            return;
    }
}

bool UringBackend::one_over(Entry& entry, int fd) {
    in_flight_--;
    if (--entry.in_flight > 0 || !entry.closing) return true;
    let_go(fd);
    return false;
}

void UringBackend::op_done(Op& op, int result) {
    const bool is_there = one_over(table_.at(op.handle.number), op.handle.number);
    // A request that had to block is done by a thread of the kernel's, and interrupted when it is
    // cancelled.
    if (result == -EINTR) result = -ECANCELED;
    if (is_tried(op.kind)) {
        return tried_done(op, result, is_there && table_.find(op.handle) != nullptr);
    }
    finish_now(op, result);
}

void UringBackend::quiet_send_failed(Op& op, int result) {
    Entry& entry = table_.at(op.handle.number);
    if (op.phase != kGivenUp) {
        if (result > 0) op.sent(static_cast<std::size_t>(result));
        if (result > 0 || result == -EAGAIN) return resend(op, entry);
        entry.waiting.remove(op);
    } else {
        result = -ECANCELED;
    }
    op.end_answer();
    finish_now(op, result);
}

void UringBackend::resent(Op& op, int result) {
    Entry& entry = table_.at(op.handle.number);
    const bool is_there = one_over(entry, op.handle.number);
    const bool is_wanted = is_there && op.phase != kGivenUp;
    if (is_wanted && result > 0) {
        op.sent(static_cast<std::size_t>(result));
        if (!op.answer().empty()) return resend(op, entry);
        op.phase = kSent;
        op.end_answer();
        return serve(op.handle);
    }
    if (is_wanted) entry.waiting.remove(op);
    op.end_answer();
    finish_now(op, is_wanted ? result : -ECANCELED);
}

void UringBackend::received(Handle socket, int result, std::uint32_t flags) {
    Entry& entry = table_.at(socket.number);
    if (flags & IORING_CQE_F_BUFFER) {
        const auto buffer = static_cast<std::uint16_t>(flags >> IORING_CQE_BUFFER_SHIFT);
        buffers_.taken(buffer, result > 0 ? static_cast<std::uint32_t>(result) : 0);
        if (result > 0 && !entry.closing) {
            keep_ahead(entry, buffer);
        } else {
            buffers_.recycle(buffer);
        }
    }
    if (result == 0) entry.ended = true;
    if (result == -ENOBUFS) stats_.buffers_short++;
    if (result < 0 && result != -ENOBUFS && result != -ECANCELED) entry.failure = result;
    if ((flags & IORING_CQE_F_MORE) == 0) {
        entry.multishot = Multishot::idle;
        if (!one_over(entry, socket.number)) return;
    }
    serve(socket);
}

// No lent buffer was free when this stream wanted one, so it waited to be readable instead.
void UringBackend::became_readable(Handle socket, int result) {
    Entry& entry = table_.at(socket.number);
    entry.multishot = Multishot::idle;
    if (!one_over(entry, socket.number) || entry.closing) return;
    Op* op = static_cast<Op*>(entry.waiting.front());
    if (op == nullptr) return;
    if (result < 0 || !is_sent(*op) || buffers_.any()) return serve(socket);
    if (is_tried(op->kind)) return serve(socket);
    const bool leases = op->kind != OpKind::receive;
    std::byte* buffer = leases ? pool_.take() : nullptr;
    stats_.calls++;
    const int got = calls::receive(socket.number,
                                   leases ? MutableBytes(buffer, pool_.buffer_size()) : op->into());
    if (leases && got <= 0) pool_.give_back(buffer);
    if (got == calls::kWouldBlock) return arm_receive(entry, socket.number);
    entry.waiting.pop();
    entry.ended = got == 0;
    if (leases && got > 0) {
        op->set_lease(this, buffer, static_cast<std::uint32_t>(got), UringBuffers::kNone);
    }
    finish_now(*op, got);
}

void UringBackend::accepted(Handle socket, int result, std::uint32_t flags) {
    Entry& entry = table_.at(socket.number);
    if (result >= 0 && entry.closing) ::close(result), result = -ECANCELED;
    if ((flags & IORING_CQE_F_MORE) == 0) {
        entry.multishot = Multishot::idle;
        if (!one_over(entry, socket.number)) return;
    }
    if (entry.closing) return;
    entry.lost = calls::is_lost_connection(result) ? entry.lost + 1 : 0;
    if (result >= 0) {
        keep_accepted(entry, socket, result);
    } else if (result != -ECANCELED && (entry.lost == 0 || entry.lost > kMostLost)) {
        // Told once; the kernel is asked again when somebody accepts again.
        if (Job* job = entry.waiting.pop()) finish_now(static_cast<Op&>(*job), result);
    }
    Entry* still = table_.find(socket);
    if (still != nullptr && still->multishot == Multishot::idle && !still->waiting.empty()) {
        accept_again(*still, socket.number);
    }
}

void UringBackend::keep_accepted(Entry& entry, Handle listener, int fd) {
    if (Job* job = entry.waiting.pop()) {
        Op& op = static_cast<Op&>(*job);
        op.set_accepted(*adopt(Fd(fd)));
        return finish_now(op, fd);
    }
    if (entry.accepted_ahead == nullptr)
        entry.accepted_ahead = std::make_unique<std::vector<int>>();
    entry.accepted_ahead->push_back(fd);
    if (entry.accepted_ahead->size() < kMostAccepted || entry.multishot != Multishot::armed) return;
    end_accept(entry, listener);
}

// --- Serving -----------------------------------------------------------------------------------

bool UringBackend::has_news(const Entry& entry) const {
    return entry.ahead > 0 || entry.failure != 0 || entry.ended;
}

void UringBackend::keep_ahead(Entry& entry, std::uint16_t buffer) {
    if (entry.first_ahead == UringBuffers::kNone) {
        entry.first_ahead = buffer;
    } else {
        buffers_.next(entry.last_ahead) = buffer;
    }
    entry.last_ahead = buffer;
    entry.ahead++;
}

// Gives the front of what has come to `op`: bytes, else the failure (once), else the end.
void UringBackend::deliver(Entry& entry, Op& op) {
    if (entry.ahead > 0) return deliver_buffer(entry, op);
    op.result = std::exchange(entry.failure, 0);
    if (op.kind == OpKind::receive_messages && op.result == 0) copy_ahead({}, op);
}

void UringBackend::deliver_buffer(Entry& entry, Op& op) {
    const std::uint16_t buffer = entry.first_ahead;
    const MutableBytes unread = buffers_.unread(buffer);
    const bool leases = op.kind == OpKind::receive_lease || op.kind == OpKind::send_then_receive;
    if (op.kind == OpKind::splice_in) {
        op.result = splice_ahead(unread, op);
        if (op.result <= 0 || op.file() < 0) return;
    }
    if (!leases) {
        const bool splices = op.kind == OpKind::splice_in;
        const std::size_t count =
            splices ? static_cast<std::size_t>(op.result) : copy_ahead(unread, op);
        buffers_.read(buffer, count);
        if (count < unread.size()) return;
    }
    entry.first_ahead = buffers_.next(buffer);
    entry.ahead--;
    if (!leases) return buffers_.recycle(buffer);
    op.set_lease(this, unread.data(), static_cast<std::uint32_t>(unread.size()), buffer);
}

void UringBackend::serve(Handle socket) {
    while (Entry* entry = table_.find(socket)) {
        Op* op = static_cast<Op*>(entry->waiting.front());
        if (op == nullptr) return bound_ahead(*entry, socket);
        if (!has_news(*entry)) {
            if (entry->multishot != Multishot::idle) return;
            if (!is_tried(op->kind)) return arm_receive(*entry, socket.number);
            entry->waiting.pop();
            return op->kind == OpKind::splice_in ? try_transfer(*op, *entry)
                                                 : move_messages(*op, *entry);
        }
        if (!is_sent(*op)) {
            if (op->phase == kQuietSend) blocked_.push_back(socket);
            return bound_ahead(*entry, socket);
        }
        entry->waiting.pop();
        deliver(*entry, *op);
        stats_.completions++;
        ready().run_now(*op);
    }
}

// A stream that nobody reads must not fill all of memory; what it leaves in the socket stops its
// peer.
void UringBackend::bound_ahead(Entry& entry, Handle socket) {
    if (entry.ahead < kMostAhead || entry.multishot != Multishot::armed) return;
    entry.multishot = Multishot::ending;
    cancel_request(tagged(socket.number, socket.generation, Tag::receive));
}

void UringBackend::serve_blocked() {
    being_served_.swap(blocked_);
    for (const Handle socket : being_served_) serve(socket);
    being_served_.clear();
}

}  // namespace fivetuple

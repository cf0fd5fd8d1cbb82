#include "fivetuple/io/backends/uring.h"
#include "fivetuple/os/calls.h"
#include "fivetuple/os/splice.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

// Bytes that move inside the kernel, or are sent from where they are.
namespace fivetuple {
namespace {

// Since Linux 6.2, newer than liburing's headers: notes tell whether there was a copy.
constexpr unsigned kReportUsage = 1U << 3;      // IORING_SEND_ZC_REPORT_USAGE
constexpr std::uint32_t kWasCopied = 1U << 31;  // IORING_NOTIF_USAGE_ZC_COPIED

}  // namespace

// --- Splicing ----------------------------------------------------------------------------------

// The kernel has requests for splicing, but has a thread of its own do each, which costs more than
// the call and a request that waits until it is worth making.
int UringBackend::transfer_now(const Op& op) {
    const int socket = op.handle.number;
    if (op.kind == OpKind::splice_out) return calls::splice_out(op.file(), socket, op.count());
    if (op.kind == OpKind::send_file) {
        return calls::send_file(socket, op.file(), op.offset(), op.count());
    }
    if (op.file() >= 0) return calls::splice_in(socket, op.file(), op.count());
    const int seen = calls::wait_ready(socket, POLLIN | POLLRDHUP, Time());
    return seen == 0 ? calls::kWouldBlock : 1;
}

void UringBackend::try_transfer(Op& op, Entry& entry) {
    // A wait alone is the request's; and so is what would hold up the others.
    const bool moves = op.kind != OpKind::splice_in || op.file() >= 0;
    if (!moves || tries_left_ <= 0) return await_room_or_news(op, entry);
    tries_left_--;
    stats_.calls++;
    const int result = transfer_now(op);
    if (result == calls::kWouldBlock) return await_room_or_news(op, entry);
    finish_soon(op, result);
}

// What a multishot receive has taken already comes first, and that receive must have ended, or it
// would take what comes next. True where that has been seen to.
bool UringBackend::stands_behind_multishot(Op& op, Entry& entry) {
    if (entry.waiting.empty() && has_news(entry)) {
        deliver(entry, op);
        stats_.completions++;
        ready().push(op);
        return true;
    }
    if (entry.waiting.empty() && entry.multishot == Multishot::idle) return false;
    entry.waiting.push(op);
    if (entry.multishot != Multishot::armed) return true;
    entry.multishot = Multishot::ending;
    cancel_request(tagged(op.handle.number, entry.generation, Tag::receive));
    cancel_request(tagged(op.handle.number, entry.generation, Tag::readable));
    return true;
}

void UringBackend::splice_in(Op& op, Entry& entry) {
    if (op.count() == 0 && op.file() >= 0) return finish_soon(op, 0);
    if (!stands_behind_multishot(op, entry)) try_transfer(op, entry);
}

// The front of `unread` into the pipe: it is empty, so some of it fits.
int UringBackend::splice_ahead(Bytes unread, const Op& op) {
    if (op.file() < 0) return 1;
    return calls::write(op.file(), unread.first(std::min(unread.size(), op.count())));
}

// The same into the caller's bytes, which may stand in a message; how many.
std::size_t UringBackend::copy_ahead(Bytes unread, Op& op) {
    MutableBytes into;
    if (op.kind == OpKind::receive) {
        into = op.into();
    } else if (msghdr& header = op.messages().front().msg_hdr; header.msg_iovlen > 0) {
        into = {static_cast<std::byte*>(header.msg_iov->iov_base), header.msg_iov->iov_len};
        header.msg_namelen = 0;
        header.msg_controllen = 0;
        header.msg_flags = 0;
    }
    const std::size_t count = std::min(unread.size(), into.size());
    if (count > 0) std::memcpy(into.data(), unread.data(), count);
    op.result = static_cast<std::int32_t>(count);
    if (op.kind == OpKind::receive) return count;
    op.messages().front().msg_len = static_cast<unsigned>(count);
    op.result = 1;
    return count;
}

void UringBackend::await_room_or_news(Op& op, Entry& entry) {
    io_uring_sqe& sqe = request_of(entry);
    op.phase = kAwaited;
    const bool reads = op.kind == OpKind::receive_messages || op.kind == OpKind::splice_in;
    ::io_uring_prep_poll_add(&sqe, op.handle.number, reads ? POLLIN : POLLOUT);
    sqe.user_data = tagged(op, Tag::op);
}

// What a request has come to whose kind is_tried().
void UringBackend::tried_done(Op& op, int result, bool is_open) {
    const bool is_message = op.kind <= OpKind::send_messages;
    if (is_message && result >= 0 && op.phase != kAwaited) {
        op.messages().front().msg_len = static_cast<unsigned>(result);
        return finish_now(op, 1);
    }
    if (result < 0 || !is_open) return finish_now(op, result < 0 ? result : -ECANCELED);
    if (!is_message) stats_.calls++;
    const int moved = is_message ? move_messages_now(op) : transfer_now(op);
    if (moved == calls::kWouldBlock) return await_room_or_news(op, table_.at(op.handle.number));
    finish_now(op, moved);
}

// --- Zero copy ---------------------------------------------------------------------------------

void UringBackend::send_zero_copy(Op& op, Entry& entry) {
    if (op.from().empty()) return finish_soon(op, 0);
    LoanBlock& block = op.loan();
    if (!entry.zero_copy.should_try()) {
        stats_.zero_copy_refused++;
        return send(op, entry);
    }
    if (!block.is_linked()) lent_.push_back(block);
    block.hold();
    block.unfinished++;
    block.sending = &op;
    block.socket = op.handle;
    io_uring_sqe& sqe = request_of(entry);
    ::io_uring_prep_send_zc(&sqe, op.handle.number, op.from().data(), op.from().size(),
                            MSG_NOSIGNAL | MSG_WAITALL, kReportUsage);
    sqe.user_data = tagged(block);
}

// First comes the result, then (if the result says so) that the kernel is done with the bytes.
void UringBackend::zero_copy_done(LoanBlock& block, int result, std::uint32_t flags) {
    if ((flags & IORING_CQE_F_NOTIF) == 0) {
        if ((flags & IORING_CQE_F_MORE) == 0) block.unfinished--;
        zero_copy_sent(block, result);
        if ((flags & IORING_CQE_F_MORE) == 0) zero_copy_over(block);
        return;
    }
    block.unfinished--;
    stats_.zero_copies_done++;
    if ((static_cast<std::uint32_t>(result) & kWasCopied) != 0) {
        stats_.copied_anyway++;
        if (Entry* entry = table_.find(block.socket)) entry->zero_copy.was_copied();
    }
    zero_copy_over(block);
}

void UringBackend::zero_copy_over(LoanBlock& block) {
    if (block.unfinished == 0) block.unlink();
    block.let_go();
}

void UringBackend::zero_copy_sent(LoanBlock& block, int result) {
    Op& op = *std::exchange(block.sending, nullptr);
    const bool is_there = one_over(table_.at(op.handle.number), op.handle.number);
    Entry* entry = is_there ? table_.find(op.handle) : nullptr;
    if (entry == nullptr && block.unfinished > 0) block.forsake();
    if (entry != nullptr && (result == -EOPNOTSUPP || result == -EINVAL)) {
        entry->zero_copy.was_refused();
    }
    const bool is_refused =
        result == -EOPNOTSUPP || result == -EINVAL || result == -ENOMEM || result == -ENOBUFS;
    if (entry != nullptr && is_refused) {
        stats_.zero_copy_refused++;
        return send(op, *entry);
    }
    if (result > 0) {
        stats_.zero_copies++;
        stats_.zero_copy_bytes += static_cast<std::uint64_t>(result);
    }
    finish_now(op, result == -EINTR ? -ECANCELED : result);
}

// Of a socket that is closed. Where the result of a send has not come yet, it is waited for.
void UringBackend::forsake_loans(Handle socket) {
    lent_.for_each([&](LoanBlock& block) {
        if (block.socket == socket && block.sending == nullptr) block.forsake();
    });
}

}  // namespace fivetuple

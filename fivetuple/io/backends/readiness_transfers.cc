#include "fivetuple/io/backends/readiness.h"
#include "fivetuple/os/calls.h"
#include "fivetuple/os/splice.h"
#include "fivetuple/os/zero_copy.h"

#include <poll.h>

#include <cerrno>

// Bytes that move inside the kernel, or are sent from where they are.
namespace fivetuple {

int ReadinessBackend::attempt_transfer(Entry& entry, const Op& op) {
    const int socket = op.handle.number;
    stats_.calls++;
    int result = 0;
    if (op.kind == OpKind::splice_out) {
        result = calls::splice_out(op.file(), socket, op.count());
    } else if (op.kind == OpKind::send_file) {
        result = calls::send_file(socket, op.file(), op.offset(), op.count());
    } else if (op.file() >= 0) {
        result = calls::splice_in(socket, op.file(), op.count());
    } else {
        result = calls::wait_ready(socket, POLLIN | POLLRDHUP, Time());
        result = result == 0 ? calls::kWouldBlock : 1;
    }
    if (result == calls::kWouldBlock) {
        (op.kind == OpKind::splice_in ? entry.readable : entry.writable) = false;
    }
    return result;
}

// --- Zero copy ---------------------------------------------------------------------------------

bool ReadinessBackend::may_zero_copy(Entry& entry, int fd) {
    if (entry.zero_copy == nullptr) entry.zero_copy = std::make_unique<ZeroCopySends>();
    ZeroCopySends& sends = *entry.zero_copy;
    if (!sends.habit.should_try()) return false;
    if (sends.is_allowed) return true;
    stats_.calls++;
    sends.is_allowed = calls::allow_zero_copy(fd) == 0;
    if (!sends.is_allowed) sends.habit.was_refused();
    return sends.is_allowed;
}

int ReadinessBackend::attempt_zero_copy(Entry& entry, Op& op) {
    const int fd = op.handle.number;
    if (may_zero_copy(entry, fd)) {
        stats_.calls++;
        const int result = calls::send_zero_copy(fd, op.from());
        if (result == calls::kWouldBlock) entry.writable = false;
        if (result > 0) {
            stats_.zero_copies++;
            stats_.zero_copy_bytes += static_cast<std::uint64_t>(result);
            entry.zero_copy->sent(op.loan());
            update_watch(entry, fd);
        }
        // Too many notes under way for the socket's share of memory (optmem): they come later.
        if (result != -ENOBUFS && result != -EOPNOTSUPP) return result;
    }
    stats_.zero_copy_refused++;
    return attempt_send(entry, op);
}

// Whether there were any.
bool ReadinessBackend::take_notes(Entry& entry, int fd) {
    if (entry.zero_copy == nullptr || entry.zero_copy->empty()) return false;
    ZeroCopySends& sends = *entry.zero_copy;
    bool any = false;
    while (true) {
        stats_.calls++;
        const auto note = calls::next_zero_copy_note(fd);
        if (!note) return any;
        any = true;
        const std::size_t count = sends.done(note->first, note->last);
        stats_.zero_copies_done += count;
        if (!note->copied) continue;
        stats_.copied_anyway += count;
        sends.habit.was_copied();
    }
}

// A socket with notes looks broken. What is left of `seen` when they have been taken.
std::uint8_t ReadinessBackend::look_at_notes(Entry& entry, int fd, std::uint8_t seen) {
    if (entry.zero_copy == nullptr || entry.zero_copy->empty()) return seen;
    int state = 0;
    do {
        const bool any = take_notes(entry, fd);
        stats_.calls++;
        state = calls::wait_ready(fd, 0, Time());
        if (!any) break;
    } while ((state & POLLERR) != 0);
    if (state == 0) return static_cast<std::uint8_t>(seen & ~Readiness::broken);
    // Told again and again of a connection that has ended, we could not sleep; and of an ended one
    // no more than this need be known.
    if (!poller_->tells_changes()) entry.zero_copy->forsake();
    return seen;
}

void ReadinessBackend::end_zero_copy(Entry& entry, int fd) {
    take_notes(entry, fd);
    entry.zero_copy->forsake();
}

}  // namespace fivetuple

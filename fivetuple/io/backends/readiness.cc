#include "fivetuple/io/backends/readiness.h"

#include "fivetuple/io/turn_time.h"
#include "fivetuple/os/calls.h"
#include "fivetuple/os/clock.h"
#include "fivetuple/os/options.h"

#include <poll.h>

#include <cerrno>
#include <utility>

namespace fivetuple {

Result<std::unique_ptr<Backend>> ReadinessBackend::open(BackendKind kind,
                                                        const LoopOptions& options) {
    FT_TRY(Fd wake_event, open_wake_event());
    FT_TRY(auto poller, kind == BackendKind::epoll  ? open_epoll()
                        : kind == BackendKind::poll ? open_poll()
                                                    : open_select());
    if (wake_event.raw() > poller->highest()) {
        return std::unexpected(Error::limit("select", "its descriptors are all in use"));
    }
    const int result = poller->watch(wake_event.raw(), 0, 0, Readiness::readable);
    if (result < 0) return std::unexpected(Error::system(-result, "epoll_ctl"));
    return std::make_unique<ReadinessBackend>(options, std::move(poller), std::move(wake_event));
}

ReadinessBackend::ReadinessBackend(const LoopOptions& options, std::unique_ptr<Poller> poller,
                                   Fd wake_event)
    : KernelBackend(options, std::move(wake_event)),
      poller_(std::move(poller)),
      leases_(options.lease_size) {}

ReadinessBackend::~ReadinessBackend() { poller_->forget(wake_fd()); }

Result<Handle> ReadinessBackend::adopt(Fd fd) {
    if (fd.raw() > poller_->highest()) {
        return std::unexpected(
            Error::limit("socket", "select cannot watch descriptor " + std::to_string(fd.raw()) +
                                       "; it ends at " + std::to_string(poller_->highest())));
    }
    const Handle handle = table_.open(fd.release());
    int type = 0;
    socklen_t size = sizeof type;
    const bool is_stream =
        ::getsockopt(handle.number, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
    table_.at(handle.number).reads_to_end = !is_stream;
    return handle;
}

void ReadinessBackend::give_back(std::byte* buffer, std::uint32_t) { leases_.give_back(buffer); }

// --- Submitting --------------------------------------------------------------------------------

bool ReadinessBackend::reads(const Op& op) const {
    switch (op.kind) {
        case OpKind::accept:
        case OpKind::receive:
        case OpKind::receive_lease:
        case OpKind::receive_messages:
        case OpKind::splice_in:
            return true;
        case OpKind::send_then_receive:
            return op.phase != 0;
        default:
            return false;
    }
}

JobQueue& ReadinessBackend::queue_of(Entry& entry, const Op& op) {
    if (op.kind == OpKind::poll) return entry.polls;
    return reads(op) ? entry.reads : entry.writes;
}

// What moves no bytes waits for nothing.
bool ReadinessBackend::moves_nothing(const Op& op) {
    switch (op.kind) {
        case OpKind::receive:
            return op.into().empty();
        case OpKind::send:
        case OpKind::send_zero_copy:
            return op.from().empty();
        case OpKind::send_gathered:
            return op.pieces().empty();
        case OpKind::receive_messages:
        case OpKind::send_messages:
            return op.messages().empty();
        case OpKind::splice_in:
            return op.count() == 0 && op.file() >= 0;
        case OpKind::splice_out:
        case OpKind::send_file:
            return op.count() == 0;
        default:
            return false;
    }
}

void ReadinessBackend::submit(Op& op) {
    Entry* entry = table_.find(op.handle);
    if (entry != nullptr) return moves_nothing(op) ? finish_soon(op, 0) : start(*entry, op);
    if (op.kind == OpKind::send_then_receive) op.end_answer();
    finish_soon(op, -EBADF);
}

// Tries at once where there is a chance, else waits its turn behind those that came before.
void ReadinessBackend::start(Entry& entry, Op& op) {
    const bool reading = reads(op);
    const bool promising = op.kind == OpKind::poll || (reading ? entry.readable : entry.writable);
    if (!promising || !queue_of(entry, op).empty()) return park(entry, op);
    if (attempts_left_-- <= 0) {
        put_off(entry, op.handle.number);
        return park(entry, op);
    }
    const int result = attempt(entry, op);
    if (result == kNowReads) return start(entry, op);
    if (result == calls::kWouldBlock) return park(entry, op);
    finish_soon(op, result == kTryLater ? -EAGAIN : result);
}

void ReadinessBackend::park(Entry& entry, Op& op) {
    JobQueue& queue = queue_of(entry, op);
    queue.push(op);
    entry.listens |= op.kind == OpKind::accept;
    const int result = update_watch(entry, op.handle.number);
    if (result == 0) return;
    queue.remove(op);
    if (op.kind == OpKind::send_then_receive && op.phase == 0) op.end_answer();
    finish_soon(op, result);
}

std::uint8_t ReadinessBackend::wanted(const Entry& entry) const {
    std::uint8_t wanted = 0;
    if (!entry.reads.empty()) wanted |= Readiness::readable;
    if (!entry.writes.empty()) wanted |= Readiness::writable;
    if (entry.zero_copy != nullptr && !entry.zero_copy->empty()) wanted |= Readiness::broken;
    entry.polls.for_each([&](const Job& job) {
        const short events = static_cast<const Op&>(job).events();
        if (events == 0) wanted |= Readiness::broken;
        if (events & POLLIN) wanted |= Readiness::readable;
        if (events & POLLOUT) wanted |= Readiness::writable;
        if (events & POLLPRI) wanted |= Readiness::urgent;
        if (events & POLLRDHUP) wanted |= Readiness::peer_closed;
    });
    return wanted;
}

int ReadinessBackend::update_watch(Entry& entry, int fd) {
    std::uint8_t next = wanted(entry);
    if (poller_->tells_changes()) {
        // What was awaited once stays so: being told costs less than saying that one need not be.
        if (entry.listens) {
            next = next == 0 ? 0 : Readiness::readable | Readiness::stays;
        } else {
            next |=
                entry.watched | Readiness::readable | Readiness::peer_closed | Readiness::urgent;
        }
    }
    if (next == entry.watched) return 0;
    stats_.calls += poller_->tells_changes();
    const int result = poller_->watch(fd, entry.generation, entry.watched, next);
    if (result == 0 || result == -EPERM) entry.watched = next;
    return result == -EPERM ? 0 : result;  // A file: each attempt answers at once.
}

void ReadinessBackend::cancel(Op& op) {
    Entry* entry = table_.find(op.handle);
    // What is not waiting has finished already; its result stands.
    if (entry == nullptr || !queue_of(*entry, op).remove(op)) return;
    end_waiting(op);
}

void ReadinessBackend::close(Handle socket) {
    Entry* entry = table_.find(socket);
    if (entry == nullptr) return;
    end_all(entry->reads);
    end_all(entry->writes);
    end_all(entry->polls);
    if (entry->zero_copy != nullptr) end_zero_copy(*entry, socket.number);
    if (entry->watched != 0 && entry->listens) {
        // Told as long as somebody waits there, it would keep us awake where a fork()ed child still
        // holds it.
        stats_.calls += poller_->tells_changes();
        poller_->watch(socket.number, entry->generation, entry->watched, 0);
    } else if (entry->watched != 0) {
        poller_->forget(socket.number);
    }
    table_.close(socket.number);
    stats_.calls++;
    ::close(socket.number);
}

void ReadinessBackend::end_all(JobQueue& queue) {
    while (Job* job = queue.pop()) end_waiting(static_cast<Op&>(*job));
}

void ReadinessBackend::end_waiting(Op& op) {
    if (op.kind == OpKind::send_then_receive && op.phase == 0) op.end_answer();
    finish_soon(op, -ECANCELED);
}

void ReadinessBackend::finish_soon(Op& op, int result) {
    op.result = result;
    stats_.completions++;
    ready().push(op);
}

void ReadinessBackend::finish_now(Op& op, int result) {
    op.result = result;
    stats_.completions++;
    ready().run_now(op);
}

// --- Attempts ----------------------------------------------------------------------------------

int ReadinessBackend::attempt(Entry& entry, Op& op) {
    switch (op.kind) {
        case OpKind::accept:
            return attempt_accept(entry, op);
        case OpKind::connect:
            return attempt_connect(entry, op);
        case OpKind::receive:
            return attempt_receive(entry, op);
        case OpKind::receive_lease:
            return attempt_lease(entry, op);
        case OpKind::send:
        case OpKind::send_gathered:
            return attempt_send(entry, op);
        case OpKind::receive_messages:
        case OpKind::send_messages:
            return attempt_messages(entry, op);
        case OpKind::send_then_receive:
            return attempt_send_then_receive(entry, op);
        case OpKind::poll:
            return attempt_poll(entry, op);
        case OpKind::splice_in:
        case OpKind::splice_out:
        case OpKind::send_file:
            return attempt_transfer(entry, op);
        case OpKind::send_zero_copy:
            return attempt_zero_copy(entry, op);
    }
    return -EINVAL;
}

// A listener goes on telling that more wait, so it need not be asked until it has none left: that
// would be a call in vain for most. In a turn that serves many sockets it is asked more often, or
// those who connect would wait for all of them each time.
int ReadinessBackend::attempt_accept(Entry& entry, Op& op) {
    stats_.calls++;
    const int result = calls::accept(op.handle.number, true);
    entry.listens = true;
    if (result < 0) {
        entry.readable = result != calls::kWouldBlock;
        return result;
    }
    if (--accepts_left_ <= 0) entry.readable = false;
    if (result > poller_->highest()) {
        ::close(result);
        return -EMFILE;  // Of those that select can watch.
    }
    op.set_accepted(table_.open(result));
    table_.at(result).reads_to_end = entry.reads_to_end;
    return result;
}

int ReadinessBackend::attempt_connect(Entry& entry, Op& op) {
    stats_.calls++;
    const bool goes_on = std::exchange(op.phase, 1) != 0;
    const int result = goes_on ? calls::go_on_connecting(op.handle.number, op.address())
                               : calls::connect(op.handle.number, op.address());
    if (result == -EAGAIN) return kTryLater;  // A Unix listener's queue is full.
    if (result != -EINPROGRESS) return result;
    entry.writable = false;
    return calls::kWouldBlock;
}

// A stream that gave less than was asked for is empty now, and says so when more comes. It is not
// asked in vain, unless it has ended or is broken (no news would come of that), or urgent data
// stands in between.
int ReadinessBackend::read_result(Entry& entry, int result, std::size_t asked) {
    if (result == calls::kWouldBlock) {
        entry.readable = entry.urgent = false;
    } else if (result > 0 && static_cast<std::size_t>(result) < asked) {
        entry.readable = entry.reads_to_end || entry.urgent;
    }
    return result;
}

int ReadinessBackend::attempt_receive(Entry& entry, Op& op) {
    stats_.calls++;
    return read_result(entry, calls::receive(op.handle.number, op.into()), op.into().size());
}

int ReadinessBackend::attempt_lease(Entry& entry, Op& op) {
    std::byte* buffer = leases_.take();
    const std::size_t size = leases_.buffer_size();
    stats_.calls++;
    const int result = read_result(entry, calls::receive(op.handle.number, {buffer, size}), size);
    if (result > 0) {
        op.set_lease(this, buffer, static_cast<std::uint32_t>(result), 0);
    } else {
        leases_.give_back(buffer);
    }
    return result;
}

int ReadinessBackend::attempt_send(Entry& entry, Op& op) {
    const bool gathered = op.kind == OpKind::send_gathered;
    stats_.calls++;
    const int result = gathered ? calls::send_gathered(op.handle.number, op.pieces())
                                : calls::send(op.handle.number, op.from());
    if (result == calls::kWouldBlock) entry.writable = false;
    return result;
}

int ReadinessBackend::attempt_messages(Entry& entry, Op& op) {
    const bool receives = op.kind == OpKind::receive_messages;
    stats_.calls++;
    const int result = receives ? calls::receive_messages(op.handle.number, op.messages())
                                : calls::send_messages(op.handle.number, op.messages());
    if (result == calls::kWouldBlock) (receives ? entry.readable : entry.writable) = false;
    return result;
}

int ReadinessBackend::attempt_send_then_receive(Entry& entry, Op& op) {
    if (op.phase != 0) return attempt_lease(entry, op);
    while (!op.answer().empty()) {
        stats_.calls++;
        const int result = calls::send(op.handle.number, op.answer());
        if (result == calls::kWouldBlock) entry.writable = false;
        if (result < 0 && result != calls::kWouldBlock) op.end_answer();
        if (result < 0) return result;
        op.sent(static_cast<std::size_t>(result));
    }
    op.end_answer();
    op.phase = 1;
    return kNowReads;
}

int ReadinessBackend::attempt_poll(Entry& entry, const Op& op) {
    int seen = 0;
    do {
        stats_.calls++;
        seen = calls::wait_ready(op.handle.number, op.events(), Time());
        // Notes in the error queue look like a broken connection.
    } while ((seen & POLLERR) != 0 && take_notes(entry, op.handle.number));
    return seen == 0 ? calls::kWouldBlock : seen;
}

// --- Waiting -----------------------------------------------------------------------------------

std::span<const Poller::Event> ReadinessBackend::sleep(Time until) {
    if (!ready().empty() || !put_off_.empty()) until = Time();
    Time now = until == kNever || until == Time() ? Time() : monotonic_now();
    if (spin() > Duration::zero() && until > now) {
        now = monotonic_now();
        const Time give_up = std::min(until, after(now, spin()));
        do {
            stats_.waits++, stats_.calls++;
            const auto events = poller_->sleep(now, now);
            if (!events.empty()) return events;
            now = monotonic_now();
        } while (now < give_up);
    }
    stats_.waits++, stats_.calls++;
    return poller_->sleep(now, until);
}

void ReadinessBackend::wait(Time until) {
    const auto events = sleep(until);
    begin_turn_at(monotonic_now());
    for (const Poller::Event& event : events) {
        accepts_left_ = 1 + static_cast<int>(events.size() / 16);
        if (event.fd == wake_fd()) {
            forget_wake();
        } else {
            dispatch(event);
        }
    }
    serve_put_off();
    attempts_left_ = kAttemptsAtOnce;
}

void ReadinessBackend::dispatch(const Poller::Event& event) {
    const Handle socket{event.fd, event.generation};
    Entry* entry = table_.find(socket);
    if (entry == nullptr) return;  // Closed by what ran before in this turn.
    constexpr int kEnded = Readiness::peer_closed | Readiness::broken;
    std::uint8_t seen = event.seen;
    if ((seen & Readiness::broken) != 0) seen = look_at_notes(*entry, socket.number, seen);
    if (seen & (Readiness::readable | Readiness::urgent | kEnded)) entry->readable = true;
    if (seen & (Readiness::writable | Readiness::broken)) entry->writable = true;
    if (seen & Readiness::urgent) entry->urgent = true;
    if (seen & kEnded) entry->reads_to_end = true;
    if (!entry->polls.empty()) serve_polls(*entry);
    serve(socket);
    if (!poller_->tells_changes()) hand_back(socket);
    // What is told as long as it is so, not when it changes, would be told for ever with nobody
    // there.
    entry = table_.find(socket);
    if (entry == nullptr || (poller_->tells_changes() && !entry->listens)) return;
    update_watch(*entry, socket.number);
}

// An error queue that has something which is no failure would be told for ever to a receive that
// does not see it. One that asks for that ends with EAGAIN, and comes again when the queue is
// empty.
void ReadinessBackend::hand_back(Handle socket) {
    Entry* entry = table_.find(socket);
    if (entry == nullptr || entry->reads.empty()) return;
    Op& op = static_cast<Op&>(*entry->reads.front());
    if (op.kind != OpKind::receive_messages || !op.hands_back()) return;
    entry->reads.pop();
    finish_soon(op, -EAGAIN);
}

void ReadinessBackend::serve(Handle socket) {
    attempts_left_ = kAttemptsAtOnce;
    serve_side(socket, true);
    serve_side(socket, false);
}

void ReadinessBackend::serve_side(Handle socket, bool reading) {
    while (Entry* entry = table_.find(socket)) {
        JobQueue& side = reading ? entry->reads : entry->writes;
        if (side.empty() || !(reading ? entry->readable : entry->writable)) return;
        if (attempts_left_-- <= 0) return put_off(*entry, socket.number);
        Op& op = static_cast<Op&>(*side.front());
        const int result = attempt(*entry, op);
        if (result == calls::kWouldBlock) return;
        side.pop();
        if (result == kNowReads) {
            start(*entry, op);
        } else {
            finish_now(op, result == kTryLater ? -EAGAIN : result);
        }
    }
}

// Nothing that runs here can close the socket: those that have come are only marked as ready.
void ReadinessBackend::serve_polls(Entry& entry) {
    JobQueue waiting = std::exchange(entry.polls, JobQueue());
    while (Job* job = waiting.pop()) {
        Op& op = static_cast<Op&>(*job);
        const int result = attempt_poll(entry, op);
        if (result == calls::kWouldBlock) {
            entry.polls.push(op);
        } else {
            finish_soon(op, result);
        }
    }
}

void ReadinessBackend::put_off(Entry& entry, int fd) {
    if (std::exchange(entry.put_off, true)) return;
    put_off_.push_back({fd, entry.generation});
}

void ReadinessBackend::serve_put_off() {
    being_served_.swap(put_off_);
    for (const Handle socket : being_served_) {
        Entry* entry = table_.find(socket);
        if (entry == nullptr) continue;
        entry->put_off = false;
        serve_polls(*entry);
        serve(socket);
    }
    being_served_.clear();
}

}  // namespace fivetuple

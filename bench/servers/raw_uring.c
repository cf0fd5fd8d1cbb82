// The reference for io_uring: one system call a turn carries all sends of the turn and waits for
// the next completions. Multishot accept; one multishot receive per connection, over a ring of
// buffers that all share; a send posts a completion only when it did not move everything.

#include "listener.h"
#include "uring_ring.h"

#include <errno.h>
#include <liburing.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { kWaitingBytesMax = 128 * 1024 };

/// What a completion is about; its other bits are a buffer and a descriptor.
enum Kind { kAccept, kAcceptRetry, kReceive, kSend, kSendRest, kOther };

/// Bytes that a peer did not take at once. Allocated only then.
struct Backlog {
    char* sending;  ///< The kernel reads these until their send completes.
    size_t sending_bytes;
    size_t sent_bytes;
    char* waiting;  ///< These come after them.
    size_t waiting_bytes;
};

/// A descriptor is closed only when nothing is in flight on it, so a number that comes back with a
/// completion always means this connection and not a later one of the same number.
struct Connection {
    struct Backlog* backlog;  ///< Null in the usual case.
    uint32_t sent_in_turn;
    bool open : 1;
    bool receiving : 1;  ///< A receive is armed.
    bool stopping : 1;   ///< Its cancellation is under way.
    bool ended : 1;      ///< Nothing more will be read.
    bool starved : 1;    ///< Its receive found no buffer.
    bool unsettled : 1;  ///< It is in the list of those.
};

static uint32_t sent_bytes_of[kBuffers];
static struct Connection* connections;  ///< By descriptor.
static int listener;
static bool accept_paused;

/// A turn is from one wait to the next. `lent` are the buffers whose sends the next enter carries:
/// when it has returned they are free, but offered only once its failures have been read.
static uint32_t turn = 1;
static uint16_t lent[kBuffers];
static unsigned lent_count;

/// Connections that need more than the next send. Looked at when all completions have been read,
/// for only then is it known whether what they sent in an earlier turn was all taken.
static int* unsettled;
static unsigned unsettled_count;

static uint64_t tag(enum Kind kind, unsigned buffer, int descriptor) {
    return (uint64_t)kind << 56 | (uint64_t)buffer << 32 | (uint32_t)descriptor;
}

static void settle_later(int descriptor) {
    if (connections[descriptor].unsettled) return;
    connections[descriptor].unsettled = true;
    unsettled[unsettled_count++] = descriptor;
}

static void arm_accept(void) {
    accept_paused = false;
    struct io_uring_sqe* entry = next_submission();
    io_uring_prep_multishot_accept(entry, listener, NULL, NULL, 0);
    io_uring_sqe_set_data64(entry, tag(kAccept, 0, listener));
}

static void arm_receive(int descriptor) {
    struct io_uring_sqe* entry = next_submission();
    io_uring_prep_recv_multishot(entry, descriptor, NULL, 0, 0);
    entry->flags |= IOSQE_BUFFER_SELECT;
    entry->buf_group = kBufferGroup;
    io_uring_sqe_set_data64(entry, tag(kReceive, 0, descriptor));
    connections[descriptor].receiving = true;
}

static void stop_receiving(int descriptor) {
    struct Connection* connection = &connections[descriptor];
    if (!connection->receiving || connection->stopping) return;
    connection->stopping = true;
    struct io_uring_sqe* entry = next_submission();
    io_uring_prep_cancel64(entry, tag(kReceive, 0, descriptor), 0);
    io_uring_sqe_set_data64(entry, tag(kOther, 0, descriptor));
}

static void send_backlog(int descriptor) {
    struct Backlog* backlog = connections[descriptor].backlog;
    struct io_uring_sqe* entry = next_submission();
    io_uring_prep_send(entry, descriptor, backlog->sending + backlog->sent_bytes,
                       backlog->sending_bytes - backlog->sent_bytes, MSG_WAITALL | MSG_NOSIGNAL);
    io_uring_sqe_set_data64(entry, tag(kSendRest, 0, descriptor));
}

static void close_connection(int descriptor) {
    connections[descriptor].open = false;
    struct io_uring_sqe* entry = next_submission();
    io_uring_prep_close(entry, descriptor);
    entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
    io_uring_sqe_set_data64(entry, tag(kOther, 0, descriptor));
    if (accept_paused) arm_accept();
}

/// Gives up on the peer: what it is still owed is dropped.
static void break_connection(int descriptor) {
    struct Connection* connection = &connections[descriptor];
    connection->ended = true;
    if (connection->backlog != NULL) connection->backlog->waiting_bytes = 0;
    stop_receiving(descriptor);
    settle_later(descriptor);
}

/// Puts bytes into the backlog, ahead of what is waiting there or behind it.
static void keep(int descriptor, const char* bytes, size_t size, bool ahead) {
    struct Connection* connection = &connections[descriptor];
    if (connection->backlog == NULL) connection->backlog = calloc(1, sizeof *connection->backlog);
    struct Backlog* backlog = connection->backlog;
    char* waiting =
        backlog == NULL ? NULL : realloc(backlog->waiting, backlog->waiting_bytes + size);
    if (waiting == NULL) {
        break_connection(descriptor);
        return;
    }
    if (ahead) memmove(waiting + size, waiting, backlog->waiting_bytes);
    memcpy(ahead ? waiting : waiting + backlog->waiting_bytes, bytes, size);
    backlog->waiting = waiting;
    backlog->waiting_bytes += size;
    settle_later(descriptor);
}

/// Moves the backlog on by one step; frees it when there is nothing left in it.
static void advance_backlog(int descriptor) {
    struct Connection* connection = &connections[descriptor];
    struct Backlog* backlog = connection->backlog;
    if (backlog->waiting_bytes > kWaitingBytesMax) stop_receiving(descriptor);
    if (backlog->sending != NULL) return;
    if (backlog->waiting_bytes == 0) {
        free(backlog->waiting);
        free(backlog);
        connection->backlog = NULL;
        return;
    }
    *backlog =
        (struct Backlog){.sending = backlog->waiting, .sending_bytes = backlog->waiting_bytes};
    send_backlog(descriptor);
}

/// Does what the state of a connection asks for; may be called at any time without harm, as long as
/// what it sent in this turn is not in doubt.
static void settle(int descriptor) {
    struct Connection* connection = &connections[descriptor];
    if (!connection->open) return;
    if (connection->backlog != NULL) advance_backlog(descriptor);
    if (connection->backlog != NULL || connection->receiving) return;
    if (connection->ended) {
        close_connection(descriptor);
    } else {
        arm_receive(descriptor);
    }
}

/// A receive takes a buffer at once when there are bytes: of those that found none, no more start
/// again than there are buffers, or they would all fail together again and again.
static void settle_all(void) {
    unsigned left = 0;
    unsigned startable = kOffered;
    for (unsigned at = 0; at < unsettled_count; ++at) {
        const int descriptor = unsettled[at];
        struct Connection* connection = &connections[descriptor];
        const bool must_wait = connection->starved && startable == 0;
        if (must_wait || connection->sent_in_turn == turn) {
            unsettled[left++] = descriptor;
            continue;
        }
        startable -= connection->starved;
        connection->starved = false;
        connection->unsettled = false;
        settle(descriptor);
    }
    unsettled_count = left;
}

static void on_accepted(int result, uint32_t flags) {
    if (result >= 0) {
        connections[result] = (struct Connection){.open = true};
        arm_receive(result);
    }
    if ((flags & IORING_CQE_F_MORE) != 0) return;
    if (result != -EMFILE && result != -ENFILE && result != -ENOBUFS && result != -ENOMEM) {
        arm_accept();
        return;
    }
    // Out of descriptors: again when a connection has been closed, or after a while.
    static struct __kernel_timespec pause = {.tv_nsec = 100000000};
    accept_paused = true;
    struct io_uring_sqe* entry = next_submission();
    io_uring_prep_timeout(entry, &pause, 0, 0);
    io_uring_sqe_set_data64(entry, tag(kAcceptRetry, 0, 0));
}

/// Two sends of one connection in one turn could overtake each other when the first is partial, and
/// so could one behind a backlog: those bytes wait in the backlog.
static void echo(int descriptor, unsigned buffer, unsigned size) {
    struct Connection* connection = &connections[descriptor];
    if (connection->sent_in_turn == turn || connection->backlog != NULL) {
        keep(descriptor, buffer_at(buffer), size, false);
        give_back(buffer);
        return;
    }
    struct io_uring_sqe* entry = next_submission();
    io_uring_prep_send(entry, descriptor, buffer_at(buffer), size,
                       MSG_DONTWAIT | MSG_WAITALL | MSG_NOSIGNAL);
    entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
    io_uring_sqe_set_data64(entry, tag(kSend, buffer, descriptor));
    connection->sent_in_turn = turn;
    sent_bytes_of[buffer] = size;
    lent[lent_count++] = (uint16_t)buffer;
}

static void on_received(int descriptor, int result, uint32_t flags) {
    struct Connection* connection = &connections[descriptor];
    if ((flags & IORING_CQE_F_BUFFER) != 0) {
        const unsigned buffer = flags >> IORING_CQE_BUFFER_SHIFT;
        --offered;
        if (result > 0 && !connection->ended) {
            echo(descriptor, buffer, (unsigned)result);
        } else {
            give_back(buffer);
        }
    }
    if ((flags & IORING_CQE_F_MORE) != 0) return;
    connection->receiving = false;
    connection->stopping = false;
    connection->starved = result == -ENOBUFS;
    // Out of buffers it is armed again, and so it is when a cancelled one has sent its backlog.
    if (result <= 0 && result != -ENOBUFS && result != -ECANCELED) connection->ended = true;
    settle_later(descriptor);
}

/// Only failures get here: the rest goes the patient way.
static void on_send_failed(int descriptor, unsigned buffer, int result) {
    if (result < 0 && result != -EAGAIN && result != -EINTR) {
        break_connection(descriptor);
        return;
    }
    const size_t taken = result > 0 ? (size_t)result : 0;
    keep(descriptor, buffer_at(buffer) + taken, sent_bytes_of[buffer] - taken, true);
}

static void on_rest_sent(int descriptor, int result) {
    struct Backlog* backlog = connections[descriptor].backlog;
    if (result > 0) {
        backlog->sent_bytes += (size_t)result;
        if (backlog->sent_bytes < backlog->sending_bytes) {
            send_backlog(descriptor);
            return;
        }
    }
    free(backlog->sending);
    backlog->sending = NULL;
    if (result <= 0) break_connection(descriptor);
    settle_later(descriptor);
}

static void handle(const struct io_uring_cqe* completion) {
    const int descriptor = (int)(uint32_t)completion->user_data;
    switch ((enum Kind)(completion->user_data >> 56)) {
        case kReceive:
            on_received(descriptor, completion->res, completion->flags);
            break;
        case kAccept:
            on_accepted(completion->res, completion->flags);
            break;
        case kSend:
            on_send_failed(descriptor, (completion->user_data >> 32) & 0xffff, completion->res);
            break;
        case kSendRest:
            on_rest_sent(descriptor, completion->res);
            break;
        case kAcceptRetry:
            if (accept_paused) arm_accept();
            break;
        case kOther:
            break;
    }
}

static void handle_completions(void) {
    const unsigned tail = io_uring_smp_load_acquire(ring.cq.ktail);
    unsigned head = *ring.cq.khead;
    for (; head != tail; ++head) handle(&ring.cq.cqes[head & ring.cq.ring_mask]);
    io_uring_smp_store_release(ring.cq.khead, head);
}

int main(int argc, char** argv) {
    listener = open_listener(argc, argv);
    connections = calloc((size_t)descriptors_max(), sizeof *connections);
    unsettled = calloc((size_t)descriptors_max(), sizeof *unsettled);
    if (connections == NULL || unsettled == NULL) give_up("calloc", ENOMEM);
    make_ring();
    arm_accept();
    for (;;) {
        // Nothing would wake us for those that wait only for this turn to be over.
        submit_and_collect(unsettled_count > 0 ? 0 : 1);
        ++turn;
        for (unsigned at = 0; at < lent_count; ++at) give_back(lent[at]);
        lent_count = 0;
        handle_completions();
        // What has not found room among the completions may be failures of earlier turns: until
        // they have been read, no buffer changes hands and nothing more is started.
        if ((*ring.sq.kflags & IORING_SQ_CQ_OVERFLOW) != 0) continue;
        settle_all();
        offer_buffers();
    }
}

#ifndef FT_BENCH_URING_RING_H
#define FT_BENCH_URING_RING_H

// The ring of the io_uring reference: submitting and waiting in one call, and the buffers that all
// receives share.

#include "listener.h"

#include <errno.h>
#include <liburing.h>
#include <stdint.h>
#include <sys/mman.h>

// Measured, and no different within the noise: more entries in either queue, buffers at staggered
// addresses, direct descriptors, receives that poll first, waits that are not accounted as I/O.
enum {
    kSubmissions = 256,
    kCompletions = 1024,
    kBuffers = 256,
    kBufferBytes = 32 * 1024,
    // The kernel goes round all buffers that it is offered. One enter hands over some 40 receives
    // at most, so 64 are enough; with 256, requests of 16 KiB fall out of the cache: 5 % dearer.
    kOffered = 64,
    kBufferGroup = 0,
};

static struct io_uring ring;
static struct io_uring_buf_ring* buffer_ring;
static char* buffers;

/// The buffers that nobody uses, the last one used on top: it is the one still in the cache.
static uint16_t free_buffers[kBuffers];
static unsigned free_count;
static unsigned offered;  ///< How many the kernel has to choose from.

static char* buffer_at(unsigned index) { return buffers + (size_t)index * kBufferBytes; }

/// Submits everything. Returns only when the kernel has taken it all, so every send among it has
/// been tried.
static void enter(unsigned wait, unsigned flags) {
    struct io_uring_sq* queue = &ring.sq;
    io_uring_smp_store_release(queue->ktail, queue->sqe_tail);
    queue->sqe_head = queue->sqe_tail;
    for (;;) {
        const unsigned pending = queue->sqe_tail - io_uring_smp_load_acquire(queue->khead);
        const int result = io_uring_enter2((unsigned)ring.enter_ring_fd, pending, wait,
                                           flags | IORING_ENTER_REGISTERED_RING, NULL, 0);
        if (result >= (int)pending) return;
        if (result < 0 && result != -EINTR && result != -EAGAIN && result != -EBUSY) {
            give_up("io_uring_enter", -result);
        }
    }
}

/// Submits everything and lets what has become ready complete; when `wait` is 1, sleeps until there
/// is a completion.
static void submit_and_collect(unsigned wait) { enter(wait, IORING_ENTER_GETEVENTS); }

/// With the queue full, what is in it is submitted first. Nothing completes a receive then: a
/// connection never has bytes that we do not know of ahead of a send whose outcome is open.
static struct io_uring_sqe* next_submission(void) {
    struct io_uring_sqe* entry = io_uring_get_sqe(&ring);
    if (entry != NULL) return entry;
    enter(0, 0);
    return io_uring_get_sqe(&ring);
}

static void give_back(unsigned buffer) { free_buffers[free_count++] = (uint16_t)buffer; }

/// Fills up what the kernel may receive into.
static void offer_buffers(void) {
    int added = 0;
    for (; offered < kOffered && free_count > 0; ++offered) {
        const unsigned buffer = free_buffers[--free_count];
        io_uring_buf_ring_add(buffer_ring, buffer_at(buffer), kBufferBytes, (unsigned short)buffer,
                              io_uring_buf_ring_mask(kBuffers), added++);
    }
    io_uring_buf_ring_advance(buffer_ring, added);
}

static void* map_memory(size_t size) {
    void* memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) give_up("mmap", errno);
    return memory;
}

static void make_ring(void) {
    struct io_uring_params params = {
        .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL |
                 IORING_SETUP_CQSIZE,
        .cq_entries = kCompletions,
    };
    int failure = io_uring_queue_init_params(kSubmissions, &ring, &params);
    if (failure < 0) give_up("io_uring_queue_init", -failure);
    // Entries are submitted in the order in which they are filled in: said once, here.
    for (unsigned at = 0; at < ring.sq.ring_entries; ++at) ring.sq.array[at] = at;
    failure = io_uring_register_ring_fd(&ring);
    if (failure < 0) give_up("io_uring_register_ring_fd", -failure);

    buffers = map_memory((size_t)kBuffers * kBufferBytes);
    buffer_ring = map_memory(kBuffers * sizeof(struct io_uring_buf));
    struct io_uring_buf_reg registration = {
        .ring_addr = (uintptr_t)buffer_ring, .ring_entries = kBuffers, .bgid = kBufferGroup};
    failure = io_uring_register_buf_ring(&ring, &registration, 0);
    if (failure < 0) give_up("io_uring_register_buf_ring", -failure);
    for (unsigned buffer = 0; buffer < kBuffers; ++buffer) give_back(buffer);
    offer_buffers();
}

#endif

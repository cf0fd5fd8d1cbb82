#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/base/time.h"

#include <liburing.h>

#include <cstdint>

namespace fivetuple {

/// One io_uring of a single thread: its two queues, and the one system call. io_uring(7)
class UringRing {
public:
    /// Errors: any of EPERM, ENOSYS, EINVAL, ENOMEM, EOPNOTSUPP, EMFILE where the kernel, a sysctl
    /// or a filter will not have it. io_uring_setup(2)
    static Result<UringRing> open(unsigned entries);
    UringRing(UringRing&& other) noexcept;
    UringRing& operator=(UringRing&&) = delete;
    ~UringRing();

    /// The calling thread is the ring's from now on; nothing was submitted before.
    int enable();

    /// Room for one request, or null when the queue is full: enter() makes room.
    io_uring_sqe* request() { return ::io_uring_get_sqe(&ring_); }
    unsigned unsubmitted() const { return ring_.sq.sqe_tail - *ring_.sq.khead; }
    /// The running number of the next request, and of the first that the kernel has not taken yet.
    std::uint32_t next_number() const { return ring_.sq.sqe_tail; }
    std::uint32_t first_untaken() const { return *ring_.sq.khead; }

    /// Submits what there is, and gathers completions: waits for the first one until `until`.
    /// Answers 0 or -errno; -ETIME and -EINTR are of no account.
    int enter(bool may_sleep, Time now, Time until);
    /// Submits what there is, to make room for more.
    int submit();

    unsigned completions() const { return ::io_uring_cq_ready(&ring_); }
    /// The completion that is `ahead` places behind the oldest; `ahead` < completions().
    const io_uring_cqe& completion(unsigned ahead) const {
        return ring_.cq.cqes[(*ring_.cq.khead + ahead) & *ring_.cq.kring_mask];
    }
    void drop_completion() { ::io_uring_cq_advance(&ring_, 1); }
    /// The kernel holds completions for which the queue had no room; enter() fetches them.
    bool overflowed() const { return (flags() & IORING_SQ_CQ_OVERFLOW) != 0; }
    /// There may be completions that enter() would show.
    bool has_news() const {
        return completions() != 0 || (flags() & (IORING_SQ_CQ_OVERFLOW | IORING_SQ_TASKRUN)) != 0;
    }

    io_uring& raw() { return ring_; }

private:
    UringRing() = default;
    unsigned flags() const { return __atomic_load_n(ring_.sq.kflags, __ATOMIC_RELAXED); }
    unsigned publish();
    int call(unsigned to_submit, unsigned least, unsigned flags, io_uring_getevents_arg* limit);

    io_uring ring_{};
    bool is_open_ = false;
    unsigned enter_flags_ = 0;
};

}  // namespace fivetuple

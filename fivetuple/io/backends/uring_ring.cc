#include "fivetuple/io/backends/uring_ring.h"

#include "fivetuple/os/clock.h"

#include <csignal>
#include <utility>

namespace fivetuple {

Result<UringRing> UringRing::open(unsigned entries) {
    UringRing opened;
    io_uring_params params{};
    // Completions are made only when this thread asks for them (DEFER_TASKRUN, since Linux 6.1):
    // without it a busy server pays a quarter more. A bad request must not hold up those behind it
    // (SUBMIT_ALL). The ring becomes its thread's when that first turns the loop (R_DISABLED).
    params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                   IORING_SETUP_R_DISABLED | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_TASKRUN_FLAG |
                   IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
    params.cq_entries = entries * 4;
    const int result = ::io_uring_queue_init_params(entries, &opened.ring_, &params);
    if (result < 0) return std::unexpected(Error::system(-result, "io_uring_setup"));
    opened.is_open_ = true;
    if ((params.features & IORING_FEAT_EXT_ARG) == 0 ||
        (params.features & IORING_FEAT_NODROP) == 0) {
        return std::unexpected(Error::unsupported("io_uring_setup", "this kernel's is too old"));
    }
    return opened;
}

UringRing::UringRing(UringRing&& other) noexcept
    : ring_(other.ring_),
      is_open_(std::exchange(other.is_open_, false)),
      enter_flags_(other.enter_flags_) {}

UringRing::~UringRing() {
    if (is_open_) ::io_uring_queue_exit(&ring_);
}

int UringRing::enable() {
    const int result = ::io_uring_register(static_cast<unsigned>(ring_.ring_fd),
                                           IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
    // Saves the kernel a look-up on each call; does without where it cannot be had.
    if (result == 0 && ::io_uring_register_ring_fd(&ring_) == 1) {
        enter_flags_ = IORING_ENTER_REGISTERED_RING;
    }
    return result;
}

// Shows the kernel the requests written so far; answers how many it has not taken yet.
unsigned UringRing::publish() {
    io_uring_sq& queue = ring_.sq;
    const unsigned mask = *queue.kring_mask;
    for (; queue.sqe_head != queue.sqe_tail; ++queue.sqe_head) {
        queue.array[queue.sqe_head & mask] = queue.sqe_head & mask;
    }
    __atomic_store_n(queue.ktail, queue.sqe_tail, __ATOMIC_RELEASE);
    return queue.sqe_tail - *queue.khead;
}

int UringRing::call(unsigned to_submit, unsigned least, unsigned flags,
                    io_uring_getevents_arg* limit) {
    return ::io_uring_enter2(static_cast<unsigned>(ring_.enter_ring_fd), to_submit, least,
                             flags | enter_flags_, reinterpret_cast<sigset_t*>(limit),
                             limit == nullptr ? _NSIG / 8 : sizeof *limit);
}

int UringRing::enter(bool may_sleep, Time now, Time until) {
    const unsigned to_submit = publish();
    if (!may_sleep || until == kNever) {
        return call(to_submit, may_sleep ? 1 : 0, IORING_ENTER_GETEVENTS, nullptr);
    }
    const timespec left = to_timespec(until <= now ? Duration::zero() : until - now);
    __kernel_timespec limit{left.tv_sec, left.tv_nsec};
    io_uring_getevents_arg argument{};
    argument.ts = reinterpret_cast<std::uint64_t>(&limit);
    return call(to_submit, 1, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &argument);
}

int UringRing::submit() { return call(publish(), 0, 0, nullptr); }

}  // namespace fivetuple

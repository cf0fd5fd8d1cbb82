#include "fivetuple/io/loop.h"

#include "fivetuple/base/assert.h"
#include "fivetuple/io/loop_count.h"
#include "fivetuple/io/turn_time.h"
#include "fivetuple/os/process.h"

#include <algorithm>
#include <utility>

namespace fivetuple {
namespace {

std::atomic<std::size_t> living = 0;

}  // namespace

std::size_t loop_count() { return living.load(std::memory_order_relaxed); }

Loop::Loop(std::unique_ptr<Backend> backend, BackendChoice choice)
    : backend_(std::move(backend)), choice_(std::move(choice)), owner_process_(process_mark()) {
    living++;
    backend_->report_to(ready_);
    if (const std::uint64_t seed = backend_->tie_seed(); seed != 0) timers_.draw_ties(seed);
    turn_began_ = backend_->now();
}

Loop::~Loop() {
    living--;
    if (owner_process_ != process_mark()) {
        // A copy in a fork()ed child. What it shares with its parent is not the child's to end.
        static_cast<void>(backend_.release());
        return;
    }
    // Whoever posted the job that ended us may still be about to wake us.
    while (posters_.load(std::memory_order_acquire) != 0) give_way();
    FT_ASSERT(backend_->open_sockets() == 0, "a stream or listener outlives its loop");
}

void Loop::check_owner() {
    FT_ASSERT(owner_process_ == process_mark(),
              "a loop was made before fork() and is used in the child; make a new one there");
    const std::uint64_t here = thread_mark();
    if (owner_thread_ == 0) owner_thread_ = here;
    FT_ASSERT(owner_thread_ == here, "a loop is turned by two threads; use post() from others");
}

void Loop::turn(Time until) {
    check_owner();
    // What runs now may be what somebody waits for, so there is no sleeping behind it.
    const bool may_sleep = ready_.empty();
    ready_.run_some();
    {
        const TurnTime told(turn_began_);
        backend_->wait(may_sleep ? std::min(until, timers_.next()) : Time());
    }
    turn_began_ = backend_->now();
    take_posts();
    timers_.fire(turn_began_, ready_);
    ready_.run_some();
}

void Loop::post(Job& job) {
    posters_.fetch_add(1, std::memory_order_relaxed);
    Job* newest = posted_.load(std::memory_order_relaxed);
    do {
        job.next = newest;
    } while (!posted_.compare_exchange_weak(newest, &job, std::memory_order_acq_rel));
    // Only the first since the loop last looked has to wake it: until it looks again, which is
    // after it has seen this wake-up, the list is not empty.
    if (newest == nullptr) backend_->wake();
    posters_.fetch_sub(1, std::memory_order_release);
}

void Loop::take_back(Job& job) {
    take_posts();
    ready_.remove(job);
}

void Loop::take_posts() {
    Job* newest = posted_.exchange(nullptr, std::memory_order_acq_rel);
    Job* oldest = nullptr;
    while (newest != nullptr) newest = std::exchange(newest->next, std::exchange(oldest, newest));
    while (oldest != nullptr) {
        Job* next = oldest->next;
        ready_.push(*oldest);
        oldest = next;
    }
}

}  // namespace fivetuple

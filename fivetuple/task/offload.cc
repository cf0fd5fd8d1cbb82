#include "fivetuple/task/offload.h"

#include "fivetuple/os/signals.h"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace fivetuple {
namespace {

// As many calls can block at once; more wait for their turn.
constexpr int kMostHelpers = 16;

class Helpers {
public:
    void hand_over(OffloadedWork& work) {
        const std::lock_guard locked(mutex_);
        work.next = nullptr;
        (first_ == nullptr ? first_ : last_->next) = &work;
        last_ = &work;
        waiting_++;
        if (waiting_ > idle_ && started_ < kMostHelpers) start_one();
        came_.notify_one();
    }

private:
    // Helpers are never joined: one may be in a call that does not return. They hold nothing that
    // has to be given back when the process ends.
    void start_one() {
        started_++;
        const SignalsHeldBack nothing_interrupts_it;
        std::thread([this] { work_for_ever(); }).detach();
    }

    void work_for_ever() {
        std::unique_lock locked(mutex_);
        while (true) {
            idle_++;
            came_.wait(locked, [this] { return first_ != nullptr; });
            idle_--;
            waiting_--;
            OffloadedWork& work = *std::exchange(first_, first_->next);
            locked.unlock();
            work.work(work);
            locked.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable came_;
    OffloadedWork* first_ = nullptr;
    OffloadedWork* last_ = nullptr;
    int waiting_ = 0;
    int idle_ = 0;
    int started_ = 0;
};

}  // namespace

void run_on_helper(OffloadedWork& work) {
    static auto* helpers = new Helpers;  // Outlives the threads, so it is never destroyed.
    helpers->hand_over(work);
}

}  // namespace fivetuple

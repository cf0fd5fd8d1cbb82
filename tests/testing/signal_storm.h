#pragma once

#include "fivetuple/os/process.h"
#include "fivetuple/os/signals.h"

#include <sys/time.h>

#include <atomic>
#include <csignal>
#include <thread>

namespace fivetuple::testing_help {

/// A signal every millisecond, whose handler lets no system call go on by itself.
class SignalStorm {
public:
    SignalStorm() {
        struct sigaction action{};
        action.sa_handler = [](int) { count_++; };
        ::sigaction(SIGALRM, &action, &before_);
        set_timer(1'000);
    }
    SignalStorm(const SignalStorm&) = delete;
    SignalStorm& operator=(const SignalStorm&) = delete;
    ~SignalStorm() {
        set_timer(0);
        ::sigaction(SIGALRM, &before_, nullptr);
    }
    static void await(int more) {
        const int until = count_ + more;
        while (count_ < until) give_way();
    }

private:
    static void set_timer(int microseconds) {
        const itimerval timer{{0, microseconds}, {0, microseconds}};
        ::setitimer(ITIMER_REAL, &timer, nullptr);
    }
    static inline std::atomic<int> count_ = 0;
    struct sigaction before_{};
};

/// A thread that works beside the test until its end, and that no storm reaches.
class Helper {
public:
    template <class Work>
    explicit Helper(Work work) {
        const SignalsHeldBack none_for_the_new_thread;
        thread_ = std::thread(work);
    }
    Helper(const Helper&) = delete;
    Helper& operator=(const Helper&) = delete;
    ~Helper() { thread_.join(); }

private:
    std::thread thread_;
};

}  // namespace fivetuple::testing_help

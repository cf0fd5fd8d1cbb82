#include "fivetuple/os/signals.h"

#include <pthread.h>
#include <sched.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <utility>

namespace fivetuple {
namespace {

struct Slot {
    std::atomic<SignalWatcher*> watcher = nullptr;
    std::array<std::atomic<bool>, NSIG> wants{};
};

constexpr int kMostWatchers = 64;
std::array<Slot, kMostWatchers> slots;
// How many handlers are at work: a watcher may go only when none can be holding on to it.
std::atomic<int> at_work = 0;

std::mutex changing;
std::array<bool, NSIG> is_caught{};

void tell_watchers(int number) {
    at_work.fetch_add(1, std::memory_order_seq_cst);
    for (Slot& slot : slots) {
        SignalWatcher* watcher = slot.watcher.load(std::memory_order_seq_cst);
        if (watcher == nullptr) continue;
        if (slot.wants[static_cast<std::size_t>(number)]) watcher->signal_came(number);
    }
    at_work.fetch_sub(1, std::memory_order_seq_cst);
}

int catch_signal(int number) {
    if (is_caught[static_cast<std::size_t>(number)]) return 0;
    struct sigaction action{};
    action.sa_handler = &tell_watchers;
    action.sa_flags = SA_RESTART;
    ::sigfillset(&action.sa_mask);
    if (::sigaction(number, &action, nullptr) != 0) return -errno;
    is_caught[static_cast<std::size_t>(number)] = true;
    return 0;
}

Slot* slot_of(SignalWatcher& watcher) {
    for (Slot& slot : slots) {
        if (slot.watcher == &watcher) return &slot;
    }
    for (Slot& slot : slots) {
        if (slot.watcher == nullptr) return &slot;
    }
    return nullptr;
}

}  // namespace

int watch_signal(int number, SignalWatcher& watcher) {
    if (number <= 0 || number >= NSIG) return -EINVAL;
    const std::lock_guard locked(changing);
    Slot* slot = slot_of(watcher);
    if (slot == nullptr) return -ENOSPC;
    slot->wants[static_cast<std::size_t>(number)] = true;
    slot->watcher = &watcher;
    return catch_signal(number);
}

void unwatch_signals(SignalWatcher& watcher) {
    {
        const std::lock_guard locked(changing);
        for (Slot& slot : slots) {
            if (slot.watcher != &watcher) continue;
            slot.watcher = nullptr;
            for (auto& wanted : slot.wants) wanted = false;
        }
    }
    while (at_work.load(std::memory_order_seq_cst) != 0) ::sched_yield();
}

void forget_signal_watchers() {
    for (Slot& slot : slots) {
        slot.watcher = nullptr;
        for (auto& wanted : slot.wants) wanted = false;
    }
    for (int number = 1; number < NSIG; ++number) {
        bool& caught = is_caught[static_cast<std::size_t>(number)];
        if (!std::exchange(caught, false)) continue;
        struct sigaction action{};
        action.sa_handler = SIG_DFL;
        ::sigaction(number, &action, nullptr);
    }
}

SignalsHeldBack::SignalsHeldBack() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
}

SignalsHeldBack::~SignalsHeldBack() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

}  // namespace fivetuple

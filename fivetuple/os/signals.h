#pragma once

#include <csignal>

namespace fivetuple {

/// Told, by number, that a signal has come; called inside the signal handler: only what
/// signal-safety(7) allows. Stays where it is while it watches.
class SignalWatcher {
public:
    SignalWatcher() = default;
    SignalWatcher(const SignalWatcher&) = delete;
    SignalWatcher& operator=(const SignalWatcher&) = delete;

    virtual void signal_came(int number) = 0;

protected:
    ~SignalWatcher() = default;
};

/// From now on each signal `number` is told to `watcher`, and does nothing else to the process: its
/// own action stays replaced, so that one which comes between two waits kills nobody. At most 64
/// watchers in a process. 0 or -errno: -EINVAL for a signal that cannot be caught, -ENOSPC.
/// sigaction(2)
int watch_signal(int number, SignalWatcher& watcher);

/// No signal is told to it any more; returns when no handler is using it.
void unwatch_signals(SignalWatcher& watcher);

/// For a fork()ed child: what its parent watches is the parent's. Each signal that was caught has
/// the system's own action again. To be called with signals held back, by the only thread.
void forget_signal_watchers();

/// Holds back all signals of this thread while it lives, and so of the threads it starts meanwhile.
class SignalsHeldBack {
public:
    SignalsHeldBack();
    SignalsHeldBack(const SignalsHeldBack&) = delete;
    SignalsHeldBack& operator=(const SignalsHeldBack&) = delete;
    ~SignalsHeldBack();

private:
    sigset_t before_;
};

}  // namespace fivetuple

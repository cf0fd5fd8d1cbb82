#pragma once

#include "fivetuple/os/signals.h"
#include "fivetuple/task/job_wait.h"

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <optional>

namespace fivetuple {

/// Signals of the process, received by a loop one after the other. While it lives none is lost, but
/// for repetitions of one that has not been received yet, as with the kernel's own.
///
///     Signals signals(loop, {SIGHUP, SIGTERM});
///     FT_CO_TRY(const int number, co_await signals.next());
class Signals final : private SignalWatcher, private Job {
public:
    Signals(Loop& loop, std::initializer_list<int> numbers);
    Signals(Loop& loop, const int* first, std::size_t count);
    ~Signals();

    class Next : public JobWait, public Awaits<Next> {
    public:
        explicit Next(Signals& of) : JobWait(kType), of_(of) {}
        bool start(Node& node, std::coroutine_handle<> sleeper);
        Result<int> finish();

    private:
        friend class Signals;
        static const Type kType;
        Signals& of_;
        int number_ = 0;
    };
    /// Result<int>: the number of the next signal; one task at a time.
    /// Errors: EINVAL for a number that cannot be caught; cancelled, deadline.
    Next next() { return Next(*this); }

private:
    void signal_came(int number) override;
    static void look(Job& job);
    // One that has come and not been received, or 0.
    int take();

    Loop& loop_;
    std::atomic<std::uint64_t> pending_ = 0;  // Bit n - 1 is signal n.
    std::atomic<bool> posted_ = false;
    int failure_ = 0;
    Next* waiter_ = nullptr;
};

/// What signal() gives.
class AwaitSignal : public Awaits<AwaitSignal> {
public:
    explicit AwaitSignal(std::initializer_list<int> numbers);
    bool start(Node& node, std::coroutine_handle<> sleeper);
    Result<int> finish();

private:
    static constexpr std::size_t kMost = 8;
    int numbers_[kMost] = {};
    std::size_t count_ = 0;
    std::optional<Signals> signals_;
    std::optional<Signals::Next> next_;
};

/// `co_await signal(SIGTERM)`: waits for the first of these signals from now on: Result<int>, its
/// number. The signal's own action stays replaced afterwards; to receive several in turn without
/// missing one in between, use Signals. Errors: as Signals::next().
inline AwaitSignal signal(int number) { return AwaitSignal({number}); }
inline AwaitSignal signal(int one, int other) { return AwaitSignal({one, other}); }

}  // namespace fivetuple

#pragma once

#include "fivetuple/base/heap.h"
#include "fivetuple/faults/faults.h"
#include "fivetuple/io/loop.h"
#include "fivetuple/sim/node.h"
#include "fivetuple/sim/stack/stack.h"
#include "fivetuple/task/run.h"

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

namespace fivetuple::sim {

class HostBackend;

struct HostOptions {
    /// Descriptors that one process may have at a time. getrlimit(2), RLIMIT_NOFILE
    std::size_t descriptors = 1024;
    /// Its clock goes so much faster than the world's; 1 is right.
    double clock_rate = 1;
    /// What the kernel's TCP does and allows, as its sysctls say: Linux's where nothing is said.
    tcp::Limits tcp = {};
    /// What its wall clock shows when the world begins, since 1970.
    Duration wall_clock = std::chrono::seconds(1'700'000'000);
    /// What a turn of a loop takes when more is to be done at once: a program that always has work
    /// lets time go on, as it does on a real machine. Without waiting work nothing takes time.
    Duration turn = std::chrono::microseconds(20);
};

/// A machine of a simulated world: addresses, a network stack, a clock, and programs, which are the
/// same code as anywhere else, on loops of this library.
class Host final : public Node, public HeapPlace {
public:
    Host(World& world, std::string name, std::vector<IpAddress> addresses,
         const HostOptions& options, std::size_t number);
    ~Host() override;

    /// The loop of the host's first process, which the world turns.
    Loop& loop();
    /// The same, or null where nothing has asked for it yet.
    Loop* first_loop() const { return loop_.get(); }
    /// A loop of another process, with descriptors of its own. The caller owns it and turns it,
    /// which makes the whole world go on while it waits.
    std::unique_ptr<Loop> open_loop(const LoopOptions& options = {});

    /// What goes wrong with the calls of the programs on loop(), and what has gone wrong: nothing,
    /// until it is told.
    Faults& faults();

    /// Starts a program on loop(). It runs while the world does; what it throws comes out of the
    /// world's run.
    void run(Task<void> program, std::source_location where = std::source_location::current());
    /// The same of `function(args...)`, whose arguments are copied into the task's frame.
    template <class F, class... Args>
        requires std::invocable<F, Args...>
    void run(F&& function, Args... args) {
        static_assert(kCarriesNothing<F>,
                      "what a coroutine lambda captures dangles: pass it as an argument");
        run(function(std::move(args)...), std::source_location());
    }
    /// Programs that have not ended.
    std::size_t running() const;
    /// Asks all programs to end; they do as the world goes on.
    void stop();

    /// Its own time: what its programs' loops go by.
    Time now() const;
    /// When the world's time is what the host's clock will call `host_time`.
    Time world_time(Time host_time) const;

    /// Its wall clock jumps, forth or back; only the times that arrivals are stamped with show it,
    /// since timers go by now(), which never does.
    void step_wall_clock(Duration by);

    /// Nothing runs on it and nothing is answered, as when a virtual machine is held; packets that
    /// come wait.
    void pause();
    void resume();
    bool is_paused() const { return is_paused_; }
    /// Power goes: nothing leaves any more, programs are gone, and what their peers sent is not
    /// answered until restart(). Programs are unwound as if they had been cancelled, without a
    /// network.
    void crash();
    /// The machine is there again, without programs and without memory of connections.
    void restart();
    bool is_down() const { return is_down_; }

    Stack& stack() { return *stack_; }
    const HostOptions& options() const { return options_; }

    // For the world.
    void arrive(Packet packet, Time now) override;
    std::size_t number() const { return number_; }
    Time wake_at() const { return wake_at_; }
    /// Of hosts that wake at one time, that of the lowest `tie` is first.
    std::uint64_t tie() const { return tie_; }
    void set_wake_at(Time at, std::uint64_t tie) {
        wake_at_ = at;
        tie_ = tie;
    }
    /// Does all that is to be done now, and says by World::wake() when there is more.
    void turn(Time now);
    // For its backends.
    /// Puts what the stack has to send onto cables.
    void flush();
    void wake_soon();
    void plan();
    /// For each loop another: they have chances of their own.
    std::string next_name() { return std::to_string(loops_++); }

private:
    friend class HostBackend;
    struct Program;

    void make_stack();
    void forget_ended();

    HostOptions options_;
    std::size_t number_;
    std::unique_ptr<Stack> stack_;
    std::unique_ptr<Loop> loop_;
    std::vector<HostBackend*> backends_;
    std::list<std::unique_ptr<Program>> programs_;
    std::vector<Packet> held_;  // Came while it was paused.
    Time wake_at_ = kNever;
    std::uint64_t tie_ = 0;
    Time busy_until_{};  // Of the world's time.
    bool is_paused_ = false;
    bool is_down_ = false;
    unsigned starts_ = 0;
    unsigned loops_ = 0;
};

}  // namespace fivetuple::sim

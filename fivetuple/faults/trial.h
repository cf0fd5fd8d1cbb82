#pragma once

#include "fivetuple/faults/faulty_backend.h"
#include "fivetuple/faults/isolated.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/wait.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

namespace fivetuple {

/// One run of a program under for_each_await(): what the program tells of its loops and of what
/// must hold, and the one disturbance of this run.
class Trial final : private BackendWatcher {
public:
    /// What is done to the program, once.
    enum class Aim : std::uint8_t {
        watch,     ///< Nothing.
        cancel,    ///< The program of an await is cancelled there.
        deadline,  ///< The innermost limit over an await runs out there.
        fail,      ///< A call suffers a fault.
    };
    struct Plan {
        Aim aim = Aim::watch;
        std::size_t number = 0;   ///< Of the await or call, from 1.
        std::size_t variant = 0;  ///< Which of the faults that the call can suffer.
    };

    Trial(const Plan& plan, Teller& teller);
    Trial(const Trial&) = delete;
    Trial& operator=(const Trial&) = delete;
    ~Trial();

    /// Counts the awaits and calls of what runs on this loop, which must be one that can be given
    /// faults: of a simulated host, or of open_loop(). Before anything runs on it.
    void watch(Loop& loop);
    /// A watched loop over the kernel. Ends the run where there is none.
    std::unique_ptr<Loop> open_loop(const LoopOptions& options = {});
    /// Runs a program on a watched loop to its end, and checks that nothing is left of it. One that
    /// does not end by itself in 5 s is a finding.
    void run(Loop& loop, Task<void> program,
             std::source_location where = std::source_location::current());

    /// What must hold whatever happens; said in words where it does not.
    void expect(bool holds, std::string_view what);
    /// Whether something has been done to the program: then it may fail, but must do so well.
    bool is_disturbed() const { return is_disturbed_; }

    /// Whether something will be, or has been: who would wait long for what does not come need not
    /// then.
    bool is_to_be_disturbed() const { return plan_.aim != Aim::watch; }

    // For for_each_await().
    /// To be called when the program has returned.
    void finish();
    void find(const std::string& what);

private:
    struct Watched;
    struct Sleeper {
        Node* node = nullptr;
        const Wait* wait = nullptr;
        Time since{};
        bool operator==(const Sleeper&) const = default;
    };

    void asked(FaultyBackend& backend, const Op& op) override;
    void told(FaultyBackend& backend) override;
    void waits(FaultyBackend& backend, Time& until) override;
    void woke(FaultyBackend& backend) override;
    void counts_sockets(const FaultyBackend& backend, std::size_t open) override;
    void ends(FaultyBackend& backend) override;

    Watched* watched(const FaultyBackend& backend);
    void look(Watched& at);
    void look_soon(Watched& at);
    void note_await(Watched& at, const Sleeper& sleeper);
    void strike();
    void check_timers(Watched& at, Time& until);
    std::optional<Fault> judge(CallKind call, std::span<const Fault> possible);
    void note_call(CallKind call, std::span<const Fault> possible);
    void disturb(const std::string& how);
    [[noreturn]] void give_up(Watched& at, const std::string& what);

    Plan plan_;
    Teller& teller_;
    std::vector<std::unique_ptr<Watched>> watched_;
    std::string last_place_;  // Of the Op that was asked for last.
    std::size_t awaits_ = 0;
    std::size_t calls_ = 0;
    bool is_disturbed_ = false;
    std::int64_t blocks_before_;
    std::size_t descriptors_before_;
    // The await that is to be struck, from when it was seen until the loop's next job.
    Watched* struck_at_ = nullptr;
    Sleeper struck_;
};

}  // namespace fivetuple

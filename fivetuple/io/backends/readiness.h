#pragma once

#include "fivetuple/io/backends/kernel_backend.h"
#include "fivetuple/io/backends/poller.h"
#include "fivetuple/io/backends/zero_copy_sends.h"
#include "fivetuple/io/descriptor_table.h"
#include "fivetuple/io/lease_pool.h"

#include <memory>
#include <vector>

namespace fivetuple {

/// Makes a completion backend of a Poller: try the call; if it would block, wait and try again.
/// Ready descriptors are served depth first: one Op is tried, finished and all that it causes run
/// before the next, so that a buffer and a frame just used are used again while they are warm.
class ReadinessBackend final : public KernelBackend, private LeaseSource {
public:
    ReadinessBackend(const LoopOptions& options, std::unique_ptr<Poller> poller, Fd wake_event);
    ~ReadinessBackend() override;

    /// Errors: those of the poller's opening; EMFILE.
    static Result<std::unique_ptr<Backend>> open(BackendKind kind, const LoopOptions& options);

    void submit(Op& op) override;
    void cancel(Op& op) override;
    void close(Handle socket) override;
    void wait(Time until) override;
    std::string_view name() const override { return poller_->name(); }
    BackendStats stats() const override { return stats_; }
    std::size_t open_sockets() const override { return table_.open_count(); }

    Result<Handle> adopt(Fd fd) override;
    bool is_open(Handle handle) override { return table_.find(handle) != nullptr; }
    bool wants_non_blocking() const override { return true; }

private:
    struct Entry {
        std::uint32_t generation = 0;
        bool open = false;
        bool readable = false;      // A receive or accept may find something.
        bool writable = true;       // A send may find room.
        bool reads_to_end = false;  // A short receive does not mean that nothing is left.
        bool urgent = false;        // The same, until the next receive that would block.
        bool put_off = false;       // Stands in put_off_.
        bool listens = false;
        std::uint8_t watched = 0;  // What the poller was told.
        JobQueue reads;            // Ops that wait to read, in their order.
        JobQueue writes;
        JobQueue polls;
        std::unique_ptr<ZeroCopySends> zero_copy;  // Of a socket that has sent so.
    };

    // What an attempt answers when a send_then_receive has sent all and now waits to read.
    static constexpr int kNowReads = INT32_MIN;
    // What it answers for -EAGAIN that is a result: no readiness is going to come.
    static constexpr int kTryLater = INT32_MIN + 1;
    // Ops tried on behalf of one event before the others get their turn.
    static constexpr int kAttemptsAtOnce = 32;

    void give_back(std::byte* buffer, std::uint32_t id) override;

    static bool moves_nothing(const Op& op);
    bool reads(const Op& op) const;
    JobQueue& queue_of(Entry& entry, const Op& op);
    void start(Entry& entry, Op& op);
    void park(Entry& entry, Op& op);
    int update_watch(Entry& entry, int fd);
    std::uint8_t wanted(const Entry& entry) const;

    int attempt(Entry& entry, Op& op);
    int attempt_accept(Entry& entry, Op& op);
    int attempt_connect(Entry& entry, Op& op);
    int attempt_receive(Entry& entry, Op& op);
    int attempt_lease(Entry& entry, Op& op);
    int attempt_send(Entry& entry, Op& op);
    int attempt_messages(Entry& entry, Op& op);
    int attempt_send_then_receive(Entry& entry, Op& op);
    int attempt_poll(Entry& entry, const Op& op);
    int attempt_transfer(Entry& entry, const Op& op);
    int attempt_zero_copy(Entry& entry, Op& op);
    int read_result(Entry& entry, int result, std::size_t asked);

    // Sends whose bytes the kernel has not let go of.
    bool may_zero_copy(Entry& entry, int fd);
    bool take_notes(Entry& entry, int fd);
    std::uint8_t look_at_notes(Entry& entry, int fd, std::uint8_t seen);
    void end_zero_copy(Entry& entry, int fd);

    void dispatch(const Poller::Event& event);
    void hand_back(Handle socket);
    void serve(Handle socket);
    void serve_side(Handle socket, bool reading);
    void serve_polls(Entry& entry);
    void put_off(Entry& entry, int fd);
    void serve_put_off();
    std::span<const Poller::Event> sleep(Time until);

    void finish_now(Op& op, int result);
    void finish_soon(Op& op, int result);
    void end_all(JobQueue& queue);
    void end_waiting(Op& op);

    std::unique_ptr<Poller> poller_;
    DescriptorTable<Entry> table_;
    LeasePool leases_;
    std::vector<Handle> put_off_;
    std::vector<Handle> being_served_;
    int attempts_left_ = kAttemptsAtOnce;
    int accepts_left_ = 1;
    BackendStats stats_;
};

}  // namespace fivetuple

#pragma once

#include "fivetuple/base/random.h"
#include "fivetuple/io/backend.h"
#include "fivetuple/io/choice.h"
#include "fivetuple/io/descriptor_table.h"
#include "fivetuple/io/lease_pool.h"
#include "fivetuple/sim/stack/socket.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace fivetuple::sim {

class Host;

/// A process of a simulated host, as loops see it: its descriptors, what it waits for, and the
/// host's time.
class HostBackend final : public Backend, private LeaseSource, private Sockets {
public:
    HostBackend(Host& host, const LoopOptions& options);
    ~HostBackend() override;

    void submit(Op& op) override;
    void cancel(Op& op) override;
    void close(Handle socket) override;
    void wait(Time until) override;
    void wake() override;
    Time now() const override;
    Sockets& sockets() override { return *this; }
    std::string_view name() const override { return "simulated"; }
    BackendStats stats() const override { return stats_; }
    std::size_t open_sockets() const override { return table_.open_count(); }
    std::uint64_t tie_seed() const override { return tie_seed_; }

    // For its host.
    /// Tries again what waits on sockets that have changed.
    void serve();
    /// When its loop wants to be turned next, by the host's clock.
    Time wake_at() const { return wake_at_; }
    bool has_work() { return !ready().empty() || woken_.load(std::memory_order_acquire); }
    /// Some are done whose order is still to be drawn: it wants a turn before time goes on.
    bool has_late() const { return !late_.empty(); }
    /// All that is under way ends, and no socket is left open: the process is gone.
    void kill();

private:
    // An open descriptor: its socket, and the Ops that wait for it.
    struct Open final : SocketWatcher {
        Open(HostBackend& whose, std::unique_ptr<StackSocket> what)
            : backend(whose), socket(std::move(what)) {}
        void changed(StackSocket&) override;

        HostBackend& backend;
        std::unique_ptr<StackSocket> socket;
        Handle handle;
        JobQueue reads;
        JobQueue writes;
        JobQueue polls;
        bool is_noted = false;
    };
    struct Entry {
        std::uint32_t generation = 0;
        bool open = false;
        std::unique_ptr<Open> file;
    };
    static constexpr std::int64_t kNowReads = INT64_MIN;

    // Sockets
    Result<Handle> open(Family family, SocketType type, int protocol) override;
    Result<Handle> adopt(Fd fd) override;
    Result<void> bind(Handle socket, const SocketAddress& at) override;
    Result<void> listen(Handle socket, int backlog) override;
    Result<void> shutdown(Handle socket, Shutdown how) override;
    Result<SocketAddress> local_address(Handle socket) override;
    Result<SocketAddress> peer_address(Handle socket) override;
    Result<void> set_option(Handle socket, int level, int number, Bytes value) override;
    Result<std::size_t> get_option(Handle socket, int level, int number,
                                   MutableBytes room) override;
    Result<std::optional<DatagramFailure>> take_failure(Handle socket) override;

    void give_back(std::byte* buffer, std::uint32_t id) override;

    Open* find(Handle handle);
    Result<Handle> add(std::unique_ptr<StackSocket> socket, const char* call);
    static bool reads(const Op& op);
    static JobQueue& queue_of(Open& file, const Op& op);
    std::int64_t attempt(Open& file, Op& op);
    std::int64_t attempt_accept(Open& file, Op& op);
    std::int64_t attempt_connect(Open& file, Op& op);
    std::int64_t attempt_lease(Open& file, Op& op);
    std::int64_t attempt_send_then_receive(Open& file, Op& op);
    std::int64_t attempt_messages(Open& file, Op& op);
    std::int64_t send(Open& file, Bytes bytes);
    std::int64_t receive(Open& file, MutableBytes into);
    void start(Open& file, Op& op);
    void serve(Handle socket);
    void serve_queue(Handle socket, JobQueue Open::* which);
    void finish(Op& op, std::int64_t result);
    void hand_over_late();
    void end_all(JobQueue& queue);
    void end_early(Op& op);

    Host& host_;
    DescriptorTable<Entry> table_;
    std::vector<int> free_;  // Numbers below the highest ever used: a heap, the lowest first.
    int used_ = 0;
    LeasePool leases_;
    Random ties_;
    std::uint64_t tie_seed_;
    std::vector<Op*> late_;  // Done, and behind what is ready now: in an order still to be drawn.
    std::vector<Handle> changed_;
    std::vector<Handle> being_served_;
    Time wake_at_ = kNever;
    std::atomic<bool> woken_ = false;
    BackendStats stats_;
};

}  // namespace fivetuple::sim

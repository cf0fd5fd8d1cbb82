#pragma once

#include "fivetuple/base/lease.h"
#include "fivetuple/faults/faults.h"
#include "fivetuple/io/backend.h"
#include "fivetuple/io/loop.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fivetuple {

class FaultyBackend;

/// Sees what goes through a FaultyBackend; to count what a program does, and to disturb it.
class BackendWatcher {
public:
    /// An Op is about to be handed on, or to suffer something.
    virtual void asked(FaultyBackend& backend, const Op& op) = 0;
    /// Somebody has been told that an Op is done, and has run.
    virtual void told(FaultyBackend& backend) = 0;
    /// The loop has nothing to do until `until`, which may be made sooner.
    virtual void waits(FaultyBackend& backend, Time& until) = 0;
    /// The wait is over; what has come is about to be looked at.
    virtual void woke(FaultyBackend& backend) = 0;
    /// Somebody asks how many sockets are open: the loop does when it ends.
    virtual void counts_sockets(const FaultyBackend& backend, std::size_t open) = 0;
    /// The backend ends, and watches no more.
    virtual void ends(FaultyBackend& backend) = 0;

protected:
    ~BackendWatcher() = default;
};

/// Any backend, the kernel's or a simulated one, whose calls go wrong when and as faults() says.
/// All that it does a right program must bear; without rules and watcher it costs one call more an
/// Op.
class FaultyBackend final : public Backend, private Sockets, private LeaseSource {
public:
    explicit FaultyBackend(std::unique_ptr<Backend> under);
    ~FaultyBackend() override;

    Faults& faults() { return faults_; }
    /// The backend that does the work.
    Backend& under() { return *under_; }
    /// From now on; null for nobody.
    void watch(BackendWatcher* watcher) { watcher_ = watcher; }
    /// All that is late comes now, and a cancel that was to be late or to lose is heard at once:
    /// for who ends what runs here without letting time go on.
    void calm();
    /// Of the Ops that were asked while there was a rule or a watcher: those not done yet.
    std::size_t under_way() const { return carried_by_op_.size(); }
    /// Buffers that were handed out meanwhile and have not come back.
    std::size_t leases_out() const { return loans_.size() - free_loans_.size(); }
    /// Whether the loop has something to run.
    bool has_ready() { return !ready().empty(); }

    void submit(Op& op) override;
    void cancel(Op& op) override;
    void close(Handle socket) override;
    void wait(Time until) override;
    bool stop_accepting(Handle listener) override { return under_->stop_accepting(listener); }
    void wake() override { under_->wake(); }
    Time now() const override { return under_->now(); }
    std::uint64_t tie_seed() const override { return under_->tie_seed(); }
    Sockets& sockets() override { return *this; }
    std::string_view name() const override { return under_->name(); }
    BackendStats stats() const override { return under_->stats(); }
    std::size_t open_sockets() const override;

private:
    /// How far an Op has come that is carried through.
    enum class Stage : std::uint8_t { waits_to_start, under_way, is_held, is_told };
    struct Carried;
    struct LentBuffer {
        LeaseSource* source;  // Null where the buffer is ours.
        std::uint32_t id;
    };

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
    std::optional<Error> failure_of(CallKind call, const char* name);

    void give_back(std::byte* buffer, std::uint32_t id) override;

    Backend& connected();
    Carried& take(Op& op);
    void begin(Carried& carried);
    void start(Carried& carried);
    void tell_soon(Carried& carried, int result);
    void tell(Carried& carried);
    void hand_over_lease(Carried& carried, Op& op);
    void hold(Carried& carried, Stage stage, Duration time);
    void done(Carried& carried);
    bool begins_again(Carried& carried);
    bool is_to_be_held(const Carried& carried) const;
    void let_go_reordered();
    void end_early(Carried& carried);
    void go_on_with_due();
    Time next_due() const;
    Time disturbed(Time until);

    Faults faults_;
    BackendWatcher* watcher_ = nullptr;
    std::vector<std::unique_ptr<Carried>> all_;
    std::vector<Carried*> free_;
    std::vector<Carried*> timed_;  // Those with a time to come, in the order in which they got it.
    std::unordered_map<const Op*, Carried*> carried_by_op_;
    std::vector<LentBuffer> loans_;
    std::vector<std::uint32_t> free_loans_;
    bool is_connected_ = false;
    std::unique_ptr<Backend> under_;  // Ends first: it may hold on to what is carried.
};

/// A loop over the kernel, as Loop::open() chooses it, whose calls can be given faults.
/// Errors: as Loop::open().
Result<std::unique_ptr<Loop>> open_faulty_loop(const LoopOptions& options = {});
/// The backend of a loop, where it is one that can be given faults; else null.
FaultyBackend* faulty_backend(Loop& loop);

}  // namespace fivetuple

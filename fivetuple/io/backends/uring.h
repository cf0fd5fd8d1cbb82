#pragma once

#include "fivetuple/io/backends/kernel_backend.h"
#include "fivetuple/io/backends/uring_buffers.h"
#include "fivetuple/io/backends/uring_ring.h"
#include "fivetuple/io/backends/zero_copy_sends.h"
#include "fivetuple/io/descriptor_table.h"
#include "fivetuple/io/lease_pool.h"

#include <sys/socket.h>

#include <memory>
#include <vector>

namespace fivetuple {

/// The backend over io_uring. Requests of one turn go to the kernel in one call, which also sleeps.
/// Behind each listener stands a multishot accept, behind each stream that leases a multishot
/// receive over the lent buffers; what they bring before it is asked for is kept, within bounds.
///
/// A descriptor is closed only when the kernel holds no request of it. A request's memory is the
/// kernel's until that request's own completion.
class UringBackend final : public KernelBackend, private LeaseSource {
public:
    UringBackend(const LoopOptions& options, UringRing ring, Fd wake_event);
    ~UringBackend() override;

    /// Errors: as UringRing::open(), and those of registering buffers.
    static Result<std::unique_ptr<Backend>> open(const LoopOptions& options);

    void submit(Op& op) override;
    void cancel(Op& op) override;
    void close(Handle socket) override;
    bool stop_accepting(Handle listener) override;
    void wait(Time until) override;
    std::string_view name() const override { return "io_uring"; }
    BackendStats stats() const override { return stats_; }
    std::size_t open_sockets() const override { return open_sockets_; }

    Result<Handle> adopt(Fd fd) override;
    bool is_open(Handle handle) override { return table_.find(handle) != nullptr; }
    bool wants_non_blocking() const override { return false; }

private:
    /// How it stands with the multishot request behind a stream or listener.
    enum class Multishot : std::uint8_t { idle, armed, ending };

    struct Entry {
        std::uint32_t generation = 0;
        bool open = false;
        bool closing = false;  // Closed by its owner; the kernel has not let go yet.
        bool listens = false;
        bool stopped = false;          // Takes no more connections off the kernel's queue.
        bool looks_once_more = false;  // But those that only it may have been told of.
        bool ended = false;            // The peer's end of stream has been seen.
        std::uint8_t lost = 0;         // Connections in a row that broke before they were accepted.
        ZeroCopyHabit zero_copy;
        Multishot multishot = Multishot::idle;
        std::uint16_t in_flight = 0;  // Requests that will still complete.
        std::uint16_t ahead = 0;      // Buffers received before they were asked for:
        std::uint16_t first_ahead = UringBuffers::kNone;
        std::uint16_t last_ahead = UringBuffers::kNone;
        std::int32_t failure = 0;  // A -errno that the next receive will be told.
        JobQueue waiting;          // Accepts; or receives served by the multishot.
        std::unique_ptr<std::vector<int>> accepted_ahead;
    };

    // What a completion is about: the low three bits of its user_data.
    enum class Tag : std::uint8_t {
        op,
        quiet_send,
        resent,
        receive,
        accept,
        readable,
        zero_copy,
        own
    };
    // Of the requests on nobody's behalf.
    static constexpr std::uint64_t kIgnored = static_cast<std::uint64_t>(Tag::own);
    static constexpr std::uint64_t kWake = kIgnored | 8;

    // How far a send_then_receive has come. Its send is submitted so that success is silent: it is
    // done when the kernel has taken it and no completion says otherwise.
    enum Phase : std::uint8_t {
        kQuietSend,
        kSent,
        kSendFailed,
        kResending,
        kGivenUp,
        kGivenUpQuietly,
    };

    // Of a kind that is_tried(): its request only waits until it is worth trying.
    static constexpr std::uint8_t kAwaited = 1;

    static constexpr std::uint16_t kMostAhead = 4;
    static constexpr std::size_t kMostAccepted = 64;
    static constexpr std::uint8_t kMostLost = 16;
    // System calls that move bytes, tried at once in a turn before the others get theirs.
    static constexpr int kTriedAtOnce = 16;

    static std::uint64_t tagged(const Op& op, Tag tag);
    static std::uint64_t tagged(int fd, std::uint32_t generation, Tag tag);
    static std::uint64_t tagged(const LoanBlock& block);
    static Op& op_of(std::uint64_t user_data);

    void give_back(std::byte* buffer, std::uint32_t id) override;

    // Requests to the kernel.
    io_uring_sqe& request();
    io_uring_sqe& request_of(Entry& entry);
    void connect(Op& op, Entry& entry);
    void poll(Op& op, Entry& entry);
    void receive(Op& op, Entry& entry);
    void send(Op& op, Entry& entry);
    void send_gathered(Op& op, Entry& entry);
    void move_messages(Op& op, Entry& entry);
    int move_messages_now(Op& op);
    void try_transfer(Op& op, Entry& entry);
    bool stands_behind_multishot(Op& op, Entry& entry);
    void splice_in(Op& op, Entry& entry);
    static int transfer_now(const Op& op);
    static int splice_ahead(Bytes unread, const Op& op);
    static std::size_t copy_ahead(Bytes unread, Op& op);
    void await_room_or_news(Op& op, Entry& entry);
    void send_zero_copy(Op& op, Entry& entry);
    void send_quietly(Op& op, Entry& entry);
    void resend(Op& op, Entry& entry);
    void arm_receive(Entry& entry, int fd);
    void arm_accept(Entry& entry, int fd);
    void cancel_request(std::uint64_t user_data);
    void enable();
    void arm_wake();
    bool enter(bool may_sleep, Time until);
    void sleep(Time until);
    bool spin_until(Time until);
    void look_at_quiet_sends();
    bool settle(Op& op);

    // Serving those that wait from what has come.
    static bool is_sent(const Op& op) {
        return op.kind != OpKind::send_then_receive || op.phase == kSent;
    }
    bool has_news(const Entry& entry) const;
    void deliver(Entry& entry, Op& op);
    void deliver_buffer(Entry& entry, Op& op);
    void serve(Handle socket);
    void serve_blocked();
    void bound_ahead(Entry& entry, Handle socket);
    void submit_read(Op& op, Entry& entry);
    void submit_accept(Op& op, Entry& entry);
    void accept_again(Entry& entry, int fd);
    void end_accept(Entry& entry, Handle listener);

    // Completions.
    void handle(const io_uring_cqe& completion);
    void op_done(Op& op, int result);
    void tried_done(Op& op, int result, bool is_open);
    void zero_copy_done(LoanBlock& block, int result, std::uint32_t flags);
    void zero_copy_sent(LoanBlock& block, int result);
    void zero_copy_over(LoanBlock& block);
    void forsake_loans(Handle socket);
    void quiet_send_failed(Op& op, int result);
    void resent(Op& op, int result);
    void received(Handle socket, int result, std::uint32_t flags);
    void accepted(Handle socket, int result, std::uint32_t flags);
    void became_readable(Handle socket, int result);

    /// One request of the entry is over; false where that let its descriptor go.
    bool one_over(Entry& entry, int fd);
    void handle_all();
    void keep_ahead(Entry& entry, std::uint16_t buffer);
    void keep_accepted(Entry& entry, Handle listener, int fd);
    bool end_send_then_receive(Entry& entry, Op& op);
    void end_waiting(Entry& entry);
    void drop_ahead(Entry& entry);
    void let_go(int fd);
    void free_address(const Entry& entry, int fd);
    bool is_accepting(const Entry& entry, int fd);
    void finish_now(Op& op, int result);
    void finish_soon(Op& op, int result);

    UringBuffers buffers_;
    LeasePool pool_;  // For receives that found no lent buffer.
    UringRing ring_;
    DescriptorTable<Entry> table_;
    std::vector<Handle>
        blocked_;  // Data has come, but the answer before it is not known to be sent.
    std::vector<Handle> being_served_;
    std::vector<std::unique_ptr<msghdr>> messages_;  // For gathered sends; the kernel reads one
    std::size_t messages_used_ = 0;                  // when it takes the request, not later.
    std::vector<Op*> quiet_sends_;      // Of which it is not known yet whether they failed.
    std::size_t given_up_quietly_ = 0;  // How many of these were cancelled.
    List<LoanBlock> lent_;              // What the kernel may be sending from.
    int tries_left_ = kTriedAtOnce;
    std::size_t open_sockets_ = 0;
    std::size_t in_flight_ = 0;
    bool is_enabled_ = false;
    BackendStats stats_;
};

}  // namespace fivetuple

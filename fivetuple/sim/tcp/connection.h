#pragma once

#include "fivetuple/base/fifo.h"
#include "fivetuple/base/random.h"
#include "fivetuple/base/result.h"
#include "fivetuple/base/time.h"
#include "fivetuple/os/five_tuple.h"
#include "fivetuple/os/tcp_info.h"
#include "fivetuple/sim/tcp/handshake.h"
#include "fivetuple/sim/tcp/limits.h"
#include "fivetuple/sim/tcp/receiver.h"
#include "fivetuple/sim/tcp/segment.h"
#include "fivetuple/sim/tcp/sender.h"
#include "fivetuple/sim/tcp/settings.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace fivetuple::sim::tcp {

/// One connection of TCP, whole: segments, calls of a program and the time go in; segments, what a
/// program may do now, and the next deadline come out. It does no I/O and has no clock. After each
/// call its output() is to be taken until there is none. RFC 9293
class Connection {
public:
    /// `mtu` is the interface's. `limits` must live as long as the connection.
    Connection(const Limits& limits, const Settings& settings, const FiveTuple& tuple,
               std::uint16_t mtu, TimestampClock clock);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // Beginnings.
    /// Sends a SYN with that sequence. With an (even empty) cookie it is a fast open one, and takes
    /// with it what has been written if the cookie has bytes. RFC 7413
    void connect(Sequence initial, Time now,
                 const std::optional<FastOpenCookie>& cookie = std::nullopt);
    /// The same with the first send(), whose bytes go with the SYN. TCP_FASTOPEN_CONNECT
    void connect_with_data(Sequence initial, const FastOpenCookie& cookie);
    /// A listener's: the peer's SYN was answered as the handshake says; its acknowledgement is the
    /// next that input() gets.
    void accept(const Handshake& agreed, Time now);
    /// A listener's, by fast open: the SYN's bytes are taken before the handshake is done, and the
    /// answer is sent from here.
    void accept_early(const Handshake& agreed, const Segment& syn,
                      const std::optional<FastOpenCookie>& cookie, Time now);

    // The network's side.
    void input(Segment segment, Time now);
    std::optional<Segment> output();
    /// When advance() has something to do; kNever where only a segment or a call changes things.
    Time next_deadline() const;
    void advance(Time now);
    /// ICMP said that the peer cannot be reached. Errors of `code` end a connection that is being
    /// made; a made one remembers it as the reason why it timed out. RFC 1122, 4.2.3.9
    void unreachable(int code, Time now);
    /// ICMP said that packets of more than `mtu` bytes do not pass. RFC 1191
    void packet_too_big(std::uint16_t mtu, Time now);

    // The program's side.
    /// Takes what there is room for. `more` holds a segment's rest back, `urgent` marks the last
    /// byte. Errors: EAGAIN, EPIPE, ENOTCONN, and once what ended the connection. send(2)
    Result<std::size_t> send(Bytes bytes, Time now, bool more = false, bool urgent = false);
    /// 0 is the end of the stream. Errors: EAGAIN, ENOTCONN, and once what ended the connection.
    Result<std::size_t> receive(MutableBytes to, Time now, bool peek = false);
    /// The urgent byte, with `MSG_OOB`. Errors: EAGAIN where it is announced and has not come,
    /// EINVAL where there is none. tcp(7)
    Result<std::byte> receive_urgent(bool peek = false);
    /// Errors: ENOTCONN. shutdown(2)
    Result<> shutdown_write(Time now);
    Result<> shutdown_read();
    /// The program has no more to do with it: it ends by itself, with a FIN, or with a reset where
    /// bytes were not read or `linger` is zero. close(2)
    void close(Time now);
    /// Ends at once, with a reset where the peer must know.
    void abort(Time now);

    /// A change counts from the next call on; apply() makes one count that something waits for.
    Settings& settings() { return settings_; }
    void apply(Time now);
    /// TCP_QUICKACK
    void set_quick_ack(bool quick, Time now);

    TcpState state() const { return state_; }
    const FiveTuple& tuple() const { return tuple_; }
    bool is_established() const;
    /// Nothing more will come of it: no deadline, no answers.
    bool is_over() const { return state_ == TcpState::closed; }
    bool is_orphan() const { return is_orphan_; }
    /// What a program that waits can do now; each answers at once, perhaps with an error. poll(2)
    bool is_readable() const;
    bool is_writable() const;
    bool has_urgent() const { return receiver_.urgent() == Receiver::Urgent::here; }
    /// POLLRDHUP, POLLHUP and POLLERR.
    bool is_read_closed() const { return fin_received_ || read_shut_; }
    bool is_hung_up() const { return is_over() || (write_shut_ && is_read_closed()); }
    bool has_error() const { return error_ != 0; }
    /// The errno that ended it, once; 0 where there is none. SO_ERROR
    int take_error();
    std::size_t readable_bytes() const { return receiver_.readable(); }          ///< FIONREAD
    std::size_t unacknowledged_bytes() const { return sender_.queued_bytes(); }  ///< SIOCOUTQ
    bool is_at_mark() const { return receiver_.is_at_mark(); }                   ///< SIOCATMARK
    std::uint16_t segment_bytes() const {
        return static_cast<std::uint16_t>(sender_.segment_bytes());
    }
    bool is_made_by_fast_open() const { return is_fast_open_; }
    /// Its handshake begins with the first bytes that are sent.
    bool waits_for_bytes() const { return is_deferred_; }
    /// A cookie that the peer's SYN brought, to be kept for the next time.
    const std::optional<FastOpenCookie>& fresh_cookie() const { return fresh_cookie_; }
    TcpInfo info(Time now) const;

    /// In TIME_WAIT: whether that SYN may begin a new connection in its place, and from where on
    /// its sequence is safe. RFC 6191
    bool gives_way_to(const Segment& syn) const;
    Sequence sequence_beyond() const { return sender_.next_sequence() + 65537; }
    Time time_wait_since() const { return time_wait_since_; }
    bool has_timestamps() const { return agreed_.has_timestamps; }
    TimestampClock clock() const { return agreed_.clock; }

private:
    // connection_input.cc: what a segment does.
    void input_syn_sent(const Segment& segment, Time now);
    void input_synchronized(Segment segment, Time now);
    void input_time_wait(const Segment& segment, Time now);
    void become_established(const Segment& answer, Time now);
    bool passes_checks(Segment& segment, Time now);
    bool passes_timestamps(const Segment& segment, Time now);
    bool passes_reset(const Segment& segment, Time now);
    void note_timestamp(const Segment& segment, Time now);
    void trim(Segment& segment);
    bool take_acknowledgement(const Segment& segment, Time now);
    void after_acknowledgement(Time now);
    bool leave_handshake(const Segment& segment, Time now);
    void take_data(Segment& segment, Time now);
    void take_fin(Time now);
    void answer_out_of_window(const Segment& segment, Time now);

    // connection_output.cc: what goes out.
    void flush(Time now);
    Segment make(Sequence at, Flags flags, Time now);
    void emit(const Outgoing& out, Time now);
    void send_syn(Time now);
    void send_syn_answer(Time now);
    void send_ack(Time now);
    void send_challenge(Time now);
    void send_reset(Sequence at, bool with_ack, Time now);
    std::size_t block_option_bytes() const;
    std::uint32_t payload_limit() const;

    // connection_timers.cc
    void handshake_timed_out(Time now);
    void keepalive_due(Time now);
    void arm_keepalive(Time now);
    void give_up(Time now);

    // connection.cc
    void start_halves(Time now);
    void enter_time_wait(Time now);
    void finish_write(Time now);
    void settle_state();
    void end_with(int error);
    void over();
    bool may_send() const;
    bool read_is_over() const { return is_orphan_ || (read_shut_ && write_shut_); }

    const Limits* limits_;
    Settings settings_;
    FiveTuple tuple_;
    std::uint16_t mtu_;
    TcpState state_ = TcpState::closed;
    Handshake agreed_;
    Sender sender_;
    Receiver receiver_;
    Fifo<Segment> outbox_;

    bool was_opened_ = false;
    bool is_orphan_ = false;
    bool write_shut_ = false;
    bool read_shut_ = false;
    bool fin_received_ = false;
    bool is_fast_open_ = false;
    bool is_deferred_ = false;  // The SYN waits for bytes.
    std::optional<Sequence> fin_at_;
    int error_ = 0;
    int soft_error_ = 0;

    // The SYN, or its answer, until it is acknowledged.
    Time handshake_at_ = kNever;
    Duration syn_timeout_{};
    unsigned syn_repeats_ = 0;
    std::optional<FastOpenCookie> cookie_;
    std::optional<FastOpenCookie> fresh_cookie_;
    std::uint32_t syn_bytes_ = 0;
    FastOpenFailure fast_open_failure_{};
    bool syn_bytes_taken_ = false;

    Time keepalive_at_ = kNever;
    unsigned keepalive_probes_ = 0;
    Time final_at_ = kNever;  // Of FIN_WAIT_2 and TIME_WAIT.
    Time time_wait_since_{};
    Time last_heard_{};
    Time timestamp_at_{};
    std::optional<Time> last_invalid_;
    std::uint32_t segments_in_ = 0;
    std::uint32_t segments_out_ = 0;
};

}  // namespace fivetuple::sim::tcp

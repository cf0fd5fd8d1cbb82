#include "fivetuple/sim/tcp/connection.h"

#include "fivetuple/base/assert.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace fivetuple::sim::tcp {

namespace {

std::unexpected<Error> failed(int code, const char* call) {
    return std::unexpected(Error::system(code, call));
}

}  // namespace

Connection::Connection(const Limits& limits, const Settings& settings, const FiveTuple& tuple,
                       std::uint16_t mtu, TimestampClock clock)
    : limits_(&limits),
      settings_(settings),
      tuple_(tuple),
      mtu_(mtu),
      sender_(limits, settings_),
      receiver_(limits, settings_) {
    agreed_.clock = clock;
}

void Connection::connect(Sequence initial, Time now, const std::optional<FastOpenCookie>& cookie) {
    FT_ASSERT(state_ == TcpState::closed && !was_opened_, "a connection is opened once");
    was_opened_ = true;
    state_ = TcpState::syn_sent;
    agreed_.ours = initial;
    agreed_.our_segment = static_cast<std::uint16_t>(payload_limit());
    agreed_.has_scale = limits_->window_scaling;
    agreed_.our_scale = limits_->window_scaling ? receiver_.wanted_scale() : 0;
    agreed_.has_sack = limits_->sack;
    agreed_.has_timestamps = limits_->timestamps;
    agreed_.has_ecn = limits_->ecn == Limits::UseEcn::ask_and_agree;
    cookie_ = cookie;
    syn_timeout_ = limits_->initial_timeout;
    last_heard_ = now;
    send_syn(now);
}

void Connection::connect_with_data(Sequence initial, const FastOpenCookie& cookie) {
    FT_ASSERT(state_ == TcpState::closed && !was_opened_, "a connection is opened once");
    was_opened_ = true;
    state_ = TcpState::syn_sent;
    is_deferred_ = true;
    agreed_.ours = initial;
    cookie_ = cookie;
}

void Connection::accept(const Handshake& agreed, Time now) {
    FT_ASSERT(state_ == TcpState::closed && !was_opened_, "a connection is opened once");
    was_opened_ = true;
    state_ = TcpState::syn_received;
    agreed_ = agreed;
    last_heard_ = now;
    start_halves(now);
    // What comes next may not be what was expected; then the answer goes again.
    syn_timeout_ = limits_->initial_timeout;
    handshake_at_ = now + syn_timeout_;
}

void Connection::accept_early(const Handshake& agreed, const Segment& syn,
                              const std::optional<FastOpenCookie>& cookie, Time now) {
    accept(agreed, now);
    is_fast_open_ = true;
    cookie_ = cookie;
    syn_timeout_ = limits_->initial_timeout;
    if (!syn.payload.empty()) {
        receiver_.take(syn.sequence + 1, PoolBytes::copy_of(syn.payload), sender_.timeout(), now);
        syn_bytes_taken_ = true;
    }
    send_syn_answer(now);
    if (syn.flags.fin) {
        take_fin(now);
        flush(now);
    }
}

// Both halves begin behind the SYNs.
void Connection::start_halves(Time now) {
    SendTerms send;
    send.first = agreed_.ours + 1;
    send.window_scale = agreed_.their_scale;
    send.window = agreed_.their_window;
    send.window_said_at = agreed_.theirs;
    send.sack = agreed_.has_sack;
    send.timestamps = agreed_.has_timestamps;
    send.ecn = agreed_.has_ecn;
    send.clock = agreed_.clock;
    const std::uint32_t options = agreed_.has_timestamps ? 12 : 0;
    const std::uint32_t whole = std::min<std::uint32_t>(agreed_.their_segment, payload_limit());
    send.segment_bytes = std::max(whole, options + 8) - options;
    sender_.start(send, now);
    ReceiveTerms receive;
    receive.first = agreed_.theirs + 1;
    receive.segment_bytes = agreed_.our_segment - options;
    receive.window_scale = agreed_.our_scale;
    receive.window = receiver_.first_window(agreed_.our_segment);
    receive.sack = agreed_.has_sack;
    receive.ecn = agreed_.has_ecn;
    receiver_.start(receive, now);
    timestamp_at_ = now;
}

std::optional<Segment> Connection::output() {
    if (outbox_.empty()) return std::nullopt;
    ++segments_out_;
    return outbox_.take_front();
}

bool Connection::is_established() const {
    return state_ != TcpState::closed && state_ != TcpState::syn_sent &&
           state_ != TcpState::syn_received;
}

bool Connection::may_send() const {
    return state_ == TcpState::established || state_ == TcpState::close_wait ||
           (state_ == TcpState::syn_received && is_fast_open_);
}

bool Connection::is_readable() const {
    return receiver_.is_readable() || fin_received_ || read_shut_ || error_ != 0 || is_over();
}

bool Connection::is_writable() const {
    if (is_over() || write_shut_ || error_ != 0) return true;
    return is_deferred_ || (may_send() && sender_.is_writable());
}

int Connection::take_error() { return std::exchange(error_, 0); }

Result<std::size_t> Connection::send(Bytes bytes, Time now, bool more, bool urgent) {
    if (error_ != 0) return failed(take_error(), "send");
    if (write_shut_ || is_over()) return failed(EPIPE, "send");
    const bool is_early = state_ == TcpState::syn_sent || state_ == TcpState::syn_received;
    if (is_deferred_) {
        const std::size_t early = sender_.write(bytes, more);
        is_deferred_ = was_opened_ = false;
        state_ = TcpState::closed;
        connect(agreed_.ours, now, cookie_);
        return early;
    }
    if (is_early && !may_send()) return failed(EAGAIN, "send");
    if (!may_send()) return failed(EPIPE, "send");
    if (bytes.empty()) return 0;
    const std::size_t taken = sender_.write(bytes, more);
    if (taken == 0) return failed(EAGAIN, "send");
    if (urgent && taken == bytes.size()) sender_.mark_urgent();
    flush(now);
    return taken;
}

Result<std::size_t> Connection::receive(MutableBytes to, Time now, bool peek) {
    const std::size_t count = to.empty() ? 0 : receiver_.read(to, peek, now);
    if (count > 0) {
        if (!peek) {
            receiver_.was_read(count);
            if (receiver_.wants_ack_now() && is_established()) flush(now);
        }
        return count;
    }
    if (fin_received_) return 0;
    if (error_ != 0) return failed(take_error(), "recv");
    if (read_shut_) return 0;
    if (is_over()) {
        if (was_opened_) return 0;
        return failed(ENOTCONN, "recv");
    }
    return failed(EAGAIN, "recv");
}

Result<std::byte> Connection::receive_urgent(bool peek) {
    if (settings_.urgent_inline) return failed(EINVAL, "recv");
    switch (receiver_.urgent()) {
        case Receiver::Urgent::none:
        case Receiver::Urgent::taken:
            return failed(EINVAL, "recv");
        case Receiver::Urgent::coming:
            return failed(EAGAIN, "recv");
        case Receiver::Urgent::here:
            break;
    }
    if (!peek) receiver_.urgent_taken();
    return receiver_.urgent_byte();
}

// The FIN follows what was written; the state says so at once.
void Connection::finish_write(Time now) {
    if (write_shut_) return;
    write_shut_ = true;
    sender_.finish();
    if (state_ != TcpState::syn_received) settle_state();
    flush(now);
}

// The state that follows from which of both directions have been finished.
void Connection::settle_state() {
    if (fin_received_) {
        state_ = write_shut_ ? TcpState::last_ack : TcpState::close_wait;
    } else {
        state_ = write_shut_ ? TcpState::fin_wait_1 : TcpState::established;
    }
}

Result<> Connection::shutdown_write(Time now) {
    if (is_over()) return failed(ENOTCONN, "shutdown");
    if (state_ == TcpState::syn_sent) {
        abort(now);
    } else {
        finish_write(now);
    }
    return {};
}

Result<> Connection::shutdown_read() {
    if (is_over()) return failed(ENOTCONN, "shutdown");
    read_shut_ = true;
    return {};
}

void Connection::close(Time now) {
    if (is_orphan_) return;
    is_orphan_ = true;
    sender_.set_orphan();
    if (is_over()) return;
    const bool resets = settings_.linger && *settings_.linger == Duration::zero();
    if (state_ == TcpState::syn_sent) {
        over();
    } else if (receiver_.has_unread() || resets) {
        abort(now);
    } else if (state_ == TcpState::fin_wait_2) {
        final_at_ = after(now, settings_.fin_wait.value_or(limits_->fin_wait));
    } else {
        finish_write(now);
    }
    receiver_.purge();
}

void Connection::abort(Time now) {
    const bool says_so = state_ == TcpState::established || state_ == TcpState::close_wait ||
                         state_ == TcpState::fin_wait_1 || state_ == TcpState::fin_wait_2 ||
                         state_ == TcpState::syn_received ||
                         ((state_ == TcpState::closing || state_ == TcpState::last_ack) &&
                          sender_.has_outstanding());
    if (says_so) send_reset(sender_.next_sequence(), true, now);
    over();
}

void Connection::apply(Time now) {
    if (!is_established()) return;
    if (settings_.no_delay) sender_.push();
    arm_keepalive(now);
    flush(now);
}

void Connection::set_quick_ack(bool quick, Time now) {
    receiver_.set_quick_ack(quick);
    if (is_established()) flush(now);
}

void Connection::enter_time_wait(Time now) {
    state_ = TcpState::time_wait;
    write_shut_ = true;
    sender_.purge();
    final_at_ = after(now, limits_->time_wait);
    time_wait_since_ = now;
    keepalive_at_ = handshake_at_ = kNever;
}

// As tcp_reset() has it: the error is told once, and nothing of what was to be sent will be.
void Connection::end_with(int error) {
    error_ = error;
    over();
}

void Connection::over() {
    state_ = TcpState::closed;
    write_shut_ = read_shut_ = true;
    sender_.purge();
    final_at_ = keepalive_at_ = handshake_at_ = kNever;
}

bool Connection::gives_way_to(const Segment& syn) const {
    if (state_ != TcpState::time_wait || !syn.flags.syn || syn.flags.ack || syn.flags.rst) {
        return false;
    }
    if (syn.sequence > receiver_.next()) return true;
    return agreed_.has_timestamps && syn.options.timestamps &&
           is_older_timestamp(agreed_.recent_timestamp, syn.options.timestamps->value);
}

}  // namespace fivetuple::sim::tcp

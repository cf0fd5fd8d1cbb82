#include "fivetuple/sim/tcp/listener.h"

#include <algorithm>
#include <chrono>

namespace fivetuple::sim::tcp {

namespace {

constexpr Duration kCookieLife = std::chrono::minutes(2);
constexpr std::uint32_t kCookieOptionBits = 6;
constexpr std::uint32_t kNoScale = 0xf;

std::uint16_t payload_limit(const FiveTuple& tuple, std::uint16_t mtu, const Settings& settings) {
    const std::uint32_t headers = tuple.peer.ip().is_v6() ? 60 : 40;
    std::uint32_t limit =
        mtu > headers + Handshake::kLeastSegment ? mtu - headers : Handshake::kLeastSegment;
    if (settings.max_segment) limit = std::min<std::uint32_t>(limit, *settings.max_segment);
    return static_cast<std::uint16_t>(limit);
}

}  // namespace

std::optional<Segment> refuse(const Segment& segment) {
    if (segment.flags.rst) return std::nullopt;
    Segment reset;
    reset.source_port = segment.destination_port;
    reset.destination_port = segment.source_port;
    reset.flags.rst = true;
    if (segment.flags.ack) {
        reset.sequence = segment.acknowledgement;
    } else {
        reset.flags.ack = true;
        reset.acknowledgement = segment.end();
    }
    return reset;
}

Listener::Listener(const Limits& limits, const Settings& settings, const Secrets& secrets,
                   std::unique_ptr<Binding> binding, unsigned backlog)
    : limits_(&limits),
      settings_(settings),
      secrets_(&secrets),
      binding_(std::move(binding)),
      backlog_(std::min(backlog, limits.most_backlog)) {}

std::optional<std::pair<FiveTuple, Segment>> Listener::output() {
    if (outbox_.empty()) return std::nullopt;
    auto first = std::move(outbox_.front());
    outbox_.pop_front();
    return first;
}

Connection* Listener::accept() {
    if (ready_.empty()) return nullptr;
    Connection* first = ready_.front();
    ready_.pop_front();
    return first;
}

void Listener::hand_over(Listener& heir) {
    heir.requests_.merge(requests_);
    requests_.clear();
    first_at_ = kNever;
    heir.first_at_.reset();
    for (Connection* each : take_waiting()) heir.enqueue(*each);
}

std::unique_ptr<Connection> Listener::input(const FiveTuple& tuple, const Segment& segment,
                                            std::uint16_t mtu, Time now,
                                            std::optional<Sequence> sequence) {
    const auto request = requests_.find(tuple);
    if (request != requests_.end()) return input_request(request, segment, now);
    if (segment.flags.rst) return nullptr;
    if (segment.flags.ack) return input_cookie(tuple, segment, mtu, now);
    if (!segment.flags.syn) return nullptr;
    return input_syn(tuple, segment, mtu, now, sequence);
}

// What this host would agree to, and what is left of it after the peer's SYN.
Handshake Listener::offer(const FiveTuple& tuple, const Segment& syn, std::uint16_t mtu) const {
    Handshake agreed;
    agreed.clock = secrets_->clock(tuple);
    agreed.our_segment = payload_limit(tuple, mtu, settings_);
    agreed.has_scale = limits_->window_scaling;
    agreed.our_scale = Receiver(*limits_, settings_).wanted_scale();
    agreed.has_sack = limits_->sack;
    agreed.has_timestamps = limits_->timestamps;
    agreed.has_ecn = limits_->ecn != Limits::UseEcn::never && syn.flags.ece && syn.flags.cwr;
    agreed.learn(syn, tuple.peer.ip().is_v6());
    return agreed;
}

std::unique_ptr<Connection> Listener::input_syn(const FiveTuple& tuple, const Segment& syn,
                                                std::uint16_t mtu, Time now,
                                                std::optional<Sequence> sequence) {
    if (is_full()) {
        ++counters_.overflows;
        ++counters_.dropped;
        return nullptr;
    }
    Request request;
    request.agreed = offer(tuple, syn, mtu);
    request.mtu = mtu;
    request.timeout = limits_->initial_timeout;
    const bool is_crowded =
        requests_.size() >= std::max(backlog_, 1u) || requests_.size() >= limits_->most_half_open;
    const bool by_cookie = limits_->syn_cookies == Limits::Cookies::always ||
                           (is_crowded && limits_->syn_cookies == Limits::Cookies::on_overflow);
    if (by_cookie && !sequence) {
        send_cookie(tuple, request, syn, now);
        return nullptr;
    }
    if (is_crowded) {
        ++counters_.dropped;
        return nullptr;
    }
    request.agreed.ours = sequence.value_or(secrets_->initial_sequence(tuple, now));
    if (limits_->fast_open_server && settings_.fast_open_queue > 0 && syn.options.fast_open) {
        if (*syn.options.fast_open == secrets_->fast_open_cookie(tuple)) {
            if (early_ < settings_.fast_open_queue) return open_early(tuple, syn, request, now);
        } else {
            request.cookie = secrets_->fast_open_cookie(tuple);
        }
    }
    Request& stored = requests_[tuple] = request;
    send_answer(tuple, stored, now);
    return nullptr;
}

std::unique_ptr<Connection> Listener::make_connection(const FiveTuple& tuple,
                                                      const Handshake& agreed, std::uint16_t mtu,
                                                      Time now) const {
    auto connection = std::make_unique<Connection>(*limits_, settings_, tuple, mtu, agreed.clock);
    connection->accept(agreed, now);
    return connection;
}

std::unique_ptr<Connection> Listener::open_early(const FiveTuple& tuple, const Segment& syn,
                                                 const Request& request, Time now) {
    ++early_;
    auto connection =
        std::make_unique<Connection>(*limits_, settings_, tuple, request.mtu, request.agreed.clock);
    connection->accept_early(request.agreed, syn, std::nullopt, now);
    return connection;
}

Segment Listener::make_answer(const FiveTuple& tuple, const Request& request, Time now) const {
    const Handshake& agreed = request.agreed;
    Segment answer;
    answer.source_port = tuple.local.port();
    answer.destination_port = tuple.peer.port();
    answer.sequence = agreed.ours;
    answer.acknowledgement = agreed.theirs + 1;
    answer.flags = {.syn = true, .ack = true};
    answer.flags.ece = agreed.has_ecn;
    answer.window =
        static_cast<std::uint16_t>(Receiver(*limits_, settings_).first_window(agreed.our_segment));
    answer.options.max_segment = agreed.our_segment;
    answer.options.sack_permitted = agreed.has_sack;
    if (agreed.has_scale) answer.options.window_scale = agreed.our_scale;
    if (agreed.has_timestamps) {
        answer.options.timestamps = Timestamps{agreed.clock.at(now), agreed.recent_timestamp};
    }
    answer.options.fast_open = request.cookie;
    return answer;
}

void Listener::send_answer(const FiveTuple& tuple, Request& request, Time now) {
    request.agreed.sent_once_at = request.repeats == 0 ? std::optional(now) : std::nullopt;
    set_deadline(request, now + request.timeout);
    outbox_.emplace_back(tuple, make_answer(tuple, request, now));
}

// Nothing is stored: what has to be known later comes back with the acknowledgement, most of it in
// the lowest bits of the timestamp.
void Listener::send_cookie(const FiveTuple& tuple, Request& request, const Segment& syn, Time now) {
    Handshake& agreed = request.agreed;
    ++counters_.cookies_sent;
    last_cookie_ = now;
    if (!agreed.has_timestamps) {
        agreed.has_scale = agreed.has_sack = agreed.has_ecn = false;
        agreed.our_scale = agreed.their_scale = 0;
    }
    agreed.ours = secrets_->syn_cookie(tuple, syn.sequence, agreed.their_segment, now);
    Segment answer = make_answer(tuple, request, now);
    if (agreed.has_timestamps) {
        std::uint32_t& value = answer.options.timestamps->value;
        const std::uint32_t said = (agreed.has_scale ? agreed.their_scale : kNoScale) |
                                   (agreed.has_sack ? 1u << 4 : 0) | (agreed.has_ecn ? 1u << 5 : 0);
        const std::uint32_t clock = value;
        value = (value >> kCookieOptionBits << kCookieOptionBits) | said;
        if (is_older_timestamp(clock, value)) value -= 1u << kCookieOptionBits;
    }
    outbox_.emplace_back(tuple, std::move(answer));
}

std::unique_ptr<Connection> Listener::input_cookie(const FiveTuple& tuple, const Segment& segment,
                                                   std::uint16_t mtu, Time now) {
    const bool may_be = limits_->syn_cookies != Limits::Cookies::never && last_cookie_ &&
                        now - *last_cookie_ < kCookieLife && !segment.flags.syn;
    const auto size = may_be ? secrets_->read_syn_cookie(tuple, segment.sequence - 1,
                                                         segment.acknowledgement - 1, now)
                             : std::nullopt;
    if (!size) {
        if (may_be) ++counters_.cookies_failed;
        send_reset(tuple, segment);
        return nullptr;
    }
    ++counters_.cookies_received;
    if (is_full()) {
        ++counters_.overflows;
        ++counters_.dropped;
        return nullptr;
    }
    Handshake agreed;
    agreed.clock = secrets_->clock(tuple);
    agreed.our_segment = payload_limit(tuple, mtu, settings_);
    agreed.ours = segment.acknowledgement - 1;
    agreed.theirs = segment.sequence - 1;
    agreed.their_segment = *size;
    agreed.their_window = segment.window;
    if (limits_->timestamps && segment.options.timestamps) {
        const std::uint32_t said = segment.options.timestamps->echo;
        agreed.has_timestamps = true;
        agreed.recent_timestamp = segment.options.timestamps->value;
        agreed.has_sack = (said >> 4 & 1) != 0 && limits_->sack;
        agreed.has_ecn = (said >> 5 & 1) != 0;
        agreed.has_scale = (said & kNoScale) != kNoScale && limits_->window_scaling;
        agreed.their_scale = agreed.has_scale ? static_cast<std::uint8_t>(said & kNoScale) : 0;
        if (agreed.has_scale) agreed.our_scale = Receiver(*limits_, settings_).wanted_scale();
    }
    return make_connection(tuple, agreed, mtu, now);
}

void Listener::send_reset(const FiveTuple& tuple, const Segment& segment) {
    if (auto reset = refuse(segment)) outbox_.emplace_back(tuple, std::move(*reset));
}

// A segment for a handshake that is not done. RFC 9293, section 3.10.7.4, as Linux has it.
std::unique_ptr<Connection> Listener::input_request(Requests::iterator request,
                                                    const Segment& segment, Time now) {
    const FiveTuple tuple = request->first;
    Request& known = request->second;
    const Sequence next = known.agreed.theirs + 1;
    if (segment.flags.syn && !segment.flags.ack && segment.sequence == known.agreed.theirs) {
        ++known.repeats;
        send_answer(tuple, known, now);
        --known.repeats;
        known.agreed.sent_once_at.reset();
        return nullptr;
    }
    const std::uint32_t window = Receiver(*limits_, settings_).first_window(0);
    const bool is_within = segment.sequence >= next && segment.sequence <= next + window;
    const bool is_old =
        known.agreed.has_timestamps && segment.options.timestamps &&
        is_older_timestamp(segment.options.timestamps->value, known.agreed.recent_timestamp);
    if (!is_within || (is_old && !segment.flags.rst)) {
        if (segment.flags.rst) return nullptr;
        Segment answer = make_answer(tuple, known, now);
        answer.sequence = known.agreed.ours + 1;
        answer.flags = {.ack = true};
        answer.options = {};
        outbox_.emplace_back(tuple, std::move(answer));
        return nullptr;
    }
    if (segment.flags.rst || segment.flags.syn) {
        if (segment.flags.rst && segment.sequence != next) return nullptr;
        if (!segment.flags.rst) send_reset(tuple, segment);
        erase(request);
        return nullptr;
    }
    if (!segment.flags.ack) return nullptr;
    if (segment.acknowledgement != known.agreed.ours + 1) {
        send_reset(tuple, segment);
        return nullptr;
    }
    if (known.repeats < settings_.defer_accept && segment.length() == 0) {
        known.was_acknowledged = true;
        return nullptr;
    }
    if (is_full()) {
        ++counters_.overflows;
        ++counters_.dropped;
        known.was_acknowledged = true;
        if (limits_->reset_on_overflow) {
            send_reset(tuple, segment);
            erase(request);
        }
        return nullptr;
    }
    auto connection = make_connection(tuple, known.agreed, known.mtu, now);
    erase(request);
    return connection;
}

void Listener::set_deadline(Request& request, Time at) {
    if (first_at_ == request.at) {
        first_at_.reset();
    } else if (first_at_) {
        first_at_ = std::min(*first_at_, at);
    }
    request.at = at;
}

void Listener::erase(Requests::iterator request) {
    if (first_at_ == request->second.at) first_at_.reset();
    requests_.erase(request);
}

Time Listener::next_deadline() const {
    if (first_at_) return *first_at_;
    first_at_ = kNever;
    for (const auto& [tuple, request] : requests_) first_at_ = std::min(*first_at_, request.at);
    return *first_at_;
}

void Listener::advance(Time now) {
    if (now < next_deadline()) return;
    first_at_.reset();
    for (auto at = requests_.begin(); at != requests_.end();) {
        auto& [tuple, request] = *at;
        if (now < request.at) {
            ++at;
            continue;
        }
        const unsigned most = std::max(limits_->syn_ack_retries,
                                       request.was_acknowledged ? settings_.defer_accept : 0);
        if (request.repeats >= most) {
            at = requests_.erase(at);
            continue;
        }
        ++request.repeats;
        request.timeout = std::min(request.timeout * 2, limits_->most_timeout);
        const bool stays_quiet =
            request.was_acknowledged && request.repeats < settings_.defer_accept;
        if (stays_quiet) {
            set_deadline(request, now + request.timeout);
        } else {
            send_answer(tuple, request, now);
        }
        ++at;
    }
}

TcpInfo Listener::info() const {
    TcpInfo info;
    info.state = TcpState::listening;
    info.unacknowledged_segments = static_cast<std::uint32_t>(ready_.size());
    info.sacked_segments = backlog_;
    return info;
}

}  // namespace fivetuple::sim::tcp

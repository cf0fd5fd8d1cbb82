#include "fivetuple/os/ping_session.h"

#include "fivetuple/base/assert.h"
#include "fivetuple/os/ip_packet.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace fivetuple {
namespace {

constexpr std::size_t kMark = 8;

std::string milliseconds(Duration length) {
    char text[40];
    const double value = std::chrono::duration<double, std::milli>(length).count();
    // Three digits that matter, as ping(8) prints.
    const int decimals = value < 1 ? 3 : value < 10 ? 2 : value < 100 ? 1 : 0;
    std::snprintf(text, sizeof text, "%.*f ms", decimals, value);
    return text;
}

}  // namespace

const char* to_string(PingMeans means) {
    return means == PingMeans::raw_socket ? "a raw socket" : "a ping socket";
}

std::string PingEvent::to_string() const {
    const std::string probe = "icmp_seq=" + std::to_string(sequence & 0xffff);
    switch (kind) {
        case Kind::silence:
            return "no answer for " + probe + " within " + milliseconds(round_trip);
        case Kind::unsent:
            return probe + " could not be sent: " + (error ? error->reason() : "unknown");
        case Kind::failure: {
            const bool v6 = failure->origin == DatagramFailure::Origin::icmpv6;
            std::string text = "From " + from.to_string() + " " + probe + " ";
            text += icmp_words(v6 ? Family::ipv6 : Family::ipv4, failure->icmp_type,
                               failure->icmp_code);
            if (failure->mtu != 0) text += " (it takes " + std::to_string(failure->mtu) + " bytes)";
            return text;
        }
        default:
            break;
    }
    std::string text = std::to_string(size) + " bytes from " + from.to_string() + ": " + probe;
    if (ttl) text += " ttl=" + std::to_string(*ttl);
    text += " time=" + milliseconds(round_trip);
    if (kind == Kind::duplicate) text += " (duplicate)";
    if (kind == Kind::late) text += " (late)";
    if (is_damaged) text += " (its payload is damaged)";
    return text;
}

double PingStatistics::loss() const {
    const std::uint64_t all = sent + unsent;
    if (all == 0) return 0;
    return 1 - static_cast<double>(received) / static_cast<double>(all);
}

Duration PingStatistics::deviation() const {
    const auto count = static_cast<double>(round_trips.count());
    if (count == 0) return {};
    const double mean = round_trips.mean();
    return Duration(
        static_cast<std::int64_t>(std::sqrt(std::max(squares / count - mean * mean, 0.0))));
}

PingSession::PingSession(Family family, PingMeans means, std::uint16_t identifier,
                         std::uint64_t mark, const PingOptions& options)
    : family_(family),
      means_(means),
      identifier_(identifier),
      options_(options),
      payload_(options.size),
      message_(options.size + IcmpMessage::kHeader) {
    for (std::size_t at = 0; at < payload_.size(); ++at) {
        payload_[at] = static_cast<std::byte>(at < kMark ? mark >> 8 * at : at);
    }
}

bool PingSession::should_send(Time now) const {
    return !all_sent() && (!next_send_ || now >= *next_send_);
}

Bytes PingSession::make_probe(Time now, WallTime wall) {
    ++made_;
    probes_.push_back({now, wall});
    if (probes_.size() > kRemembered) {
        probes_.pop_front();
        settled_ = std::max(settled_, ++forgotten_);
    }
    // By the clock, but never two at once because one was late.
    const Time planned = next_send_ ? after(*next_send_, options_.interval) : Time();
    next_send_ = planned > now ? planned : after(now, options_.interval);
    statistics_.sent++;
    const IcmpEcho echo{false, identifier_, static_cast<std::uint16_t>(made_), payload_};
    const auto size = write_echo(family_, echo, message_);
    FT_ASSERT(size.has_value(), "the room is made for it");
    return Bytes(message_).first(*size);
}

PingEvent PingSession::not_sent(const Error& why) {
    FT_ASSERT(!probes_.empty(), "a probe was made");
    probes_.back().state = State::unsent;
    statistics_.sent--;
    statistics_.unsent++;
    PingEvent event;
    event.kind = PingEvent::Kind::unsent;
    event.sequence = made_;
    event.error = why;
    return event;
}

PingSession::Probe* PingSession::find(std::uint16_t sequence, std::uint64_t& number) {
    const auto ahead = static_cast<std::uint16_t>(sequence - (forgotten_ + 1));
    if (ahead >= probes_.size()) return nullptr;
    number = forgotten_ + 1 + ahead;
    return &probes_[ahead];
}

std::optional<IcmpEcho> PingSession::our_echo(Bytes bytes, bool is_reply) const {
    const auto message = IcmpMessage::parse(family_, bytes);
    if (!message) return std::nullopt;
    const auto echo = message->echo();
    if (!echo || echo->is_reply != is_reply || echo->identifier != identifier_) return std::nullopt;
    return echo;
}

bool PingSession::is_damaged(Bytes payload) const { return !std::ranges::equal(payload, payload_); }

std::optional<PingEvent> PingSession::read(const Datagram& datagram, Time now) {
    Bytes bytes = datagram.bytes;
    if (means_ == PingMeans::raw_socket && family_ == Family::ipv4) {
        const auto packet = Ipv4Packet::parse(bytes);
        if (!packet || packet->protocol() != static_cast<std::uint8_t>(IpProtocol::icmp)) {
            return std::nullopt;
        }
        bytes = packet->payload();
    }
    const auto echo = our_echo(bytes, true);
    if (!echo) return std::nullopt;
    // Another program's probes may have the same identifier.
    const std::size_t marked = std::min(kMark, payload_.size());
    if (echo->payload.size() < marked ||
        !std::ranges::equal(echo->payload.first(marked), Bytes(payload_).first(marked))) {
        return std::nullopt;
    }
    PingEvent event;
    Probe* probe = find(echo->sequence, event.sequence);
    if (probe == nullptr || probe->state == State::unsent) return std::nullopt;
    const std::uint64_t number = event.sequence;
    event = answer(*probe, datagram, now);
    event.sequence = number;
    event.size = bytes.size();
    event.is_damaged = is_damaged(echo->payload);
    count_answer(*probe, event);
    return event;
}

PingEvent PingSession::answer(Probe& probe, const Datagram& datagram, Time now) {
    PingEvent event;
    event.from = datagram.from.ip();
    event.ttl = datagram.details.ttl;
    event.round_trip = now - probe.sent_at;
    // The kernel's stamp is nearer to the truth, unless somebody has set the clock meanwhile.
    if (datagram.details.received_at) {
        const Duration told = *datagram.details.received_at - probe.sent_wall;
        if (told > Duration::zero() && told <= event.round_trip) {
            event.round_trip = told;
            event.by_kernel = true;
        }
    }
    return event;
}

void PingSession::count_answer(Probe& probe, PingEvent& event) {
    if (event.is_damaged) statistics_.damaged++;
    if (probe.state == State::answered) {
        event.kind = PingEvent::Kind::duplicate;
        statistics_.duplicates++;
        return;
    }
    const bool is_late = probe.state == State::silent;
    event.kind = is_late ? PingEvent::Kind::late : PingEvent::Kind::reply;
    probe.state = State::answered;
    statistics_.received++;
    const auto length = static_cast<double>(event.round_trip.count());
    statistics_.round_trips.record(static_cast<std::uint64_t>(event.round_trip.count()));
    statistics_.squares += length * length;
}

std::optional<PingEvent> PingSession::read(const DatagramFailure& failure, Time now) {
    // What we could not even send was told when we tried.
    const bool is_told = failure.origin == DatagramFailure::Origin::icmp ||
                         failure.origin == DatagramFailure::Origin::icmpv6;
    const auto echo = our_echo(failure.front(), false);
    if (!is_told || !echo) return std::nullopt;
    PingEvent event;
    Probe* probe = find(echo->sequence, event.sequence);
    if (probe == nullptr || probe->state != State::waiting) return std::nullopt;
    probe->state = State::failed;
    statistics_.failures++;
    event.kind = PingEvent::Kind::failure;
    event.round_trip = now - probe->sent_at;
    event.from = failure.told_by.ip();
    event.failure = failure;
    return event;
}

std::optional<PingEvent> PingSession::take_silent(Time now) {
    while (settled_ < made_) {
        Probe& probe = probes_[settled_ - forgotten_];
        if (probe.state == State::waiting) {
            if (now < after(probe.sent_at, options_.timeout)) return std::nullopt;
            probe.state = State::silent;
            PingEvent event;
            event.sequence = ++settled_;
            event.round_trip = options_.timeout;
            return event;
        }
        ++settled_;
    }
    return std::nullopt;
}

Time PingSession::next_due() const {
    Time due = kNever;
    if (!all_sent()) due = next_send_.value_or(Time::min());
    for (std::uint64_t at = settled_; at < made_; ++at) {
        const Probe& probe = probes_[at - forgotten_];
        if (probe.state != State::waiting) continue;
        return std::min(due, after(probe.sent_at, options_.timeout));
    }
    return due;
}

bool PingSession::is_over() const {
    if (!all_sent()) return false;
    for (std::uint64_t at = settled_; at < made_; ++at) {
        if (probes_[at - forgotten_].state == State::waiting) return false;
    }
    return true;
}

}  // namespace fivetuple

#include "tools/scenarios/wire_check.h"

#include "fivetuple/cli/units.h"
#include "fivetuple/sim/host.h"
#include "fivetuple/sim/ip/header.h"
#include "fivetuple/sim/node.h"
#include "fivetuple/sim/tcp/timestamp_clock.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace ft_scenarios {

namespace tcp = ft::sim::tcp;

namespace {

constexpr ft::Duration kTimeWait = std::chrono::seconds(60);

struct Read {
    ft::sim::IpHeader header;
    tcp::Segment segment;
};

std::optional<Read> read(ft::Bytes packet) {
    const auto view = ft::sim::read_ip(packet);
    if (!view || view->header.protocol != ft::IpProtocol::tcp) return std::nullopt;
    auto segment = tcp::parse_segment(view->payload, view->header.source, view->header.destination);
    if (!segment) return std::nullopt;
    return Read{view->header, *std::move(segment)};
}

bool is_tcp(ft::Bytes packet) {
    const auto view = ft::sim::read_ip(packet);
    return view && view->header.protocol == ft::IpProtocol::tcp && !view->header.is_fragment();
}

bool is_own(const ft::sim::Node& node, const ft::IpAddress& address) {
    return dynamic_cast<const ft::sim::Host*>(&node) != nullptr &&
           std::ranges::find(node.addresses(), address) != node.addresses().end();
}

// Where a sequence is in a stream that began there, the one nearest to `near`.
std::int64_t place_of(tcp::Sequence at, tcp::Sequence first, std::int64_t near) {
    return near + (at - (first + static_cast<std::uint32_t>(near)));
}

}  // namespace

std::size_t WireCheck::KeyHash::operator()(const Key& key) const {
    return tcp::TupleKey::Hash()(key.tuple) ^ std::hash<const void*>()(key.node);
}

void WireCheck::End::begin_anew() {
    const std::optional<Syn> kept_syn = asked;
    *this = {};
    asked = kept_syn;
}

void WireCheck::End::note_come(Place begin, Place end) {
    auto at = come.upper_bound(begin);
    if (at != come.begin() && std::prev(at)->second >= begin) {
        --at;
        begin = at->first;
    }
    while (at != come.end() && at->first <= end) {
        end = std::max(end, at->second);
        at = come.erase(at);
    }
    come.emplace(begin, end);
}

ft::Bytes WireCheck::End::sent_from(Place at) const {
    const std::size_t offset = dropped + static_cast<std::size_t>(at - acknowledged);
    return offset < kept.size() ? ft::Bytes(kept).subspan(offset) : ft::Bytes();
}

void WireCheck::End::acknowledge(Place to) {
    dropped = std::min(dropped + static_cast<std::size_t>(to - acknowledged), kept.size());
    acknowledged = to;
    if (dropped <= kept.size() / 2) return;
    kept.erase(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(dropped));
    dropped = 0;
}

bool WireCheck::End::has_come(Place begin, Place end) const {
    const auto behind = come.upper_bound(begin);
    return behind != come.begin() && std::prev(behind)->second >= end;
}

// --- What is told ------------------------------------------------------------------------------

void WireCheck::sent(const ft::sim::Node& from, ft::sim::Cable& over, ft::Bytes packet,
                     ft::Time now) {
    if (also_ != nullptr) also_->sent(from, over, packet, now);
    const auto found = read(packet);
    wrong_ = nullptr;
    if (!found) {
        if (dynamic_cast<const ft::sim::Host*>(&from) == nullptr || !is_tcp(packet)) return;
        wrong("sends what nobody can read");
    } else if (is_own(from, found->header.source)) {
        ++segments_;
        const auto& [header, segment] = *found;
        if (packet.size() > over.from(from).mtu()) wrong("sends more than the path takes");
        const Key key{&from, tcp::TupleKey(header.source, segment.source_port, header.destination,
                                           segment.destination_port)};
        send(ends_[key], segment, now);
    }
    if (wrong_ == nullptr || !complaint_.empty()) return;
    complaint_ = ft::format_duration(now - ft::Time{}) + ": " + from.name() + ' ' + wrong_;
    if (found) complaint_ += ": " + found->segment.to_string();
}

void WireCheck::arrived(const ft::sim::Node& at, ft::Bytes packet, ft::Time now) {
    if (also_ != nullptr) also_->arrived(at, packet, now);
    const auto found = read(packet);
    if (!found || !is_own(at, found->header.destination)) return;
    const auto& [header, segment] = *found;
    const Key key{&at, tcp::TupleKey(header.destination, segment.destination_port, header.source,
                                     segment.source_port)};
    come(ends_[key], segment);
}

void WireCheck::lost(const ft::sim::Node& from, ft::Bytes packet, std::string_view why,
                     ft::Time now) {
    if (also_ != nullptr) also_->lost(from, packet, why, now);
}

void WireCheck::turned(ft::sim::Host& host, ft::Time now) {
    if (also_ != nullptr) also_->turned(host, now);
}

void WireCheck::crashed(ft::sim::Host& host, ft::Time now) {
    if (also_ != nullptr) also_->crashed(host, now);
    std::erase_if(ends_, [&host](const auto& each) { return each.first.node == &host; });
}

void WireCheck::troubled(std::string_view what, ft::Time now) {
    if (also_ != nullptr) also_->troubled(what, now);
}

void WireCheck::wrong(const char* what) {
    if (wrong_ == nullptr) wrong_ = what;
}

// --- What comes --------------------------------------------------------------------------------

void WireCheck::come(End& end, const Segment& segment) {
    if (segment.flags.rst) {
        // An acknowledgement may leave behind it that was written before.
        end.waits_until.reset();
        end.is_first_to_end = false;
        return;
    }
    const auto syn = [&segment] {
        return Syn{segment.sequence, segment.window, segment.options.max_segment.value_or(536),
                   segment.options.window_scale, segment.options.timestamps.has_value()};
    };
    if (segment.flags.syn && !segment.flags.ack) {
        end.asked = syn();
        return;
    }
    if (segment.flags.syn) {
        const bool is_answer =
            end.ours && !end.theirs && segment.acknowledgement == end.ours->at + 1;
        if (!is_answer) return;
        end.theirs = syn();
        end.note_come(0, 1);
        end.edge = std::max<Place>(end.edge, 1 + segment.window);
    }
    if (!end.ours || !end.theirs || !segment.flags.ack) return;
    Place begin = place_of(segment.sequence, end.theirs->at, end.come_to());
    if (segment.flags.syn) begin = 1;
    const Place bytes_end = begin + static_cast<Place>(segment.payload.size());
    if (begin < 0) return;
    if (bytes_end > begin) end.note_come(begin, bytes_end);
    if (segment.flags.fin) {
        end.their_fin_at = bytes_end;
        end.note_come(bytes_end, bytes_end + 1);
    }
    if (segment.options.timestamps) {
        const std::uint32_t value = segment.options.timestamps->value;
        if (!end.newest_timestamp || tcp::is_older_timestamp(*end.newest_timestamp, value)) {
            end.newest_timestamp = value;
        }
    }
    const Place to = place_of(segment.acknowledgement, end.ours->at, end.acknowledged);
    if (to > end.sent_to) return;
    const unsigned scale = end.is_scaled() && !segment.flags.syn ? *end.theirs->scale : 0;
    end.edge = std::max(end.edge, to + (Place{segment.window} << scale));
    if (to > end.acknowledged) end.acknowledge(to);
}

// --- What goes ---------------------------------------------------------------------------------

void WireCheck::send_syn(End& end, const Segment& segment) {
    const Syn said{segment.sequence, segment.window, segment.options.max_segment.value_or(536),
                   segment.options.window_scale, segment.options.timestamps.has_value()};
    if (!segment.flags.ack) {
        if (end.ours && end.ours->at == segment.sequence) return;
        end.begin_anew();
        end.ours = said;
        return;
    }
    const bool is_again = end.ours && end.ours->at == segment.sequence;
    if (end.asked && segment.acknowledgement == end.asked->at + 1) {
        if (!is_again || !end.theirs) {
            end.begin_anew();
            end.ours = said;
            end.theirs = end.asked;
            end.edge = 1 + Place{end.asked->window};
            end.note_come(0, 1);
        }
    } else if (!is_again) {
        wrong("answers a SYN that has not come");
    }
    end.told = std::max<Place>(end.told, 1);
    end.told_edge = std::max<Place>(end.told_edge, 1 + segment.window);
}

// Who waits for the peer's last repeats acknowledges them. RFC 9293, section 3.10.7.4
void WireCheck::send_reset(End& end, ft::Time now) {
    if (end.waits_until && now < *end.waits_until) wrong("answers with a reset in TIME_WAIT");
    end.begin_anew();
    end.is_over = true;
}

void WireCheck::send(End& end, const Segment& segment, ft::Time now) {
    if (segment.flags.rst) return send_reset(end, now);
    if (segment.flags.syn) return send_syn(end, segment);
    if (end.is_over || !end.ours || !end.theirs) return;
    if (!segment.flags.ack) wrong("sends a segment without an acknowledgement");
    const bool has_ended = end.fin_at.has_value();
    check_bytes(end, segment);
    check_acknowledgement(end, segment);
    if (!has_ended && end.fin_at) {
        end.is_first_to_end = !end.their_fin_at || end.told <= *end.their_fin_at;
    }
    check_timestamps(end, segment);
    note_time_wait(end, now);
}

void WireCheck::check_bytes(End& end, const Segment& segment) {
    const Place begin = place_of(segment.sequence, end.ours->at, end.sent_to);
    const auto size = static_cast<Place>(segment.payload.size());
    const Place to = begin + size;
    repeated_ += size > 0 && begin < end.sent_to;
    if (begin > end.sent_to) return wrong("leaves a hole in what it sends");
    if (size > 0 && to > end.edge) wrong("sends beyond the window that it was offered");
    if (segment.payload.size() + segment.options.size() > end.theirs->max_segment) {
        wrong("sends a larger segment than its peer takes");
    }
    if (end.fin_at &&
        (to > *end.fin_at + (size == 0 ? 1 : 0) || (segment.flags.fin && to != *end.fin_at))) {
        wrong("sends something behind its FIN");
    }
    if (segment.flags.fin && !end.fin_at) {
        if (to < end.sent_to) wrong("has its FIN in front of what it has sent");
        end.fin_at = to;
    }
    const Place from = std::max(begin, end.acknowledged);
    if (to > from) {
        const ft::Bytes bytes =
            ft::Bytes(segment.payload).subspan(static_cast<std::size_t>(from - begin));
        const ft::Bytes before = end.sent_from(from);
        const std::size_t both = std::min(bytes.size(), before.size());
        if (both > 0 && std::memcmp(bytes.data(), before.data(), both) != 0) {
            wrong("repeats something else than what it had sent");
        }
        const ft::Bytes fresh = bytes.subspan(both);
        end.kept.insert(end.kept.end(), fresh.begin(), fresh.end());
    }
    end.sent_to = std::max(end.sent_to, to + (segment.flags.fin ? 1 : 0));
}

void WireCheck::check_acknowledgement(End& end, const Segment& segment) {
    const Place to = place_of(segment.acknowledgement, end.theirs->at, end.told);
    if (to > end.come_to()) return wrong("acknowledges what has not come");
    if (to < end.told) wrong("takes an acknowledgement back");
    for (const tcp::SackBlock& block : segment.options.sack) {
        const Place begin = place_of(block.begin, end.theirs->at, end.told);
        const Place behind = place_of(block.end, end.theirs->at, end.told);
        if (begin >= behind || !end.has_come(begin, behind)) {
            wrong("says of something that it has come, and it has not (SACK)");
        }
    }
    const unsigned scale = end.is_scaled() ? *end.ours->scale : 0;
    const Place edge = to + (Place{segment.window} << scale);
    // What cannot be told is rounded down.
    if (edge + (Place{1} << scale) <= end.told_edge)
        wrong("takes back a window that it has offered");
    end.told = std::max(end.told, to);
    end.told_edge = std::max(end.told_edge, edge);
}

void WireCheck::check_timestamps(End& end, const Segment& segment) {
    if (!end.ours->has_timestamps || !end.theirs->has_timestamps) return;
    if (!segment.options.timestamps) {
        if (!segment.payload.empty()) wrong("sends without the timestamp that was agreed on");
        return;
    }
    const auto [value, echo] = *segment.options.timestamps;
    if (end.timestamp && tcp::is_older_timestamp(value, *end.timestamp)) {
        wrong("has a timestamp that goes back");
    }
    end.timestamp = value;
    if (end.newest_timestamp && tcp::is_older_timestamp(*end.newest_timestamp, echo)) {
        wrong("echoes a timestamp that has not come");
    }
}

// Who was first to end, and has acknowledged the other's end.
void WireCheck::note_time_wait(End& end, ft::Time now) {
    if (!end.is_first_to_end || end.acknowledged <= *end.fin_at || end.waits_until) return;
    if (end.their_fin_at && end.told == *end.their_fin_at + 1) end.waits_until = now + kTimeWait;
}

}  // namespace ft_scenarios

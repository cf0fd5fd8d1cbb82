#include "fivetuple/sim/story/story.h"

#include "fivetuple/base/hash.h"
#include "fivetuple/sim/host.h"
#include "fivetuple/sim/ip/header.h"

#include <algorithm>
#include <cstdio>
#include <optional>

namespace fivetuple::sim {
namespace {

struct Seen {
    IpView view;
    std::optional<tcp::Segment> segment;
};

std::optional<Seen> look_at(Bytes packet) {
    auto view = read_ip(packet);
    if (!view) return std::nullopt;
    Seen seen{*view, std::nullopt};
    const IpHeader& header = seen.view.header;
    if (header.protocol == IpProtocol::tcp && !header.is_fragment()) {
        auto segment = tcp::parse_segment(view->payload, header.source, header.destination);
        if (segment) seen.segment = *std::move(segment);
    }
    return seen;
}

std::pair<SocketAddress, SocketAddress> ends_of(const Seen& seen) {
    const IpHeader& header = seen.view.header;
    return {SocketAddress(header.source, seen.segment->source_port),
            SocketAddress(header.destination, seen.segment->destination_port)};
}

std::string flags_of(const tcp::Flags& flags) {
    std::string text;
    for (const auto& [is_set, name] : {std::pair(flags.syn, "SYN"), std::pair(flags.fin, "FIN"),
                                       std::pair(flags.rst, "RST"), std::pair(flags.ack, "ACK")}) {
        if (is_set) text += (text.empty() ? "" : " ") + std::string(name);
    }
    return text;
}

std::string kind_of(const IpHeader& header) {
    if (header.is_fragment()) return "fragment";
    if (header.protocol == IpProtocol::udp) return "UDP";
    return header.protocol == IpProtocol::tcp ? "TCP, broken" : "ICMP";
}

std::uint64_t mark_of(Bytes packet) { return hash_bytes(packet.data(), packet.size(), 0); }

std::string seconds_of(Duration length) {
    char room[40];
    std::snprintf(room, sizeof room, "%.3f s", std::chrono::duration<double>(length).count());
    return room;
}

}  // namespace

void Story::tell(Time at, std::string who, std::string text) {
    if (lines_.size() >= options_.most) {
        ++untold_;
        return;
    }
    lines_.push_back({at, std::move(who), std::move(text)});
}

void Story::note_silence(Time now) {
    const Duration silence = now - last_packet_;
    if (silence >= options_.silence) {
        tell(now, "", "... nothing on any cable for " + seconds_of(silence));
    }
    last_packet_ = now;
}

// Whether these bytes have been sent before.
bool Story::note_segment(const Node& from, const Ends& ends, const tcp::Segment& segment,
                         Time now) {
    Flow& flow = flows_[ends];
    if (segment.flags.rst) {
        ++counters_.resets;
        tell(now, from.name(),
             "resets " + ends.first.to_string() + " > " + ends.second.to_string());
        return false;
    }
    if (!flow.has_begun || (segment.flags.syn && segment.sequence != flow.first)) {
        flow = {segment.sequence, segment.end(), true, false};
        return false;
    }
    const bool is_shut = segment.window == 0 && !segment.flags.syn;
    if (is_shut != flow.is_shut) {
        flow.is_shut = is_shut;
        tell(now, from.name(),
             is_shut ? "shuts its window to " + ends.second.to_string()
                     : "opens its window to " + ends.second.to_string() + " again");
    }
    if (segment.length() == 0) return false;
    const bool is_repeated = !(segment.end() > flow.end);
    if (!is_repeated) flow.end = segment.end();
    if (!is_repeated) return false;
    ++counters_.repeated;
    const std::uint32_t place = segment.sequence - flow.first;
    tell(now, from.name(),
         "sends again " + std::to_string(place) + "+" + std::to_string(segment.length()) + " " +
             flags_of(segment.flags) + " to " + ends.second.to_string());
    return true;
}

void Story::sent(const Node& from, Cable& over, Bytes packet, Time now) {
    ++counters_.sent;
    note_silence(now);
    const auto seen = look_at(packet);
    if (!seen) return;
    const Node& to = over.peer_of(from);
    bool is_repeated = false;
    std::string label = kind_of(seen->view.header);
    if (seen->segment) {
        const bool is_origin = dynamic_cast<const Host*>(&from) != nullptr;
        if (is_origin) is_repeated = note_segment(from, ends_of(*seen), *seen->segment, now);
        label = flags_of(seen->segment->flags);
        if (!seen->segment->payload.empty()) {
            label += ' ' + std::to_string(seen->segment->payload.size()) + " B";
        }
    }
    if (options_.tells_packets) {
        tell(now, from.name(),
             "> " + to.name() + ": " + (seen->segment ? seen->segment->to_string() : label));
    }
    const std::string direction = from.name() + '-' + to.name();
    for (const auto& stage : over.from(from).stages()) {
        auto* rate = dynamic_cast<Rate*>(stage.get());
        if (rate != nullptr) add(queues_, direction, now, rate->queued(now));
    }
    if (arrows_.size() >= options_.most) return;
    arrows_.push_back({now, kNever, from.name(), to.name(), label, is_repeated, mark_of(packet)});
}

void Story::lost(const Node& from, Bytes packet, std::string_view why, Time now) {
    ++counters_.lost;
    const auto seen = look_at(packet);
    if (!seen) return;
    const std::string what =
        seen->segment ? seen->segment->to_string() : kind_of(seen->view.header);
    tell(now, from.name(), "lost (" + std::string(why) + "): " + what);
}

void Story::arrived(const Node& at, Bytes packet, Time now) {
    const std::uint64_t mark = mark_of(packet);
    for (std::size_t place = oldest_under_way_; place < arrows_.size(); ++place) {
        Arrow& arrow = arrows_[place];
        if (arrow.arrived != kNever || arrow.mark != mark || arrow.to != at.name()) continue;
        arrow.arrived = now;
        break;
    }
    while (oldest_under_way_ < arrows_.size() &&
           (arrows_[oldest_under_way_].arrived != kNever ||
            now - arrows_[oldest_under_way_].sent > std::chrono::seconds(1))) {
        ++oldest_under_way_;
    }
    note_silence(now);
}

void Story::turned(Host& host, Time now) { note_states(host, now); }

void Story::note_states(Host& host, Time now) {
    const auto connections = host.stack().tcp().connections();
    if (connections.size() > options_.most_connections) return;
    std::map<FiveTuple, TcpState>& known = states_[host.name()];
    std::map<FiveTuple, TcpState> present;
    for (const tcp::Connection* connection : connections) {
        const FiveTuple& tuple = connection->tuple();
        const TcpState state = connection->state();
        present.emplace(tuple, state);
        const auto before = known.find(tuple);
        if (before == known.end() || before->second != state) {
            const std::string was = before == known.end()
                                        ? ""
                                        : std::string(fivetuple::to_string(before->second)) + " ";
            tell(now, host.name(),
                 was + "-> " + std::string(fivetuple::to_string(state)) + "  " + tuple.to_string());
        }
        if (connection->is_established()) {
            add(windows_, host.name() + " " + tuple.to_string(), now,
                connection->info(now).congestion_window);
        }
    }
    for (const auto& [tuple, state] : known) {
        if (present.contains(tuple)) continue;
        tell(now, host.name(),
             std::string(fivetuple::to_string(state)) + " -> gone  " + tuple.to_string());
    }
    known = std::move(present);
}

void Story::troubled(std::string_view what, Time now) { tell(now, "", "*** " + std::string(what)); }

void Story::add(Series& series, const std::string& name, Time now, std::uint64_t value) const {
    std::vector<Sample>& samples = series[name];
    if (samples.size() >= options_.most) return;
    if (samples.empty() || samples.back().value != value) samples.push_back({now, value});
}

std::string Story::to_string(std::size_t most) const {
    std::size_t width = 0;
    for (const Line& line : lines_) width = std::max(width, line.who.size());
    std::string text;
    const std::size_t left_out = lines_.size() > most ? lines_.size() - most : 0;
    const std::size_t gap_from = most - most / 2;
    for (std::size_t number = 0; number < lines_.size(); ++number) {
        if (left_out > 0 && number == gap_from) {
            text += "              ... " + std::to_string(left_out) + " more lines ...\n";
            number += left_out;
            if (number >= lines_.size()) break;
        }
        const Line& line = lines_[number];
        char time[40];
        std::snprintf(time, sizeof time, "%12.6f  ",
                      std::chrono::duration<double>(line.at - Time{}).count());
        text += time + line.who + std::string(width - line.who.size() + 2, ' ') + line.text + '\n';
    }
    if (untold_ > 0) text += "              ... and " + std::to_string(untold_) + " more\n";
    return text;
}

}  // namespace fivetuple::sim

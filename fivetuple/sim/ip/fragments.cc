#include "fivetuple/sim/ip/fragments.h"

#include "fivetuple/base/assert.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace fivetuple::sim {

std::vector<Packet> fragment(Packet packet, std::size_t mtu, std::uint32_t identification) {
    std::vector<Packet> parts;
    if (packet.size() <= mtu) {
        parts.push_back(std::move(packet));
        return parts;
    }
    const auto view = read_ip(packet.bytes());
    FT_ASSERT(view.has_value(), "only what is a packet can be cut");
    IpHeader header = view->header;
    FT_ASSERT(!header.is_v4() || header.may_fragment, "this packet is not to be cut");
    const bool ends_whole = !header.more_fragments;
    const std::uint32_t begin = header.fragment_offset;
    if (!header.is_v4()) header.identification = identification;
    header.more_fragments = true;
    const std::size_t most = (mtu - header.written_size()) / 8 * 8;
    FT_ASSERT(most > 0 && most < mtu, "an MTU below what IP needs");

    parts.reserve(view->payload.size() / most + 1);
    std::size_t at = 0;
    do {
        const std::size_t size = std::min(most, view->payload.size() - at);
        header.fragment_offset = begin + static_cast<std::uint32_t>(at);
        header.more_fragments = at + size < view->payload.size() || !ends_whole;
        Packet part = make_ip(header, size);
        if (size > 0) {
            std::memcpy(payload_of(part, header).data(), view->payload.data() + at, size);
        }
        parts.push_back(std::move(part));
        at += size;
    } while (at < view->payload.size());
    return parts;
}

bool Reassembler::takes(Waiting& waiting, const IpView& fragment) {
    const std::size_t begin = fragment.header.fragment_offset;
    const std::size_t end = begin + fragment.payload.size();
    const bool is_last = !fragment.header.more_fragments;
    if (end > 65535 || fragment.payload.empty()) return false;
    if (!is_last && fragment.payload.size() % 8 != 0) return false;
    if (is_last && waiting.whole && *waiting.whole != end) return false;
    if (waiting.whole && end > *waiting.whole) return false;

    const auto behind = waiting.parts.lower_bound(static_cast<std::uint32_t>(begin));
    if (behind != waiting.parts.end() && behind->first < end) return false;
    if (behind != waiting.parts.begin()) {
        const auto before = std::prev(behind);
        if (before->first + before->second.size() > begin) return false;
    }
    if (is_last && behind != waiting.parts.end()) return false;
    if (is_last) waiting.whole = end;
    return true;
}

Packet Reassembler::join(Waiting& waiting) {
    IpHeader header = waiting.first;
    header.more_fragments = false;
    header.fragment_offset = 0;
    Packet whole = make_ip(header, *waiting.whole);
    MutableBytes to = payload_of(whole, header);
    for (const auto& [offset, part] : waiting.parts) {
        std::memcpy(to.data() + offset, part.bytes().data(), part.size());
    }
    return whole;
}

std::optional<Packet> Reassembler::add(const IpView& fragment, Time now) {
    const IpHeader& header = fragment.header;
    const Key key{header.source, header.destination, header.protocol, header.identification};
    const auto [place, is_new] = waiting_.try_emplace(key);
    Waiting& waiting = place->second;
    if (is_new) waiting.since = now;
    if (waiting.is_void) return std::nullopt;
    // The same fragment once more is no overlap: networks do duplicate.
    const auto same = waiting.parts.find(header.fragment_offset);
    if (same != waiting.parts.end() && std::ranges::equal(same->second.bytes(), fragment.payload)) {
        return std::nullopt;
    }
    if (!takes(waiting, fragment)) {
        // Its parts go at once, its name stays, so that late ones do not begin another.
        bytes_ -= waiting.bytes;
        waiting.bytes = 0;
        waiting.parts.clear();
        waiting.is_void = true;
        ++given_up_;
        make_room();
        return std::nullopt;
    }
    if (header.fragment_offset == 0) waiting.first = header;
    waiting.parts.emplace(header.fragment_offset, Packet::copy_of(fragment.payload));
    waiting.bytes += fragment.payload.size();
    bytes_ += fragment.payload.size();
    if (waiting.whole && waiting.bytes == *waiting.whole) {
        std::optional<Packet> done;
        // A packet that is over 64 KiB with its header can be no packet.
        if (*waiting.whole + waiting.first.written_size() <= 65535) done = join(waiting);
        forget(place);
        return done;
    }
    make_room();
    return std::nullopt;
}

void Reassembler::make_room() {
    while (bytes_ > kMostBytes || waiting_.size() > kMostPackets) {
        auto oldest = waiting_.begin();
        for (auto at = waiting_.begin(); at != waiting_.end(); ++at) {
            if (at->second.since < oldest->second.since) oldest = at;
        }
        ++given_up_;
        forget(oldest);
    }
}

void Reassembler::expire(Time now) {
    for (auto at = waiting_.begin(); at != waiting_.end();) {
        const auto next = std::next(at);
        if (after(at->second.since, kPatience) <= now) {
            if (!at->second.is_void) ++given_up_;
            forget(at);
        }
        at = next;
    }
}

Time Reassembler::next_deadline() const {
    Time first = kNever;
    for (const auto& [key, waiting] : waiting_) {
        first = std::min(first, after(waiting.since, kPatience));
    }
    return first;
}

void Reassembler::forget(std::map<Key, Waiting>::iterator which) {
    bytes_ -= which->second.bytes;
    waiting_.erase(which);
}

}  // namespace fivetuple::sim

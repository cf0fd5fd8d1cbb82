#include "fivetuple/sim/ip/fragments.h"
#include "fivetuple/sim/ip/icmp.h"
#include "fivetuple/sim/udp/datagram.h"

#include "fuzz/input.h"
#include <algorithm>
#include <utility>

using namespace fivetuple;

namespace {

constexpr Time kStart{};

// Most garbage is refused for its checksum: one that is right lets the rest be seen.
void seal(sim::Packet& packet) {
    MutableBytes bytes = packet.bytes();
    if (bytes.size() < 20 || static_cast<std::uint8_t>(bytes[0]) >> 4 != 4) return;
    const std::size_t header = (static_cast<std::uint8_t>(bytes[0]) & 0xfu) * 4;
    if (header < 20 || header > bytes.size()) return;
    put_integer(bytes.subspan(10), std::uint16_t{0});
    put_integer(bytes.subspan(10), internet_checksum(bytes.first(header)));
}

bool is_within(Bytes part, Bytes whole) {
    return part.empty() || (part.data() >= whole.data() &&
                            part.data() + part.size() <= whole.data() + whole.size());
}

void look_at(const sim::IpView& view, Bytes packet) {
    FT_ASSERT(is_within(view.payload, packet), "a payload is part of its packet");
    if (const auto datagram = sim::read_udp(view)) {
        FT_ASSERT(is_within(datagram->payload, packet), "so is a datagram's");
    }
    if (const auto error = sim::read_icmp_error(view)) {
        FT_ASSERT(is_within(error->about_payload, packet), "and what an error quotes");
        FT_ASSERT(!sim::deserves_icmp_error(view), "no error is about an error");
    }
    if (const auto reply = sim::answer_echo(view)) {
        FT_ASSERT(sim::read_ip(reply->bytes()).has_value(), "an answer is a packet");
    }
    if (sim::deserves_icmp_error(view)) {
        const sim::Packet error =
            sim::make_icmp_error(sim::IcmpReason::no_port, 0, view.header.destination, packet);
        FT_ASSERT(sim::read_ip(error.bytes()).has_value(), "an error is a packet");
    }
}

void cut_and_join(const sim::IpView& view, Bytes packet) {
    if (view.header.is_fragment()) return;
    if (view.header.is_v4() && !view.header.may_fragment) return;
    // What was cut comes together again; what stands behind the packet is no part of it.
    packet = packet.first(static_cast<std::size_t>(view.payload.data() - packet.data()) +
                          view.payload.size());
    sim::Reassembler joiner;
    std::optional<sim::Packet> joined;
    auto parts = sim::fragment(sim::Packet::copy_of(packet), 68 + packet.size() / 3, 7);
    if (parts.size() == 1) return;
    for (const sim::Packet& part : parts) joined = joiner.add(*sim::read_ip(part.bytes()), kStart);
    FT_ASSERT(joined.has_value(), "all parts make the whole");
    FT_ASSERT(std::ranges::equal(sim::read_ip(joined->bytes())->payload, view.payload),
              "the bytes are the same");
}

}  // namespace

// Packets from the wire, one behind the other: each is refused or understood within its bounds, and
// fragments never take more memory than they may.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzzing::Input input(data, size);
    sim::Reassembler joiner;
    while (!input.rest().empty()) {
        const bool sealed = input.choose(2) == 0;
        const std::size_t wanted = input.choose(256) * 4;
        const Bytes bytes = input.take(wanted);
        sim::Packet packet = sim::Packet::copy_of(bytes);
        if (sealed) seal(packet);
        const auto view = sim::read_ip(packet.bytes());
        if (!view) continue;
        look_at(*view, packet.bytes());
        cut_and_join(*view, packet.bytes());
        sim::Packet passed_on = sim::Packet::copy_of(packet.bytes());
        if (sim::take_hop(passed_on)) {
            FT_ASSERT(sim::read_ip(passed_on.bytes()).has_value(), "still a packet");
        }
        if (!view->header.is_fragment()) continue;
        if (const auto whole = joiner.add(*view, kStart)) {
            const auto read = sim::read_ip(whole->bytes());
            FT_ASSERT(read.has_value() && !read->header.is_fragment(), "whole again");
        }
        FT_ASSERT(joiner.bytes() <= sim::Reassembler::kMostBytes, "memory is bounded");
    }
    return 0;
}

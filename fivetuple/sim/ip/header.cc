#include "fivetuple/sim/ip/header.h"

#include "fivetuple/base/assert.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace fivetuple::sim {
namespace {

constexpr std::size_t kV4Size = 20;
constexpr std::size_t kV6Size = 40;
constexpr std::size_t kFragmentSize = 8;
constexpr std::uint8_t kFragment = 44;
constexpr std::uint16_t kDontFragment = 0x4000;
constexpr std::uint16_t kMoreFragments = 0x2000;
constexpr std::uint16_t kOffsetMask = 0x1fff;

std::uint8_t byte_at(Bytes bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

std::uint16_t word_at(Bytes bytes, std::size_t at) {
    return take_integer<std::uint16_t>(bytes.subspan(at));
}

void put_byte(MutableBytes bytes, std::size_t at, std::uint8_t value) {
    bytes[at] = static_cast<std::byte>(value);
}

IpAddress v4_at(Bytes bytes, std::size_t at) {
    IpAddress::V4Bytes raw;
    std::memcpy(raw.data(), bytes.data() + at, raw.size());
    return IpAddress(raw);
}

IpAddress v6_at(Bytes bytes, std::size_t at) {
    IpAddress::V6Bytes raw;
    std::memcpy(raw.data(), bytes.data() + at, raw.size());
    return IpAddress(raw);
}

std::unexpected<Error> wrong(const char* why) {
    return std::unexpected(Error::malformed("read_ip", why));
}

Result<IpView> read_v4(Bytes packet) {
    if (packet.size() < kV4Size) return wrong("the IPv4 header is cut short");
    const std::size_t header_size = (byte_at(packet, 0) & 0xf) * std::size_t{4};
    const std::size_t size = word_at(packet, 2);
    if (header_size < kV4Size || header_size > size) return wrong("its header length lies");
    if (size > packet.size()) return wrong("its length says more than came");
    if (internet_checksum(packet.first(header_size)) != 0)
        return wrong("its header checksum is wrong");

    const std::uint16_t place = word_at(packet, 6);
    IpView view;
    view.header = {.source = v4_at(packet, 12),
                   .destination = v4_at(packet, 16),
                   .protocol = static_cast<IpProtocol>(byte_at(packet, 9)),
                   .hops = byte_at(packet, 8),
                   .traffic_class = byte_at(packet, 1),
                   .may_fragment = (place & kDontFragment) == 0,
                   .identification = word_at(packet, 4),
                   .fragment_offset = (place & kOffsetMask) * std::uint32_t{8},
                   .more_fragments = (place & kMoreFragments) != 0};
    view.payload = packet.subspan(header_size, size - header_size);
    return view;
}

// Goes over one header behind the IPv6 header; false where what follows is the payload.
Result<bool> read_extension(IpView& view, std::uint8_t& next) {
    constexpr std::uint8_t kHopByHop = 0;
    constexpr std::uint8_t kDestination = 60;
    Bytes& rest = view.payload;
    if (next == kFragment) {
        if (rest.size() < kFragmentSize) return wrong("its fragment header is cut short");
        const std::uint16_t place = word_at(rest, 2);
        view.header.fragment_offset = place & 0xfff8u;
        view.header.more_fragments = (place & 1) != 0;
        view.header.identification = take_integer<std::uint32_t>(rest.subspan(4));
        next = byte_at(rest, 0);
        rest = rest.subspan(kFragmentSize);
        // What follows a later fragment's header is not a header.
        return view.header.fragment_offset == 0;
    }
    if (next != kHopByHop && next != kDestination) return false;
    if (rest.size() < 8) return wrong("an extension header is cut short");
    const std::size_t size = (byte_at(rest, 1) + std::size_t{1}) * 8;
    if (size > rest.size()) return wrong("an extension header's length lies");
    next = byte_at(rest, 0);
    rest = rest.subspan(size);
    return true;
}

Result<IpView> read_v6(Bytes packet) {
    if (packet.size() < kV6Size) return wrong("the IPv6 header is cut short");
    const std::size_t size = word_at(packet, 4);
    if (size > packet.size() - kV6Size) return wrong("its length says more than came");
    const std::uint16_t front = word_at(packet, 0);
    IpView view;
    view.header = {.source = v6_at(packet, 8),
                   .destination = v6_at(packet, 24),
                   .hops = byte_at(packet, 7),
                   .traffic_class = static_cast<std::uint8_t>(front >> 4)};
    view.payload = packet.subspan(kV6Size, size);
    std::uint8_t next = byte_at(packet, 6);
    while (true) {
        FT_TRY(const bool goes_on, read_extension(view, next));
        if (!goes_on) break;
    }
    view.header.protocol = static_cast<IpProtocol>(next);
    return view;
}

void write_v4(MutableBytes to, const IpHeader& header) {
    put_byte(to, 0, 0x45);
    put_byte(to, 1, header.traffic_class);
    put_integer(to.subspan(2), static_cast<std::uint16_t>(to.size()));
    put_integer(to.subspan(4), static_cast<std::uint16_t>(header.identification));
    auto place = static_cast<std::uint16_t>(header.fragment_offset / 8);
    if (!header.may_fragment) place |= kDontFragment;
    if (header.more_fragments) place |= kMoreFragments;
    put_integer(to.subspan(6), place);
    put_byte(to, 8, header.hops);
    put_byte(to, 9, static_cast<std::uint8_t>(header.protocol));
    put_integer(to.subspan(10), std::uint16_t{0});
    const auto source = header.source.v4_bytes();
    const auto destination = header.destination.v4_bytes();
    std::memcpy(to.data() + 12, source.data(), source.size());
    std::memcpy(to.data() + 16, destination.data(), destination.size());
    put_integer(to.subspan(10), internet_checksum(to.first(kV4Size)));
}

void write_v6(MutableBytes to, const IpHeader& header) {
    put_integer(to, (std::uint32_t{6} << 28) | (std::uint32_t{header.traffic_class} << 20));
    put_integer(to.subspan(4), static_cast<std::uint16_t>(to.size() - kV6Size));
    put_byte(to, 6, header.is_fragment() ? kFragment : static_cast<std::uint8_t>(header.protocol));
    put_byte(to, 7, header.hops);
    std::memcpy(to.data() + 8, header.source.v6_bytes().data(), 16);
    std::memcpy(to.data() + 24, header.destination.v6_bytes().data(), 16);
    if (!header.is_fragment()) return;
    MutableBytes fragment = to.subspan(kV6Size);
    put_byte(fragment, 0, static_cast<std::uint8_t>(header.protocol));
    put_byte(fragment, 1, 0);
    const std::uint32_t place = header.fragment_offset | (header.more_fragments ? 1u : 0u);
    put_integer(fragment.subspan(2), static_cast<std::uint16_t>(place));
    put_integer(fragment.subspan(4), header.identification);
}

// A 16-bit word of an IPv4 header changes, and its checksum with it. RFC 1624
void change_word(MutableBytes packet, std::size_t at, std::uint16_t value) {
    const std::uint32_t before = word_at(packet, at);
    put_integer(packet.subspan(at), value);
    std::uint32_t sum = (~std::uint32_t{word_at(packet, 10)} & 0xffff) + (~before & 0xffff) + value;
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    put_integer(packet.subspan(10), static_cast<std::uint16_t>(~sum & 0xffff));
}

bool is_v4(Bytes packet) { return (byte_at(packet, 0) >> 4) == 4; }

}  // namespace

Result<IpView> read_ip(Bytes packet) {
    if (packet.empty()) return wrong("it is empty");
    switch (byte_at(packet, 0) >> 4) {
        case 4:
            return read_v4(packet);
        case 6:
            return read_v6(packet);
        default:
            return wrong("it is neither IPv4 nor IPv6");
    }
}

Packet make_ip(const IpHeader& header, PoolBytes payload) {
    FT_ASSERT(header.is_v4() == header.destination.is_v4(), "addresses of two kinds in one packet");
    const std::size_t size = header.written_size();
    if (payload.front_room() < size) payload = PoolBytes::copy_of(payload.bytes(), size);
    payload.grow_front(size);
    FT_ASSERT(payload.size() <= 65535 + (header.is_v4() ? 0 : kV6Size), "a packet over 64 KiB");
    if (header.is_v4()) {
        write_v4(payload.bytes(), header);
    } else {
        write_v6(payload.bytes(), header);
    }
    return Packet(std::move(payload));
}

Packet make_ip(const IpHeader& header, std::size_t payload_size) {
    return make_ip(header, PoolBytes(payload_size, header.written_size()));
}

IpAddress destination_of(Bytes packet) {
    return is_v4(packet) ? v4_at(packet, 16) : v6_at(packet, 24);
}

MutableBytes payload_of(Packet& packet, const IpHeader& header) {
    return packet.bytes().subspan(header.written_size());
}

bool take_hop(Packet& packet) {
    MutableBytes bytes = packet.bytes();
    const std::size_t at = is_v4(bytes) ? 8 : 7;
    const std::uint8_t hops = byte_at(bytes, at);
    if (hops <= 1) return false;
    if (at == 8) {
        change_word(bytes, 8, static_cast<std::uint16_t>(word_at(bytes, 8) - 0x100));
    } else {
        put_byte(bytes, at, static_cast<std::uint8_t>(hops - 1));
    }
    return true;
}

bool mark_congestion(Packet& packet) {
    MutableBytes bytes = packet.bytes();
    const bool v4 = is_v4(bytes);
    const std::uint16_t front = word_at(bytes, 0);
    const auto ecn = static_cast<std::uint16_t>(v4 ? 3 : 3 << 4);
    if ((front & ecn) == 0) return false;
    const auto marked = static_cast<std::uint16_t>(front | ecn);
    if (v4) {
        change_word(bytes, 0, marked);
    } else {
        put_integer(bytes, marked);
    }
    return true;
}

}  // namespace fivetuple::sim

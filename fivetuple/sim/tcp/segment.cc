#include "fivetuple/sim/tcp/segment.h"

#include "fivetuple/base/assert.h"
#include "fivetuple/os/internet_checksum.h"
#include "fivetuple/sim/tcp/segment_options.h"

#include <algorithm>
#include <cstring>

namespace fivetuple::sim::tcp {

namespace {

constexpr std::uint8_t kTcpProtocol = 6;
constexpr std::size_t kFlagsAt = 13;
constexpr std::size_t kChecksumAt = 16;

std::uint16_t checksum_of(Bytes segment, const IpAddress& from, const IpAddress& to) {
    InternetChecksum checksum;
    checksum.add_pseudo_header(from, to, kTcpProtocol, static_cast<std::uint32_t>(segment.size()));
    checksum.add(segment);
    return checksum.value();
}

std::uint8_t number_of(const Flags& flags) {
    return static_cast<std::uint8_t>(flags.fin << 0 | flags.syn << 1 | flags.rst << 2 |
                                     flags.psh << 3 | flags.ack << 4 | flags.urg << 5 |
                                     flags.ece << 6 | flags.cwr << 7);
}

Flags flags_of(std::uint8_t number) {
    const auto has = [number](int bit) { return (number >> bit & 1) != 0; };
    return {has(0), has(1), has(2), has(3), has(4), has(5), has(6), has(7)};
}

Error wrong(const char* why) { return Error::malformed("segment", why); }

// Into the front of a segment whose payload stands there already.
void write_header(const Segment& segment, const IpAddress& from, const IpAddress& to,
                  MutableBytes room) {
    const std::size_t options = segment.options.size();
    FT_ASSERT(options <= Segment::kMostOptionBytes, "a header has room for that");
    const std::size_t header = Segment::kHeaderBytes + options;
    put_integer(room, segment.source_port);
    put_integer(room.subspan(2), segment.destination_port);
    put_integer(room.subspan(4), segment.sequence.number());
    put_integer(room.subspan(8), segment.acknowledgement.number());
    room[12] = static_cast<std::byte>(header / 4 << 4);
    room[kFlagsAt] = static_cast<std::byte>(number_of(segment.flags));
    put_integer(room.subspan(14), segment.window);
    put_integer(room.subspan(kChecksumAt), std::uint16_t{0});
    put_integer(room.subspan(18), segment.urgent_pointer);
    write_options(segment.options, room.subspan(Segment::kHeaderBytes, options));
    put_integer(room.subspan(kChecksumAt), checksum_of(room, from, to));
}

// All but the payload, which begins behind so many bytes.
Result<std::size_t> parse_header(Bytes bytes, const IpAddress& from, const IpAddress& to,
                                 Segment& segment) {
    if (bytes.size() < Segment::kHeaderBytes) {
        return std::unexpected(wrong("it is shorter than a header"));
    }
    const std::size_t header = (std::to_integer<std::size_t>(bytes[12]) >> 4) * 4;
    if (header < Segment::kHeaderBytes || header > bytes.size()) {
        return std::unexpected(wrong("its header's length cannot be"));
    }
    if (checksum_of(bytes, from, to) != 0) return std::unexpected(wrong("its checksum is wrong"));
    segment.source_port = take_integer<std::uint16_t>(bytes);
    segment.destination_port = take_integer<std::uint16_t>(bytes.subspan(2));
    segment.sequence = Sequence(take_integer<std::uint32_t>(bytes.subspan(4)));
    segment.acknowledgement = Sequence(take_integer<std::uint32_t>(bytes.subspan(8)));
    segment.flags = flags_of(std::to_integer<std::uint8_t>(bytes[kFlagsAt]));
    segment.window = take_integer<std::uint16_t>(bytes.subspan(14));
    segment.urgent_pointer = take_integer<std::uint16_t>(bytes.subspan(18));
    segment.options = parse_options(
        bytes.subspan(Segment::kHeaderBytes, header - Segment::kHeaderBytes), segment.flags.syn);
    return header;
}

}  // namespace

bool SackBlocks::operator==(const SackBlocks& other) const {
    return std::equal(begin(), end(), other.begin(), other.end());
}

std::vector<std::byte> write_segment(const Segment& segment, const IpAddress& from,
                                     const IpAddress& to) {
    std::vector<std::byte> bytes(segment.wire_size());
    const Bytes payload = segment.payload;
    std::ranges::copy(payload, bytes.end() - static_cast<std::ptrdiff_t>(payload.size()));
    write_header(segment, from, to, bytes);
    return bytes;
}

PoolBytes write_in_place(Segment&& segment, const IpAddress& from, const IpAddress& to) {
    const std::size_t header = Segment::kHeaderBytes + segment.options.size();
    PoolBytes bytes = segment.payload.take();
    if (bytes.front_room() < Payload::kFront) {
        bytes = PoolBytes::copy_of(bytes.bytes(), Payload::kFront);
    }
    bytes.grow_front(header);
    write_header(segment, from, to, bytes.bytes());
    return bytes;
}

Result<Segment> parse_segment(Bytes bytes, const IpAddress& from, const IpAddress& to) {
    Segment segment;
    FT_TRY(const std::size_t header, parse_header(bytes, from, to, segment));
    segment.payload.assign(bytes.subspan(header));
    return segment;
}

Result<Segment> parse_in_place(PoolBytes bytes, const IpAddress& from, const IpAddress& to) {
    Segment segment;
    FT_TRY(const std::size_t header, parse_header(bytes.bytes(), from, to, segment));
    bytes.drop_front(header);
    segment.payload = Payload(std::move(bytes));
    return segment;
}

std::string Segment::to_string() const {
    std::string text;
    const auto letter = [&text](bool there, char name) {
        if (there) text += name;
    };
    letter(flags.syn, 'S');
    letter(flags.fin, 'F');
    letter(flags.rst, 'R');
    letter(flags.psh, 'P');
    letter(flags.urg, 'U');
    letter(flags.ece, 'E');
    letter(flags.cwr, 'W');
    letter(flags.ack, '.');
    const auto end_of_bytes = sequence + static_cast<std::uint32_t>(payload.size());
    text += ' ' + std::to_string(sequence.number()) + ':' + std::to_string(end_of_bytes.number()) +
            '(' + std::to_string(payload.size()) + ')';
    if (flags.ack) text += " ack " + std::to_string(acknowledgement.number());
    text += " win " + std::to_string(window);
    if (flags.urg) text += " urg " + std::to_string(urgent_pointer);
    const std::string shown = text_of_options(options);
    if (!shown.empty()) text += " <" + shown + '>';
    return text;
}

}  // namespace fivetuple::sim::tcp

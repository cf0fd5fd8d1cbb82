#include "fivetuple/os/icmp.h"

#include "fivetuple/os/ip_packet.h"
#include "fivetuple/os/ping_session.h"

#include "fuzz/input.h"
#include <algorithm>
#include <memory>

using namespace fivetuple;

namespace {

bool is_within(Bytes part, Bytes whole) {
    return part.empty() || (part.data() >= whole.data() &&
                            part.data() + part.size() <= whole.data() + whole.size());
}

void check_message(Family family, Bytes bytes) {
    const auto message = IcmpMessage::parse(family, bytes);
    FT_ASSERT(message.has_value() == (bytes.size() >= IcmpMessage::kHeader), "8 bytes are enough");
    if (!message) return;
    FT_ASSERT(!message->to_string().empty(), "every message has words");
    FT_ASSERT(is_within(message->body(), bytes), "the body is in it");
    FT_ASSERT(is_within(message->failed_packet(), bytes), "and so is what it quotes");
    message->path_mtu();
    const auto echo = message->echo();
    if (!echo) return;
    const auto room = std::make_unique<std::byte[]>(bytes.size());
    const auto size = write_echo(family, *echo, {room.get(), bytes.size()});
    FT_ASSERT(size.has_value() && *size == bytes.size(), "what was read can be written");
    const auto again = IcmpMessage::parse(family, Bytes(room.get(), *size));
    FT_ASSERT(again->echo()->sequence == echo->sequence, "and is the same");
    FT_ASSERT(family == Family::ipv6 || again->has_right_checksum(), "with the right checksum");
}

void check_packet(Bytes bytes) {
    if (const auto packet = Ipv4Packet::parse(bytes)) {
        FT_ASSERT(is_within(packet->header(), bytes), "the header is in it");
        FT_ASSERT(is_within(packet->options(), packet->header()), "the options are in the header");
        FT_ASSERT(is_within(packet->payload(), bytes), "the payload is in it");
        packet->has_right_checksum();
        FT_ASSERT(packet->from().is_v4() && packet->to().is_v4(), "it has addresses");
        check_message(Family::ipv4, packet->payload());
    }
    if (const auto packet = Ipv6Packet::parse(bytes)) {
        FT_ASSERT(is_within(packet->payload(), bytes), "the payload is in it");
        FT_ASSERT(packet->from().is_v6() && packet->to().is_v6(), "it has addresses");
        check_message(Family::ipv6, packet->payload());
    }
}

// Whatever comes, a ping counts no more answers than it has sent probes.
void check_session(Family family, PingMeans means, Bytes bytes) {
    PingSession session(family, means, 0x4141, 0x4141414141414141, {});
    const Time now{std::chrono::hours(1)};
    for (int at = 0; at < 3; ++at) session.make_probe(now, WallTime());
    Datagram datagram;
    datagram.bytes = bytes;
    datagram.size = bytes.size();
    session.read(datagram, now);
    DatagramFailure failure;
    failure.origin = DatagramFailure::Origin::icmp;
    failure.first_bytes_size = static_cast<std::uint8_t>(std::min<std::size_t>(bytes.size(), 8));
    std::ranges::copy(bytes.first(failure.first_bytes_size), failure.first_bytes.begin());
    session.read(failure, now);
    const PingStatistics& all = session.statistics();
    FT_ASSERT(all.received + all.failures <= all.sent, "one answer to each");
}

}  // namespace

// Packets and messages of any bytes are refused, or read without a look behind them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes bytes = fuzzing::Input(data, size).rest();
    // Memory that ends where the packet does, so that a look behind it is seen.
    const auto copy = std::make_unique<std::byte[]>(size);
    std::ranges::copy(bytes, copy.get());
    const Bytes packet(copy.get(), size);
    check_packet(packet);
    for (const Family family : {Family::ipv4, Family::ipv6}) {
        check_message(family, packet);
        for (const PingMeans means : {PingMeans::ping_socket, PingMeans::raw_socket}) {
            check_session(family, means, packet);
        }
    }
    return 0;
}

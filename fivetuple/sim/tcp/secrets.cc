#include "fivetuple/sim/tcp/secrets.h"

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/hash.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

namespace fivetuple::sim::tcp {

namespace {

constexpr std::array<std::uint16_t, 4> kSegmentSizes = {536, 1300, 1440, 1460};
constexpr std::uint32_t kCookieMask = 0xffffff;
constexpr unsigned kCookieBits = 24;
constexpr std::uint32_t kMostMinutes = 2;

std::uint32_t minute_of(Time now) {
    return static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::minutes>(now.time_since_epoch()).count());
}

std::size_t size_index(std::uint16_t segment_bytes) {
    std::size_t index = kSegmentSizes.size() - 1;
    while (index > 0 && kSegmentSizes[index] > segment_bytes) --index;
    return index;
}

}  // namespace

std::uint64_t Secrets::hash(const FiveTuple& tuple, std::uint64_t more) const {
    std::array<std::byte, 48> bytes{};
    const MutableBytes out(bytes);
    const auto put_ip = [&out](std::size_t at, const IpAddress& ip) {
        std::ranges::copy(std::as_bytes(std::span(ip.v6_bytes())),
                          out.begin() + static_cast<std::ptrdiff_t>(at));
    };
    put_ip(0, tuple.local.ip());
    put_ip(16, tuple.peer.ip());
    put_integer(out.subspan(32), tuple.local.port());
    put_integer(out.subspan(34), tuple.peer.port());
    put_integer(out.subspan(36), more);
    return hash_bytes(bytes.data(), bytes.size(), key_);
}

Sequence Secrets::initial_sequence(const FiveTuple& tuple, Time now) const {
    // A clock of 64 ns, as Linux has it.
    const auto ticks = static_cast<std::uint64_t>(now.time_since_epoch().count()) >> 6;
    return Sequence(static_cast<std::uint32_t>(hash(tuple, 1) + ticks));
}

TimestampClock Secrets::clock(const FiveTuple& tuple) const {
    return {static_cast<std::uint32_t>(hash(tuple, 2))};
}

// The peer's number is mixed in, and not only added, which is what Linux does: where the first byte
// of a stream is lost, the second one stands but one further on, and would pass for another size.
std::uint64_t Secrets::of_peer(Sequence theirs) const {
    return cookie_key_ ^ (std::uint64_t{theirs.number()} << 32);
}

Sequence Secrets::syn_cookie(const FiveTuple& tuple, Sequence theirs, std::uint16_t segment_bytes,
                             Time now) const {
    const std::uint32_t minute = minute_of(now);
    const auto data = static_cast<std::uint32_t>(size_index(segment_bytes));
    const auto first = static_cast<std::uint32_t>(hash(tuple, of_peer(theirs)));
    const auto second = static_cast<std::uint32_t>(hash(tuple, cookie_key_ + 1 + minute));
    return Sequence(first + theirs.number() + (minute << kCookieBits) +
                    ((second + data) & kCookieMask));
}

std::optional<std::uint16_t> Secrets::read_syn_cookie(const FiveTuple& tuple, Sequence theirs,
                                                      Sequence cookie, Time now) const {
    const auto first = static_cast<std::uint32_t>(hash(tuple, of_peer(theirs)));
    const std::uint32_t rest = cookie.number() - first - theirs.number();
    const std::uint32_t age = (minute_of(now) - (rest >> kCookieBits)) & 0xff;
    if (age >= kMostMinutes) return std::nullopt;
    const std::uint32_t minute = minute_of(now) - age;
    const auto second = static_cast<std::uint32_t>(hash(tuple, cookie_key_ + 1 + minute));
    const std::uint32_t data = (rest - second) & kCookieMask;
    if (data >= kSegmentSizes.size()) return std::nullopt;
    return kSegmentSizes[data];
}

FastOpenCookie Secrets::fast_open_cookie(const FiveTuple& tuple) const {
    FiveTuple pair = tuple;
    pair.local = pair.local.with_port(0);
    pair.peer = pair.peer.with_port(0);
    FastOpenCookie cookie;
    cookie.size = 8;
    put_integer(MutableBytes(cookie.bytes), hash(pair, cookie_key_ ^ 0x5a5a));
    return cookie;
}

}  // namespace fivetuple::sim::tcp

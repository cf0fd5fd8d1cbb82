#include "fivetuple/os/internet_checksum.h"

#include <cstddef>

namespace fivetuple {

void InternetChecksum::add(Bytes piece) {
    for (const std::byte each : piece) {
        const auto byte = std::to_integer<std::uint64_t>(each);
        sum_ += is_odd_ ? byte : byte << 8;
        is_odd_ = !is_odd_;
    }
}

void InternetChecksum::add_pseudo_header(const IpAddress& from, const IpAddress& to,
                                         std::uint8_t protocol, std::uint32_t length) {
    for (const IpAddress& each : {from, to}) {
        const auto v4 = each.v4_bytes();
        const Bytes v6 = std::as_bytes(std::span(each.v6_bytes()));
        add(each.is_v4() ? Bytes(std::as_bytes(std::span(v4))) : v6);
    }
    sum_ += (length >> 16) + (length & 0xffff) + protocol;
}

std::uint16_t InternetChecksum::value() const {
    std::uint64_t folded = sum_;
    while (folded > 0xffff) folded = (folded >> 16) + (folded & 0xffff);
    return static_cast<std::uint16_t>(~folded);
}

}  // namespace fivetuple

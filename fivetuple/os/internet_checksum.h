#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/os/ip_address.h"

#include <cstdint>

namespace fivetuple {

/// The sum that guards the headers of IP, ICMP, UDP and TCP, taken piece by piece. A packet whose
/// checksum field holds the right number sums up to 0. RFC 1071
class InternetChecksum {
public:
    /// Pieces of any length; they count as if they stood one behind the other.
    void add(Bytes piece);
    /// The addresses, length and protocol that UDP, TCP and ICMPv6 sum up beside their own bytes.
    /// RFC 9293 3.1, RFC 8200 8.1
    void add_pseudo_header(const IpAddress& from, const IpAddress& to, std::uint8_t protocol,
                           std::uint32_t length);

    /// What belongs into the header, as a number: big-endian once it stands there.
    std::uint16_t value() const;

private:
    std::uint64_t sum_ = 0;  // Of words in network order.
    bool is_odd_ = false;    // Whether the next byte is the second of a pair.
};

inline std::uint16_t internet_checksum(Bytes bytes) {
    InternetChecksum sum;
    sum.add(bytes);
    return sum.value();
}

}  // namespace fivetuple

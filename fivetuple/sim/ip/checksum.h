#pragma once

#include "fivetuple/base/bytes.h"

#include <cstdint>

namespace fivetuple::sim {

/// The sum that IP, TCP, UDP and ICMP guard their bytes by: ones' complement over 16-bit words. Of
/// what is added one after the other all but the last must have an even size. RFC 1071
class Checksum {
public:
    void add(Bytes bytes);
    /// One number in network order: a length, a protocol.
    void add(std::uint16_t word) { sum_ += word; }
    void add32(std::uint32_t words) { sum_ += (words >> 16) + (words & 0xffff); }

    /// The complement, which goes into the header; over bytes that hold a right one it is 0.
    std::uint16_t value() const;

private:
    std::uint64_t sum_ = 0;  // Of words in network order.
};

/// Of bytes that stand alone.
inline std::uint16_t checksum_of(Bytes bytes) {
    Checksum sum;
    sum.add(bytes);
    return sum.value();
}

}  // namespace fivetuple::sim

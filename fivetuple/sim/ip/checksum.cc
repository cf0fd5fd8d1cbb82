#include "fivetuple/sim/ip/checksum.h"

#include <bit>
#include <cstring>

namespace fivetuple::sim {

void Checksum::add(Bytes bytes) {
    // The sum does not mind which end of a word comes first, as long as all agree: words are added
    // as this machine reads them, eight bytes at a time, and turned once at the end.
    std::uint64_t sum = 0;
    while (bytes.size() >= 8) {
        std::uint64_t word;
        std::memcpy(&word, bytes.data(), sizeof word);
        sum += word & 0xffffffff;
        sum += word >> 32;
        bytes = bytes.subspan(8);
    }
    std::uint64_t rest = 0;
    if (!bytes.empty()) std::memcpy(&rest, bytes.data(), bytes.size());
    sum += rest & 0xffffffff;
    sum += rest >> 32;
    while ((sum >> 16) != 0) sum = (sum & 0xffff) + (sum >> 16);
    auto folded = static_cast<std::uint16_t>(sum);
    if constexpr (std::endian::native == std::endian::little) folded = std::byteswap(folded);
    sum_ += folded;
}

std::uint16_t Checksum::value() const {
    std::uint64_t sum = sum_;
    while ((sum >> 16) != 0) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum & 0xffff);
}

}  // namespace fivetuple::sim

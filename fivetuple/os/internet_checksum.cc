#include "fivetuple/os/internet_checksum.h"

#include <bit>
#include <cstddef>
#include <cstring>

namespace fivetuple {

namespace {

std::uint64_t folded(std::uint64_t sum) {
    while (sum > 0xffff) sum = (sum >> 16) + (sum & 0xffff);
    return sum;
}

// Words of 32 bits in lanes of 64, which have room for the carries of any packet.
using Lanes = std::uint64_t __attribute__((vector_size(16)));

}  // namespace

void InternetChecksum::add(Bytes piece) {
    if (piece.empty()) return;
    if (is_odd_) {
        sum_ += std::to_integer<std::uint64_t>(piece.front());
        piece = piece.subspan(1);
        is_odd_ = false;
    }
    is_odd_ = piece.size() % 2 != 0;
    // The sum does not mind which end of a word comes first, as long as all agree: words are added
    // as this machine reads them, sixteen bytes at a time, and turned once at the end.
    Lanes front{}, back{};
    for (; piece.size() >= 32; piece = piece.subspan(32)) {
        Lanes words[2];
        std::memcpy(words, piece.data(), sizeof words);
        front += (words[0] & 0xffffffff) + (words[0] >> 32);
        back += (words[1] & 0xffffffff) + (words[1] >> 32);
    }
    std::uint64_t sum = front[0] + front[1] + back[0] + back[1];
    while (piece.size() >= 8) {
        std::uint64_t word;
        std::memcpy(&word, piece.data(), sizeof word);
        sum += (word & 0xffffffff) + (word >> 32);
        piece = piece.subspan(8);
    }
    std::uint64_t rest = 0;
    if (!piece.empty()) std::memcpy(&rest, piece.data(), piece.size());
    auto words = static_cast<std::uint16_t>(folded(sum + (rest & 0xffffffff) + (rest >> 32)));
    if constexpr (std::endian::native == std::endian::little) words = std::byteswap(words);
    sum_ += words;
}

void InternetChecksum::add_pseudo_header(const IpAddress& from, const IpAddress& to,
                                         std::uint8_t protocol, std::uint32_t length) {
    for (const IpAddress* each : {&from, &to}) {
        if (each->is_v4()) {
            const auto v4 = each->v4_bytes();
            add(std::as_bytes(std::span(v4)));
        } else {
            add(std::as_bytes(std::span(each->v6_bytes())));
        }
    }
    sum_ += (length >> 16) + (length & 0xffff) + protocol;
}

std::uint16_t InternetChecksum::value() const { return static_cast<std::uint16_t>(~folded(sum_)); }

}  // namespace fivetuple

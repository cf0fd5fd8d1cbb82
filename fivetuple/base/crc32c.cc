#include "fivetuple/base/crc32c.h"

#include <array>
#include <cstddef>

namespace fivetuple {
namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // Its bits reversed, as bytes are sent.

// What a byte does to the sum from eight places: tables[n] is of a byte with n more behind it.
constexpr auto kTables = [] {
    std::array<std::array<std::uint32_t, 256>, 8> tables{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t sum = byte;
        for (int bit = 0; bit < 8; ++bit) sum = (sum >> 1) ^ ((sum & 1) != 0 ? kPolynomial : 0);
        tables[0][byte] = sum;
    }
    for (std::size_t place = 1; place < tables.size(); ++place) {
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const std::uint32_t nearer = tables[place - 1][byte];
            tables[place][byte] = (nearer >> 8) ^ tables[0][nearer & 255];
        }
    }
    return tables;
}();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(Bytes bytes, std::uint32_t before) {
    std::uint64_t sum = before ^ UINT32_MAX;
    for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
        sum = __builtin_ia32_crc32di(sum, take_integer<std::uint64_t>(bytes, ByteOrder::little));
    }
    auto rest = static_cast<std::uint32_t>(sum);
    for (const std::byte each : bytes) {
        rest = __builtin_ia32_crc32qi(rest, std::to_integer<std::uint8_t>(each));
    }
    return rest ^ UINT32_MAX;
}
#endif

}  // namespace

std::uint32_t crc32c_by_tables(Bytes bytes, std::uint32_t before) {
    std::uint32_t sum = before ^ UINT32_MAX;
    for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
        const std::uint64_t eight = take_integer<std::uint64_t>(bytes, ByteOrder::little) ^ sum;
        sum = 0;
        for (std::size_t at = 0; at < 8; ++at) sum ^= kTables[7 - at][(eight >> (8 * at)) & 255];
    }
    for (const std::byte each : bytes) {
        sum = (sum >> 8) ^ kTables[0][(sum ^ std::to_integer<std::uint32_t>(each)) & 255];
    }
    return sum ^ UINT32_MAX;
}

std::uint32_t crc32c(Bytes bytes, std::uint32_t before) {
#if defined(__x86_64__)
    static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
    if (has_instruction) return by_instruction(bytes, before);
#endif
    return crc32c_by_tables(bytes, before);
}

}  // namespace fivetuple

#include "fivetuple/os/hardware_address.h"

#include <algorithm>
#include <charconv>

namespace fivetuple {
namespace {

constexpr const char* kDigits = "0123456789abcdef";

Error bad(std::string_view text, std::string_view why) {
    return Error::malformed("hardware address", why).about("\"" + std::string(text) + "\"");
}

}  // namespace

Result<HardwareAddress> HardwareAddress::from_bytes(Bytes bytes) {
    if (bytes.size() > kMost) {
        return std::unexpected(Error::limit("hardware address", "it has more than 32 bytes"));
    }
    HardwareAddress address;
    std::ranges::copy(bytes, address.bytes_.begin());
    address.size_ = static_cast<std::uint8_t>(bytes.size());
    return address;
}

Result<HardwareAddress> HardwareAddress::parse(std::string_view text) {
    HardwareAddress address;
    std::string_view left = text;
    while (true) {
        const std::string_view pair = left.substr(0, left.find(':'));
        std::uint8_t value = 0;
        const char* begin = pair.data();
        const char* end = begin + pair.size();
        const auto [stop, failure] = std::from_chars(begin, end, value, 16);
        if (pair.size() != 2 || stop != end || failure != std::errc()) {
            return std::unexpected(bad(text, "it is not pairs of hexadecimal digits with colons"));
        }
        if (address.size_ == kMost) {
            return std::unexpected(Error::limit("hardware address", "it has more than 32 bytes"));
        }
        address.bytes_[address.size_++] = static_cast<std::byte>(value);
        if (pair.size() == left.size()) return address;
        left.remove_prefix(pair.size() + 1);
    }
}

std::string HardwareAddress::to_string() const {
    std::string text;
    for (const std::byte each : bytes()) {
        const auto value = std::to_integer<unsigned>(each);
        if (!text.empty()) text += ':';
        text += kDigits[value >> 4];
        text += kDigits[value & 15];
    }
    return text;
}

}  // namespace fivetuple

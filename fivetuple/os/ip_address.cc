#include "fivetuple/os/ip_address.h"

#include "fivetuple/base/hash.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace fivetuple {
namespace {

Error bad(std::string_view text, std::string_view why) {
    return Error::malformed("address", why).about("\"" + std::string(text) + "\"");
}

// The C library would read a text only as far as there.
bool has_zero_byte(std::string_view text) { return text.find('\0') != text.npos; }

bool read_as(int family, std::string_view text, std::uint8_t* bytes) {
    return !has_zero_byte(text) && ::inet_pton(family, std::string(text).c_str(), bytes) == 1;
}

Result<std::uint32_t> parse_scope(std::string_view whole, std::string_view name) {
    std::uint32_t index = 0;
    const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), index);
    if (failure == std::errc() && end == name.data() + name.size() && index != 0) return index;
    index = ::if_nametoindex(std::string(name).c_str());
    if (index != 0 && !has_zero_byte(name)) return index;
    return std::unexpected(
        bad(whole, "there is no interface \"" + std::string(name) + "\" behind the %"));
}

// What a person most likely meant by a text that is not an IPv4 address.
std::string_view what_is_wrong_with_v4(std::string_view text) {
    const bool digits_and_dots = text.find_first_not_of("0123456789.") == text.npos;
    if (text.empty()) return "it is empty";
    if (!digits_and_dots) return "it is neither an IPv4 nor an IPv6 address";
    if (std::ranges::count(text, '.') != 3) return "an IPv4 address has four numbers";
    return "each number of an IPv4 address is 0 to 255, without leading zeros";
}

}  // namespace

IpAddress::IpAddress(V4Bytes bytes) { std::ranges::copy(bytes, bytes_.begin()); }

IpAddress::IpAddress(const V6Bytes& bytes, std::uint32_t scope)
    : bytes_(bytes), scope_(scope), is_v4_(false) {}

IpAddress IpAddress::loopback_v6() {
    V6Bytes one{};
    one[15] = 1;
    return IpAddress(one);
}

Result<IpAddress> IpAddress::parse(std::string_view text) {
    if (text.find(':') == text.npos) {
        V4Bytes v4;
        if (read_as(AF_INET, text, v4.data())) return IpAddress(v4);
        return std::unexpected(bad(text, what_is_wrong_with_v4(text)));
    }
    const std::size_t percent = text.find('%');
    V6Bytes v6;
    if (!read_as(AF_INET6, text.substr(0, percent), v6.data())) {
        return std::unexpected(bad(text, "it is not an IPv6 address"));
    }
    if (percent == text.npos) return IpAddress(v6);
    FT_TRY(const std::uint32_t scope, parse_scope(text, text.substr(percent + 1)));
    return IpAddress(v6, scope);
}

std::string IpAddress::to_string() const {
    char room[INET6_ADDRSTRLEN];
    ::inet_ntop(is_v4_ ? AF_INET : AF_INET6, bytes_.data(), room, sizeof room);
    std::string text = room;
    if (scope_ == 0) return text;
    char name[IF_NAMESIZE];
    text += '%';
    return text +
           (::if_indextoname(scope_, name) != nullptr ? std::string(name) : std::to_string(scope_));
}

bool IpAddress::is_unspecified() const {
    return std::ranges::all_of(unmapped().bytes_, [](std::uint8_t byte) { return byte == 0; });
}

bool IpAddress::is_loopback() const {
    const IpAddress plain = unmapped();
    return plain.is_v4_ ? plain.bytes_[0] == 127 : bytes_ == loopback_v6().bytes_;
}

bool IpAddress::is_multicast() const {
    const IpAddress plain = unmapped();
    return plain.is_v4_ ? (plain.bytes_[0] & 0xf0) == 0xe0 : bytes_[0] == 0xff;
}

bool IpAddress::is_link_local() const {
    const IpAddress plain = unmapped();
    return plain.is_v4_ ? plain.bytes_[0] == 169 && plain.bytes_[1] == 254
                        : bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;
}

IpAddress IpAddress::unmapped() const {
    constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (is_v4_ || !std::equal(kMapped.begin(), kMapped.end(), bytes_.begin())) return *this;
    return IpAddress(V4Bytes{bytes_[12], bytes_[13], bytes_[14], bytes_[15]});
}

IpAddress::V4Bytes IpAddress::v4_bytes() const {
    return {bytes_[0], bytes_[1], bytes_[2], bytes_[3]};
}

std::strong_ordering operator<=>(const IpAddress& a, const IpAddress& b) {
    if (a.is_v4_ != b.is_v4_) {
        return a.is_v4_ ? std::strong_ordering::less : std::strong_ordering::greater;
    }
    if (const int order = std::memcmp(a.bytes_.data(), b.bytes_.data(), a.bytes_.size())) {
        return order <=> 0;
    }
    return a.scope_ <=> b.scope_;
}

std::size_t IpAddress::hash() const {
    return hash_bytes(bytes_.data(), bytes_.size(), scope_ * 2 + (is_v4_ ? 1 : 0));
}

}  // namespace fivetuple

#include "fivetuple/os/ip_network.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <span>

namespace fivetuple {
namespace {

constexpr unsigned kMappedPrefix = 96;  // Of ::ffff:0:0/96, the IPv4 addresses.

unsigned bits_of(const IpAddress& address) { return address.is_v4() ? 32 : 128; }

// The address with the bits behind the first `prefix` all 0, or all 1; without a scope.
IpAddress with_rest(const IpAddress& address, unsigned prefix, bool ones) {
    const auto fill = [&](std::span<std::uint8_t> bytes) {
        for (unsigned at = 0; at < bytes.size(); ++at) {
            const unsigned kept = prefix <= at * 8 ? 0 : std::min(prefix - at * 8, 8U);
            const auto rest = static_cast<std::uint8_t>(0xff >> kept);
            bytes[at] = static_cast<std::uint8_t>(ones ? bytes[at] | rest : bytes[at] & ~rest);
        }
    };
    if (address.is_v4()) {
        auto bytes = address.v4_bytes();
        fill(bytes);
        return IpAddress(bytes);
    }
    auto bytes = address.v6_bytes();
    fill(bytes);
    return IpAddress(bytes);
}

Error bad(std::string_view text, std::string_view why) {
    return Error::malformed("network", why).about("\"" + std::string(text) + "\"");
}

}  // namespace

IpNetwork::IpNetwork(const IpAddress& member, unsigned prefix) {
    const IpAddress plain = member.unmapped();
    const bool was_mapped = plain.is_v4() && member.is_v6();
    if (was_mapped && prefix >= kMappedPrefix) {
        prefix_ = std::min(prefix, 128U) - kMappedPrefix;
        first_ = with_rest(plain, prefix_, false);
    } else {
        prefix_ = std::min(prefix, bits_of(member));
        first_ = with_rest(member, prefix_, false);
    }
}

Result<IpNetwork> IpNetwork::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    const std::string_view front = text.substr(0, slash);
    if (front.find('%') != front.npos) {
        return std::unexpected(bad(text, "a network is of no single interface"));
    }
    auto address = IpAddress::parse(front);
    if (!address) return std::unexpected(bad(text, address.error().reason()));
    const unsigned most = bits_of(*address);
    if (slash == text.npos) return IpNetwork(*address, most);
    const std::string_view digits = text.substr(slash + 1);
    unsigned prefix = 0;
    const auto [end, failure] =
        std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
    const bool is_number = failure == std::errc() && end == digits.data() + digits.size() &&
                           (digits.size() == 1 || digits.front() != '0');
    if (!is_number || prefix > most) {
        return std::unexpected(
            bad(text, "behind the slash stands a number of bits, 0 to " + std::to_string(most)));
    }
    if (with_rest(*address, prefix, false) != *address) {
        const std::string meant = IpNetwork(*address, prefix).to_string();
        return std::unexpected(bad(text, "it has bits behind its prefix; " + meant + " has none"));
    }
    return IpNetwork(*address, prefix);
}

std::string IpNetwork::to_string() const {
    return first_.to_string() + "/" + std::to_string(prefix_);
}

bool IpNetwork::contains(const IpAddress& address) const {
    const IpAddress plain = address.unmapped();
    return plain.is_v4() == is_v4() && with_rest(plain, prefix_, false) == first_;
}

bool IpNetwork::contains(const IpNetwork& other) const {
    return other.is_v4() == is_v4() && other.prefix_ >= prefix_ &&
           with_rest(other.first_, prefix_, false) == first_;
}

IpAddress IpNetwork::last() const { return with_rest(first_, prefix_, true); }

}  // namespace fivetuple

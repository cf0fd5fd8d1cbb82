#include "fivetuple/server/proxy_addresses.h"

#include <algorithm>

namespace fivetuple {
namespace {

SocketAddress mapped(const SocketAddress& address) {
    const IpAddress ip = address.ip();
    if (ip.is_v6()) return {IpAddress(ip.v6_bytes()), address.port()};
    IpAddress::V6Bytes bytes{};
    bytes[10] = bytes[11] = 0xff;
    std::ranges::copy(ip.v4_bytes(), bytes.begin() + 12);
    return {IpAddress(bytes), address.port()};
}

}  // namespace

Result<ProxyAddresses> alike(const SocketAddress& from, const SocketAddress& to) {
    if (from.is_unix() && to.is_unix()) return ProxyAddresses{from, to};
    if (!from.is_ip() || !to.is_ip()) {
        return std::unexpected(
            Error::unsupported("PROXY header", "its addresses are two of IP, or two of Unix"));
    }
    const IpAddress plain_from = from.ip().unmapped();
    const IpAddress plain_to = to.ip().unmapped();
    if (plain_from.is_v4() && plain_to.is_v4()) {
        return ProxyAddresses{{plain_from, from.port()}, {plain_to, to.port()}};
    }
    return ProxyAddresses{mapped(from), mapped(to)};
}

std::string plain_text_of(const IpAddress& address) {
    return address.is_v4() ? address.to_string() : IpAddress(address.v6_bytes()).to_string();
}

}  // namespace fivetuple

#include "fivetuple/os/options/tcp_md5.h"

#include "fivetuple/os/address.h"
#include "fivetuple/os/socket_kind.h"

#include <netinet/tcp.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace fivetuple {
namespace {

static_assert(TcpMd5Key::key.number == TCP_MD5SIG);
static_assert(TcpMd5Key::extended_key.number == TCP_MD5SIG_EXT);
constexpr std::uint8_t kPrefixFlag = 1;
constexpr std::uint8_t kInterfaceFlag = 2;

// The kernel's struct tcp_md5sig; the C library's does not name the interface.
struct Raw {
    sockaddr_storage address;
    std::uint8_t flags;
    std::uint8_t prefix_bits;
    std::uint16_t secret_size;
    std::int32_t interface;
    std::uint8_t secret[TCP_MD5SIG_MAXKEYLEN];
};
static_assert(sizeof(Raw) == sizeof(tcp_md5sig));
static_assert(offsetof(Raw, secret) == offsetof(tcp_md5sig, tcpm_key));

IpAddress mapped(const IpAddress& v4) {
    const auto bytes = v4.v4_bytes();
    IpAddress::V6Bytes wide{};
    wide[10] = wide[11] = 0xff;
    std::ranges::copy(bytes, wide.begin() + 12);
    return IpAddress(wide);
}

Error wrong(const OptionKey& key, const char* why) {
    return Error::system(EINVAL, "setsockopt").about(key.name).because(why);
}

}  // namespace

Result<void> TcpMd5Key::write_to(OptionAccess socket) const {
    const OptionKey& used = used_key();
    if (secret.size() > TCP_MD5SIG_MAXKEYLEN) {
        return std::unexpected(wrong(used, "a secret has at most 80 bytes"));
    }
    const SocketKind kind = kind_of(socket);
    if (peer.is_v6() && kind == SocketKind::tcp_v4) {
        return std::unexpected(wrong(used, "an IPv4 socket has no IPv6 peer"));
    }
    const bool needs_mapping = peer.is_v4() && kind == SocketKind::tcp_v6;
    const SocketAddress address(needs_mapping ? mapped(peer) : peer, 0);

    Raw raw{};
    std::memcpy(&raw.address, address.raw(), address.raw_size());
    raw.secret_size = static_cast<std::uint16_t>(secret.size());
    std::memcpy(raw.secret, secret.data(), secret.size());
    if (prefix_bits) {
        raw.flags |= kPrefixFlag;
        // The kernel counts the bits of an IPv4 peer as the address has them, mapped or not.
        raw.prefix_bits = *prefix_bits;
    }
    if (interface) {
        raw.flags |= kInterfaceFlag;
        raw.interface = static_cast<int>(*interface);
    }
    auto written = write_option(socket, used, std::as_bytes(std::span(&raw, 1)));
    if (!written && secret.empty() && written.error().is(ENOENT)) {
        return std::unexpected(
            std::move(written).error().because("there is no secret for this peer"));
    }
    return written;
}

std::string TcpMd5Key::to_string() const {
    std::string text = secret.empty() ? "no secret" : "a secret";
    text += " for " + peer.to_string();
    if (prefix_bits) text += "/" + std::to_string(*prefix_bits);
    if (interface) text += " by interface " + std::to_string(*interface);
    return text;
}

}  // namespace fivetuple

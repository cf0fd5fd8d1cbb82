#include "fivetuple/os/address.h"

#include "fivetuple/base/hash.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>

namespace fivetuple {
namespace {

constexpr std::size_t kUnixNameMax = sizeof(sockaddr_un::sun_path) - 1;
constexpr socklen_t kUnixHeader = offsetof(sockaddr_un, sun_path);

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

Error bad(std::string_view text, std::string_view why) {
    return Error::malformed("address", why).about(quoted(text));
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

// A Unix name may hold any byte; those that a terminal would not show travel as \xNN.
std::string escape(std::string_view name) {
    constexpr char kHex[] = "0123456789abcdef";
    std::string text;
    for (const char c : name) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7f && c != '\\') {
            text += c;
        } else {
            text += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
        }
    }
    return text;
}

std::string unescape(std::string_view text) {
    std::string name;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool escaped = text[at] == '\\' && at + 3 < text.size() && text[at + 1] == 'x' &&
                             hex_digit(text[at + 2]) >= 0 && hex_digit(text[at + 3]) >= 0;
        if (!escaped) {
            name += text[at];
        } else {
            name += static_cast<char>(hex_digit(text[at + 2]) * 16 + hex_digit(text[at + 3]));
            at += 3;
        }
    }
    return name;
}

Error too_long(std::string_view name) {
    return Error::limit("address", "a Unix socket's name has at most 107 bytes, this one " +
                                       std::to_string(name.size()))
        .about(quoted(escape(name)));
}

Result<std::uint16_t> parse_port(std::string_view whole, std::string_view text) {
    if (text.empty()) return std::unexpected(bad(whole, "the port behind the colon is missing"));
    unsigned long port = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (end != text.data() + text.size() || failure == std::errc::invalid_argument) {
        return std::unexpected(bad(whole, "the port " + quoted(text) + " is not a number"));
    }
    if (failure != std::errc() || port > UINT16_MAX) {
        return std::unexpected(bad(whole, "port " + std::string(text) + " is over 65535"));
    }
    return static_cast<std::uint16_t>(port);
}

Result<IpAddress> parse_host(std::string_view whole, std::string_view host) {
    if (host == "*") return IpAddress::any_v6();
    if (host == "localhost") return IpAddress::loopback_v4();
    if (host.find_first_not_of("0123456789.") != host.npos && !host.starts_with('[')) {
        return std::unexpected(
            bad(whole, quoted(host) + " is a name; write an IP address (names are not looked up)"));
    }
    auto ip = IpAddress::parse(host);
    if (!ip) return std::unexpected(bad(whole, ip.error().reason()));
    return *ip;
}

Result<SocketAddress> parse_ip(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (text.starts_with('[')) {
        const std::size_t close = text.find(']');
        if (close == text.npos) return std::unexpected(bad(text, "the ] is missing"));
        if (close == 1) return std::unexpected(bad(text, "there is no address in the brackets"));
        auto ip = IpAddress::parse(text.substr(1, close - 1));
        if (!ip) return std::unexpected(bad(text, ip.error().reason()));
        if (ip->is_v4()) return std::unexpected(bad(text, "brackets are for IPv6 addresses"));
        if (close + 1 >= text.size() || text[close + 1] != ':') {
            return std::unexpected(bad(text, "it has no port; write it as [ADDRESS]:PORT"));
        }
        FT_TRY(const std::uint16_t port, parse_port(text, text.substr(close + 2)));
        return SocketAddress(*ip, port);
    }
    if (colon == text.npos) {
        return std::unexpected(bad(text, "it has no port; write it as ADDRESS:PORT"));
    }
    if (text.find(':') != colon) {
        return std::unexpected(bad(text, "an IPv6 address goes in brackets: [ADDRESS]:PORT"));
    }
    if (colon == 0) return std::unexpected(bad(text, "the address before the colon is missing"));
    FT_TRY(const IpAddress ip, parse_host(text, text.substr(0, colon)));
    FT_TRY(const std::uint16_t port, parse_port(text, text.substr(colon + 1)));
    return SocketAddress(ip, port);
}

Result<std::uint32_t> parse_cid(std::string_view whole, std::string_view text) {
    if (text == "*") return SocketAddress::kAnyCid;
    if (text == "local") return SocketAddress::kLocalCid;
    if (text == "host") return SocketAddress::kHostCid;
    std::uint32_t cid = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), cid);
    if (text.empty() || failure != std::errc() || end != text.data() + text.size()) {
        return std::unexpected(bad(
            whole, "a machine of vsock is a number, `*`, `local` or `host`, not " + quoted(text)));
    }
    return cid;
}

// What is behind `vsock:`. Its ports have 32 bits.
Result<SocketAddress> parse_vsock(std::string_view whole, std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == text.npos) {
        return std::unexpected(bad(whole, "it has no port; write it as vsock:MACHINE:PORT"));
    }
    FT_TRY(const std::uint32_t cid, parse_cid(whole, text.substr(0, colon)));
    const std::string_view digits = text.substr(colon + 1);
    std::uint32_t port = 0;
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    const bool is_whole = !digits.empty() && end == digits.data() + digits.size();
    if (failure != std::errc() || !is_whole || port == UINT32_MAX) {
        return std::unexpected(
            bad(whole, "the port " + quoted(digits) + " is not a number below 4294967295"));
    }
    return SocketAddress::vsock(cid, port);
}

}  // namespace

SocketAddress::SocketAddress() : size_(sizeof(sa_family_t)) {
    std::memset(&raw_, 0, sizeof raw_);
    raw_.any.sa_family = AF_UNSPEC;
}

SocketAddress::SocketAddress(const IpAddress& ip, std::uint16_t port) : SocketAddress() {
    if (ip.is_v4()) {
        raw_.v4.sin_family = AF_INET;
        raw_.v4.sin_port = htons(port);
        std::memcpy(&raw_.v4.sin_addr, ip.v4_bytes().data(), 4);
        size_ = sizeof raw_.v4;
    } else {
        raw_.v6.sin6_family = AF_INET6;
        raw_.v6.sin6_port = htons(port);
        raw_.v6.sin6_scope_id = ip.scope();
        std::memcpy(&raw_.v6.sin6_addr, ip.v6_bytes().data(), 16);
        size_ = sizeof raw_.v6;
    }
}

Result<SocketAddress> SocketAddress::unix_path(std::string_view path) {
    if (path.empty()) return std::unexpected(bad(path, "a Unix socket's path is empty"));
    if (path.find('\0') != path.npos) {
        return std::unexpected(bad(escape(path), "a path cannot hold a zero byte"));
    }
    if (path.size() > kUnixNameMax) return std::unexpected(too_long(path));
    SocketAddress address = unix_unnamed();
    path.copy(address.raw_.un.sun_path, path.size());
    address.size_ += static_cast<socklen_t>(path.size() + 1);
    return address;
}

Result<SocketAddress> SocketAddress::unix_abstract(std::string_view name) {
    if (name.size() > kUnixNameMax) return std::unexpected(too_long(name));
    SocketAddress address = unix_unnamed();
    name.copy(address.raw_.un.sun_path + 1, name.size());
    address.size_ += static_cast<socklen_t>(name.size() + 1);
    return address;
}

SocketAddress SocketAddress::unix_unnamed() {
    SocketAddress address;
    address.raw_.un.sun_family = AF_UNIX;
    address.size_ = kUnixHeader;
    return address;
}

SocketAddress SocketAddress::vsock(std::uint32_t cid, std::uint32_t port) {
    SocketAddress address;
    address.raw_.vm.svm_family = AF_VSOCK;
    address.raw_.vm.svm_cid = cid;
    address.raw_.vm.svm_port = port == 0 ? VMADDR_PORT_ANY : port;
    address.size_ = sizeof address.raw_.vm;
    return address;
}

Result<SocketAddress> SocketAddress::parse(std::string_view text) {
    if (text.empty()) return std::unexpected(bad(text, "it is empty"));
    if (text.starts_with("vsock:")) return parse_vsock(text, text.substr(6));
    if (text.starts_with("unix:")) {
        const std::string_view name = text.substr(5);
        if (name.empty()) return unix_unnamed();
        return name.starts_with('@') ? unix_abstract(unescape(name.substr(1)))
                                     : unix_path(unescape(name));
    }
    if (text.starts_with('@')) return unix_abstract(unescape(text.substr(1)));
    if (text.starts_with('/') || text.starts_with("./") || text.starts_with("../")) {
        return unix_path(unescape(text));
    }
    return parse_ip(text);
}

std::string SocketAddress::to_string() const {
    switch (family()) {
        case Family::ipv4:
            return ip().to_string() + ":" + std::to_string(port());
        case Family::ipv6:
            return "[" + ip().to_string() + "]:" + std::to_string(port());
        case Family::unix_domain: {
            const std::string_view name = unix_name();
            if (is_abstract()) return "unix:@" + escape(name);
            // A path that begins like an abstract name must not be read back as one.
            if (name.starts_with('@')) return "unix:\\x40" + escape(name.substr(1));
            return "unix:" + escape(name);
        }
        case Family::vsock:
            return "vsock:" + (cid() == kAnyCid ? "*" : std::to_string(cid())) + ":" +
                   std::to_string(vsock_port());
        case Family::none:
            break;
    }
    return "none";
}

Result<SocketAddress> SocketAddress::from_raw(const sockaddr* raw, socklen_t size) {
    SocketAddress address;
    const auto fits = [&](int family, socklen_t least, socklen_t most) {
        return raw->sa_family == family && size >= least && size <= most;
    };
    if (size < sizeof(sa_family_t) || size > sizeof address.raw_) {
        return std::unexpected(Error::malformed("address", "its length is impossible"));
    }
    if (!fits(AF_INET, sizeof(sockaddr_in), sizeof(sockaddr_in)) &&
        !fits(AF_INET6, sizeof(sockaddr_in6), sizeof(sockaddr_in6)) &&
        !fits(AF_UNIX, kUnixHeader, sizeof(sockaddr_un)) &&
        !fits(AF_VSOCK, sizeof(sockaddr_vm), sizeof(sockaddr_vm))) {
        return std::unexpected(Error::malformed("address", "its family or length is unknown"));
    }
    std::memcpy(&address.raw_, raw, size);
    address.size_ = size;
    if (raw->sa_family == AF_UNIX && size > kUnixHeader && address.raw_.un.sun_path[0] != '\0') {
        // The kernel may or may not count the zero byte behind a path; we always do, once.
        return unix_path(
            {address.raw_.un.sun_path, ::strnlen(address.raw_.un.sun_path, size - kUnixHeader)});
    }
    return address;
}

Family SocketAddress::family() const {
    switch (raw_.any.sa_family) {
        case AF_INET:
            return Family::ipv4;
        case AF_INET6:
            return Family::ipv6;
        case AF_UNIX:
            return Family::unix_domain;
        case AF_VSOCK:
            return Family::vsock;
        default:
            return Family::none;
    }
}

IpAddress SocketAddress::ip() const {
    if (family() == Family::ipv4) {
        IpAddress::V4Bytes bytes;
        std::memcpy(bytes.data(), &raw_.v4.sin_addr, bytes.size());
        return IpAddress(bytes);
    }
    if (family() != Family::ipv6) return {};
    IpAddress::V6Bytes bytes;
    std::memcpy(bytes.data(), &raw_.v6.sin6_addr, bytes.size());
    return IpAddress(bytes, raw_.v6.sin6_scope_id);
}

std::uint16_t SocketAddress::port() const {
    if (family() == Family::ipv4) return ntohs(raw_.v4.sin_port);
    return family() == Family::ipv6 ? ntohs(raw_.v6.sin6_port) : 0;
}

SocketAddress SocketAddress::with_port(std::uint16_t port) const {
    return is_ip() ? SocketAddress(ip(), port) : *this;
}

std::uint32_t SocketAddress::cid() const { return is_vsock() ? raw_.vm.svm_cid : 0; }

std::uint32_t SocketAddress::vsock_port() const {
    return is_vsock() && raw_.vm.svm_port != VMADDR_PORT_ANY ? raw_.vm.svm_port : 0;
}

std::string_view SocketAddress::unix_name() const {
    if (!is_unix() || is_unnamed()) return {};
    const std::size_t size = size_ - kUnixHeader - 1;
    return {raw_.un.sun_path + (is_abstract() ? 1 : 0), size};
}

bool SocketAddress::is_abstract() const {
    return is_unix() && size_ > kUnixHeader && raw_.un.sun_path[0] == '\0';
}

bool SocketAddress::is_unnamed() const { return is_unix() && size_ == kUnixHeader; }

std::strong_ordering operator<=>(const SocketAddress& a, const SocketAddress& b) {
    if (a.family() != b.family()) return a.family() <=> b.family();
    if (a.is_ip()) {
        const auto order = a.ip() <=> b.ip();
        return order != 0 ? order : a.port() <=> b.port();
    }
    if (a.is_vsock()) {
        const auto order = a.cid() <=> b.cid();
        return order != 0 ? order : a.vsock_port() <=> b.vsock_port();
    }
    if (a.is_abstract() != b.is_abstract()) return a.is_abstract() <=> b.is_abstract();
    if (a.is_unnamed() != b.is_unnamed()) return b.is_unnamed() <=> a.is_unnamed();
    return a.unix_name() <=> b.unix_name();
}

std::size_t SocketAddress::hash() const {
    if (is_ip()) return ip().hash() * 31 + port();
    if (is_vsock()) return std::size_t{cid()} * 0x9e3779b1U + vsock_port();
    const std::string_view name = unix_name();
    return hash_bytes(name.data(), name.size(), size_ * 2 + (is_abstract() ? 1 : 0));
}

}  // namespace fivetuple

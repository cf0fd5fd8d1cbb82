#include "fivetuple/server/proxy_binary.h"

#include "fivetuple/base/crc32c.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <cstring>

namespace fivetuple {
namespace {

Error bad(std::string_view why) { return Error::malformed("PROXY header", why); }

std::uint8_t number_of(std::byte byte) { return std::to_integer<std::uint8_t>(byte); }

// A name that others print and compare: no byte of it is a control character or a space.
Result<std::string> read_name(Bytes value, std::string_view what) {
    const auto text = text_of(value);
    const bool is_plain = std::ranges::all_of(
        text, [](char each) { return static_cast<unsigned char>(each) > ' ' && each != '\x7f'; });
    if (value.empty() || value.size() > 255 || !is_plain) {
        return std::unexpected(bad("its " + std::string(what) + " is no name"));
    }
    return std::string(text);
}

// What people choose, as the name in a certificate, may have spaces.
Result<std::string> read_text(Bytes value) {
    const auto text = text_of(value);
    const bool is_plain = std::ranges::none_of(
        text, [](char each) { return static_cast<unsigned char>(each) < ' ' || each == '\x7f'; });
    if (!is_plain) return std::unexpected(bad("a text of its TLS has control characters"));
    return std::string(text);
}

// Calls take(kind, value) for each field, until one is not well.
template <class Take>
Result<void> for_each_field(Bytes fields, Take take) {
    while (!fields.empty()) {
        if (fields.size() < kProxyFieldFront) return std::unexpected(bad("a field is cut short"));
        const std::size_t size = take_integer<std::uint16_t>(fields.subspan(1));
        if (size > fields.size() - kProxyFieldFront) {
            return std::unexpected(bad("a field is longer than what is left"));
        }
        FT_TRY_VOID(take(number_of(fields[0]), fields.subspan(kProxyFieldFront, size)));
        fields = fields.subspan(kProxyFieldFront + size);
    }
    return {};
}

std::string* text_of_tls(ProxyTls& tls, std::uint8_t kind) {
    switch (kind) {
        case ProxyFieldKind::tls_version:
            return &tls.version;
        case ProxyFieldKind::tls_common_name:
            return &tls.common_name;
        case ProxyFieldKind::tls_cipher:
            return &tls.cipher;
        case ProxyFieldKind::tls_signature_algorithm:
            return &tls.signature_algorithm;
        case ProxyFieldKind::tls_key_algorithm:
            return &tls.key_algorithm;
        default:
            return nullptr;
    }
}

Result<ProxyTls> read_tls(Bytes value) {
    constexpr std::size_t kFront = 5;
    if (value.size() < kFront) return std::unexpected(bad("its TLS field is cut short"));
    const std::uint8_t client = number_of(value[0]);
    ProxyTls tls;
    tls.is_tls = (client & 1) != 0;
    tls.sent_certificate = (client & 2) != 0;
    tls.sent_in_session = (client & 4) != 0;
    tls.is_verified = (client & 6) != 0 && take_integer<std::uint32_t>(value.subspan(1)) == 0;
    FT_TRY_VOID(
        for_each_field(value.subspan(kFront), [&](std::uint8_t kind, Bytes text) -> Result<void> {
            std::string* const place = text_of_tls(tls, kind);
            if (place == nullptr) return {};
            FT_TRY(*place, read_text(text));
            return {};
        }));
    return tls;
}

// The sum is of the whole header, with zeros where the sum stands.
bool is_sum_right(Bytes whole, Bytes sum) {
    constexpr std::array<std::byte, 4> kZeros{};
    const auto before = static_cast<std::size_t>(sum.data() - whole.data());
    std::uint32_t counted = crc32c(whole.first(before));
    counted = crc32c(kZeros, counted);
    counted = crc32c(whole.subspan(before + sum.size()), counted);
    return counted == take_integer<std::uint32_t>(sum);
}

Result<void> check_sum(Bytes whole, Bytes sum) {
    if (sum.size() != 4) return std::unexpected(bad("its checksum has not 4 bytes"));
    if (!is_sum_right(whole, sum)) return std::unexpected(bad("its checksum is wrong"));
    return {};
}

Result<void> take_field(ProxyHeader& header, Bytes whole, std::uint8_t kind, Bytes value) {
    if (kind == ProxyFieldKind::alpn) {
        FT_TRY(header.application_protocol, read_name(value, "application protocol"));
    } else if (kind == ProxyFieldKind::authority) {
        FT_TRY(header.authority, read_name(value, "authority"));
    } else if (kind == ProxyFieldKind::network_namespace) {
        FT_TRY(header.network_namespace, read_name(value, "network namespace"));
    } else if (kind == ProxyFieldKind::tls) {
        FT_TRY(header.tls, read_tls(value));
    } else if (kind == ProxyFieldKind::crc32c) {
        FT_TRY_VOID(check_sum(whole, value));
        header.has_checksum = true;
    } else if (kind != ProxyFieldKind::unique_id) {
        header.others.push_back({kind, {value.begin(), value.end()}});
    } else if (value.size() > kProxyUniqueIdMost) {
        return std::unexpected(bad("its unique id has over 128 bytes"));
    } else {
        header.unique_id.assign(value.begin(), value.end());
    }
    return {};
}

bool may_come_once(std::uint8_t kind) {
    return kind == ProxyFieldKind::alpn || kind == ProxyFieldKind::authority ||
           kind == ProxyFieldKind::crc32c || kind == ProxyFieldKind::unique_id ||
           kind == ProxyFieldKind::tls || kind == ProxyFieldKind::network_namespace;
}

Result<void> read_fields(ProxyHeader& header, Bytes whole, Bytes fields) {
    std::bitset<256> seen;
    return for_each_field(fields, [&](std::uint8_t kind, Bytes value) -> Result<void> {
        if (kind == ProxyFieldKind::nothing) return {};
        if (seen.test(kind) && may_come_once(kind)) {
            return std::unexpected(bad("a field that has one meaning comes twice"));
        }
        seen.set(kind);
        return take_field(header, whole, kind, value);
    });
}

Result<SocketAddress> read_unix(Bytes field) {
    const std::string_view text = text_of(field);
    if (text.front() != '\0') return SocketAddress::unix_path(text.substr(0, text.find('\0')));
    const std::size_t last = text.find_last_not_of('\0');
    if (last == text.npos) return SocketAddress::unix_unnamed();
    return SocketAddress::unix_abstract(text.substr(1, last));
}

// How a family is laid out: bytes of an address, and of a port.
struct Layout {
    std::size_t address;
    std::size_t port;
    std::size_t size() const { return 2 * (address + port); }
};
constexpr std::array<Layout, 4> kLayouts{{{0, 0}, {4, 2}, {16, 2}, {108, 0}}};

Result<SocketAddress> read_address(Bytes field, Bytes port) {
    if (field.size() == 108) return read_unix(field);
    const auto number = take_integer<std::uint16_t>(port);
    if (field.size() == 4) {
        IpAddress::V4Bytes bytes;
        std::memcpy(bytes.data(), field.data(), bytes.size());
        return SocketAddress(IpAddress(bytes), number);
    }
    IpAddress::V6Bytes bytes;
    std::memcpy(bytes.data(), field.data(), bytes.size());
    return SocketAddress(IpAddress(bytes), number);
}

Result<ProxyHeader> read_whole(Bytes whole) {
    ProxyHeader header;
    header.size = whole.size();
    const unsigned family = number_of(whole[13]) >> 4;
    const unsigned transport = number_of(whole[13]) & 15;
    header.is_local = (number_of(whole[12]) & 15) == 0;
    // Of a proxy that speaks for itself all the rest is to be ignored.
    if (header.is_local) return header;
    header.is_datagram = transport == 2;
    const Layout layout = kLayouts[family];
    Bytes rest = whole.subspan(kProxyBinaryFront);
    if (rest.size() < layout.size()) {
        return std::unexpected(bad("it is shorter than the addresses of its family"));
    }
    if (family != 0) {
        const Bytes ports = rest.subspan(2 * layout.address);
        FT_TRY(header.from, read_address(rest.first(layout.address), ports.first(layout.port)));
        FT_TRY(header.to, read_address(rest.subspan(layout.address, layout.address),
                                       ports.subspan(layout.port, layout.port)));
    }
    FT_TRY_VOID(read_fields(header, whole, rest.subspan(layout.size())));
    return header;
}

// What the first 16 bytes say that cannot be.
Result<void> check_front(Bytes front) {
    if (front.size() > 12) {
        if (number_of(front[12]) >> 4 != 2) return std::unexpected(bad("its version is not 2"));
        if ((number_of(front[12]) & 15) > 1) {
            return std::unexpected(bad("its command is neither LOCAL nor PROXY"));
        }
    }
    if (front.size() > 13 && (number_of(front[12]) & 15) == 1) {
        const unsigned family = number_of(front[13]) >> 4;
        const unsigned transport = number_of(front[13]) & 15;
        // Both are known, or neither is.
        if (family > 3 || transport > 2 || (family == 0) != (transport == 0)) {
            return std::unexpected(bad("its family and transport are none that there are"));
        }
    }
    return {};
}

std::size_t whole_size(Bytes front) {
    return kProxyBinaryFront + take_integer<std::uint16_t>(front.subspan(14));
}

}  // namespace

Result<std::optional<ProxyHeader>> find_proxy_binary(Bytes front, std::size_t bytes_max) {
    FT_TRY_VOID(check_front(front));
    if (front.size() < kProxyBinaryFront) return std::nullopt;
    const std::size_t size = whole_size(front);
    if (size > bytes_max) {
        return std::unexpected(
            Error::limit("PROXY header", "it says that it has " + std::to_string(size) +
                                             " bytes; the limit is " + std::to_string(bytes_max)));
    }
    if (front.size() < size) return std::nullopt;
    FT_TRY(ProxyHeader header, read_whole(front.first(size)));
    return header;
}

std::size_t proxy_binary_missing(Bytes front) {
    if (front.size() < kProxyBinaryFront) return kProxyBinaryFront - front.size();
    return std::max<std::size_t>(whole_size(front), front.size() + 1) - front.size();
}

}  // namespace fivetuple

#include "fivetuple/base/crc32c.h"
#include "fivetuple/server/proxy_addresses.h"
#include "fivetuple/server/proxy_binary.h"

#include <array>
#include <cstdint>

namespace fivetuple {
namespace {

using Block = std::vector<std::byte>;

void add(Block& block, Bytes bytes) { block.insert(block.end(), bytes.begin(), bytes.end()); }

template <std::unsigned_integral U>
void add_number(Block& block, U value) {
    std::array<std::byte, sizeof value> bytes;
    put_integer(bytes, value);
    add(block, bytes);
}

void add_padded(Block& block, std::string_view text, std::size_t size) {
    add(block, bytes_of(text));
    block.resize(block.size() + size - text.size());
}

Result<void> add_field(Block& block, std::uint8_t kind, Bytes value) {
    if (value.size() > UINT16_MAX) {
        return std::unexpected(Error::limit("PROXY header", "a field has over 65,535 bytes"));
    }
    add_number(block, kind);
    add_number(block, static_cast<std::uint16_t>(value.size()));
    add(block, value);
    return {};
}

Result<void> add_text(Block& block, std::uint8_t kind, std::string_view text) {
    if (text.empty()) return {};
    return add_field(block, kind, bytes_of(text));
}

Result<void> add_tls(Block& block, const ProxyTls& tls) {
    Block value;
    const unsigned client =
        (tls.is_tls ? 1U : 0U) | (tls.sent_certificate ? 2U : 0U) | (tls.sent_in_session ? 4U : 0U);
    add_number(value, static_cast<std::uint8_t>(client));
    add_number(value, std::uint32_t{tls.is_verified ? 0U : 1U});
    FT_TRY_VOID(add_text(value, ProxyFieldKind::tls_version, tls.version));
    FT_TRY_VOID(add_text(value, ProxyFieldKind::tls_common_name, tls.common_name));
    FT_TRY_VOID(add_text(value, ProxyFieldKind::tls_cipher, tls.cipher));
    FT_TRY_VOID(add_text(value, ProxyFieldKind::tls_signature_algorithm, tls.signature_algorithm));
    FT_TRY_VOID(add_text(value, ProxyFieldKind::tls_key_algorithm, tls.key_algorithm));
    return add_field(block, ProxyFieldKind::tls, value);
}

std::string unix_field_of(const SocketAddress& address) {
    std::string text(address.unix_name());
    return address.is_abstract() ? std::string(1, '\0') + text : text;
}

void add_addresses(Block& block, const ProxyAddresses& both) {
    if (both.from.is_unix()) {
        add_padded(block, unix_field_of(both.from), 108);
        add_padded(block, unix_field_of(both.to), 108);
        return;
    }
    for (const SocketAddress& each : {both.from, both.to}) {
        const IpAddress::V6Bytes bytes = each.ip().v6_bytes();  // IPv4's are in the first four.
        add(block, std::as_bytes(std::span(bytes)).first(each.ip().is_v4() ? 4 : 16));
    }
    add_number(block, both.from.port());
    add_number(block, both.to.port());
}

unsigned family_number(const SocketAddress& address) {
    if (address.is_unix()) return 3;
    return address.ip().is_v4() ? 1 : 2;
}

Result<void> add_fields(Block& block, const ProxyHeader& header) {
    if (header.unique_id.size() > kProxyUniqueIdMost) {
        return std::unexpected(Error::limit("PROXY header", "its unique id has over 128 bytes"));
    }
    FT_TRY_VOID(add_text(block, ProxyFieldKind::alpn, header.application_protocol));
    FT_TRY_VOID(add_text(block, ProxyFieldKind::authority, header.authority));
    if (!header.unique_id.empty()) {
        FT_TRY_VOID(add_field(block, ProxyFieldKind::unique_id, header.unique_id));
    }
    if (header.tls) FT_TRY_VOID(add_tls(block, *header.tls));
    FT_TRY_VOID(add_text(block, ProxyFieldKind::network_namespace, header.network_namespace));
    for (const ProxyField& field : header.others) {
        FT_TRY_VOID(add_field(block, field.kind, field.value));
    }
    return {};
}

}  // namespace

Result<std::vector<std::byte>> to_proxy_v2(const ProxyHeader& header) {
    Block block;
    add(block, bytes_of(kProxyBinaryStart));
    add_number(block, static_cast<std::uint8_t>(header.is_local ? 0x20 : 0x21));
    const bool has_addresses = !header.is_local && header.knows_client();
    ProxyAddresses both;
    if (has_addresses) {
        FT_TRY(both, alike(header.from, header.to));
    }
    const unsigned transport = header.is_datagram ? 2 : 1;
    const unsigned kind = has_addresses ? (family_number(both.from) << 4) | transport : 0;
    add_number(block, static_cast<std::uint8_t>(kind));
    add_number(block, std::uint16_t{0});
    if (has_addresses) add_addresses(block, both);
    if (!header.is_local) FT_TRY_VOID(add_fields(block, header));
    std::size_t sum_at = 0;
    if (header.has_checksum && !header.is_local) {
        constexpr std::array<std::byte, 4> kZeros{};
        FT_TRY_VOID(add_field(block, ProxyFieldKind::crc32c, kZeros));
        sum_at = block.size() - 4;
    }
    const std::size_t size = block.size() - kProxyBinaryFront;
    if (size > UINT16_MAX) {
        return std::unexpected(Error::limit("PROXY header", "it has over 65,535 bytes"));
    }
    put_integer(std::span(block).subspan(14), static_cast<std::uint16_t>(size));
    if (sum_at > 0) put_integer(std::span(block).subspan(sum_at), crc32c(block));
    return block;
}

}  // namespace fivetuple

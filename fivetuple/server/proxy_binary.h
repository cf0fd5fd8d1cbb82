#pragma once

#include "fivetuple/server/proxy_header.h"

#include <string_view>

// Version 2 of the PROXY protocol, a block of bytes: what proxy_header.h is made of.
namespace fivetuple {

inline constexpr std::string_view kProxyBinaryStart("\r\n\r\n\0\r\nQUIT\n", 12);
/// The start, version and command, family, length: what stands in front of the addresses.
inline constexpr std::size_t kProxyBinaryFront = 16;

/// As find_proxy_header(), of bytes that begin as such a block.
Result<std::optional<ProxyHeader>> find_proxy_binary(Bytes front, std::size_t bytes_max);
/// As proxy_bytes_missing(), of at least 12 bytes.
std::size_t proxy_binary_missing(Bytes front);

/// The kinds of field that have a meaning.
struct ProxyFieldKind {
    static constexpr std::uint8_t alpn = 0x01;
    static constexpr std::uint8_t authority = 0x02;
    static constexpr std::uint8_t crc32c = 0x03;
    static constexpr std::uint8_t nothing = 0x04;
    static constexpr std::uint8_t unique_id = 0x05;
    static constexpr std::uint8_t tls = 0x20;
    static constexpr std::uint8_t tls_version = 0x21;
    static constexpr std::uint8_t tls_common_name = 0x22;
    static constexpr std::uint8_t tls_cipher = 0x23;
    static constexpr std::uint8_t tls_signature_algorithm = 0x24;
    static constexpr std::uint8_t tls_key_algorithm = 0x25;
    static constexpr std::uint8_t network_namespace = 0x30;
};

/// Kind and length, in front of the value.
inline constexpr std::size_t kProxyFieldFront = 3;
inline constexpr std::size_t kProxyUniqueIdMost = 128;

}  // namespace fivetuple

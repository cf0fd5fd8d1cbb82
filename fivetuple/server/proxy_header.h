#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/result.h"
#include "fivetuple/os/address.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// The PROXY protocol: how a proxy tells, in front of all else, whom it speaks for. Bytes only.
// haproxy's proxy-protocol.txt
namespace fivetuple {

/// What a proxy tells of its client's TLS. PP2_TYPE_SSL
struct ProxyTls {
    bool is_tls = false;            ///< The client came by TLS.
    bool sent_certificate = false;  ///< It sent a certificate on this connection,
    bool sent_in_session = false;   ///< or at least once in the TLS session.
    bool is_verified = false;       ///< A certificate came, and was verified.
    std::string version = {};       ///< As `TLSv1.3`.
    std::string common_name = {};   ///< Of the certificate's subject.
    std::string cipher = {};
    std::string signature_algorithm = {};  ///< Of the server's certificate.
    std::string key_algorithm = {};        ///< Of the server's certificate.
    bool operator==(const ProxyTls&) const = default;
};

/// A field of a kind that has no meaning here, as those from 0xE0 on, which anybody may use.
struct ProxyField {
    std::uint8_t kind = 0;
    std::vector<std::byte> value = {};
    bool operator==(const ProxyField&) const = default;
};

/// What a PROXY header says.
struct ProxyHeader {
    std::uint8_t version = 2;
    /// The proxy speaks for itself, as when it asks whether we are well (LOCAL of version 2).
    bool is_local = false;
    /// Datagrams are passed on, not a stream.
    bool is_datagram = false;
    /// The client, and what it connected to. Of no family where the proxy does not know (UNKNOWN,
    /// UNSPEC), or is_local: then the connection's own addresses count.
    SocketAddress from = {};
    SocketAddress to = {};

    // The fields of version 2.
    std::string application_protocol = {};  ///< As ALPN names it: `h2`, `http/1.1`.
    std::string authority = {};             ///< The host name that the client asked for (SNI).
    std::vector<std::byte> unique_id = {};  ///< Of the connection; at most 128 bytes.
    std::optional<ProxyTls> tls = {};
    std::string network_namespace = {};
    bool has_checksum = false;  ///< It had a CRC32C; a wrong one is an error.
    std::vector<ProxyField> others = {};

    /// Of a header that was read: how many bytes it took.
    std::size_t size = 0;

    bool knows_client() const { return from.family() != Family::none; }
    bool operator==(const ProxyHeader&) const = default;
};

/// What is accepted of a PROXY header.
struct ProxyLimits {
    /// Of version 2, with all of its fields; one of version 1 has at most 107 bytes anyway.
    std::size_t bytes_max = 4096;
    bool takes_v1 = true;
    bool takes_v2 = true;
};

/// Looks for a header at the front of a stream, of which `front` has come so far. None where it is
/// not whole yet. Errors, as soon as it can be known: malformed, saying what is wrong; limit.
Result<std::optional<ProxyHeader>> find_proxy_header(Bytes front, const ProxyLimits& limits = {});

/// How many bytes can be received at least without taking any from behind the header: of a header
/// that find_proxy_header() has found not whole yet. Never 0.
std::size_t proxy_bytes_missing(Bytes front);

/// A header of version 1, for a stream of TCP; PROXY UNKNOWN where the client is not known. An IPv4
/// address beside one of IPv6 is written as a mapped one.
/// Errors: unsupported, for addresses that are not IP.
Result<std::string> to_proxy_v1(const ProxyHeader& header);

/// A header of version 2; with its CRC32C where has_checksum says so.
/// Errors: unsupported, for addresses of two kinds; limit, where a field or all of it is too long.
Result<std::vector<std::byte>> to_proxy_v2(const ProxyHeader& header);

}  // namespace fivetuple

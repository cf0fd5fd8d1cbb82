#pragma once

#include "fivetuple/os/address.h"

#include <compare>
#include <string>

namespace fivetuple {

/// What bytes travel by.
enum class Protocol : std::uint8_t { tcp, udp, unix_stream, vsock_stream };

/// By what a stream with such an end travels.
Protocol stream_protocol(const SocketAddress& end);

/// What makes a connection that connection: protocol, our address and port, the peer's address and
/// port. Can be compared, hashed and printed.
struct FiveTuple {
    Protocol protocol = Protocol::tcp;
    SocketAddress local;
    SocketAddress peer;

    /// `tcp 10.0.0.1:443 <-> 10.0.0.7:51234`: ours, then the peer's.
    std::string to_string() const;
    /// The same connection as its other end sees it.
    FiveTuple reversed() const { return {protocol, peer, local}; }

    auto operator<=>(const FiveTuple&) const = default;
    std::size_t hash() const;
};

}  // namespace fivetuple

template <>
struct std::hash<fivetuple::FiveTuple> {
    std::size_t operator()(const fivetuple::FiveTuple& tuple) const { return tuple.hash(); }
};

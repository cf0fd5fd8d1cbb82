#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/os/address.h"

#include <string>

// The two addresses of a PROXY header, which are of one kind: what proxy_header.h is made of.
namespace fivetuple {

struct ProxyAddresses {
    SocketAddress from;
    SocketAddress to;
};

/// The same two as one family: mapped IPv4 addresses as IPv4, and IPv4 beside IPv6 as mapped ones.
/// Errors: unsupported, where one is no IP address and the other is, or both are of neither kind.
Result<ProxyAddresses> alike(const SocketAddress& from, const SocketAddress& to);

/// Without the interface of a scoped address.
std::string plain_text_of(const IpAddress& address);

}  // namespace fivetuple

#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/os/address.h"

#include <cstdint>

namespace fivetuple {

/// The number by which this machine is known to its host and to its guests.
/// Errors: unsupported, where there is neither. vsock(7), IOCTL_VM_SOCKETS_GET_LOCAL_CID
Result<std::uint32_t> local_cid();

/// Whether this machine can connect to itself (the module vsock_loopback). Nothing is sent to find
/// out.
bool has_vsock_loopback();

/// An error of `call`, malformed, unless `address` is one of vsock.
Result<void> expect_vsock(const SocketAddress& address, const char* call);

/// Whether connecting to `to` reaches what it names. Without a loopback the kernel hands a
/// connection to this machine itself on to the host, which knows nothing of it.
/// Errors: unsupported, saying what is missing; malformed, where it is no address of vsock.
Result<void> check_vsock_peer(const SocketAddress& to);

}  // namespace fivetuple

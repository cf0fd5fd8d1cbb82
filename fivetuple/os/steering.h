#pragma once

#include "fivetuple/os/bpf.h"

// Programs for ReusePortSteering: which of the sockets that share an address gets what arrives.
// The sockets are numbered from 0, in the order in which they were bound; where one is closed, the
// last takes its number, so the program must be attached anew when their count changes.
namespace fivetuple {

/// The socket of the processor that handles the packet: each worker that is pinned to a processor
/// gets what arrives there.
bpf::Program steer_by_cpu(unsigned sockets);

/// By the device's hash of the connection. On loopback the kernel's own; 0 where there is none.
bpf::Program steer_by_hash(unsigned sockets);

/// By the peer's address and port: the same peer always reaches the same socket, on every machine.
/// IPv4 and IPv6, TCP and UDP.
bpf::Program steer_by_peer(unsigned sockets);

/// All to one of them.
bpf::Program steer_to(unsigned socket);

}  // namespace fivetuple

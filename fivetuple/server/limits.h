#pragma once

#include "fivetuple/base/time.h"

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace fivetuple {

/// What a server allows. All are on unless they are turned off, which is what kUnlimited and
/// kForever are for. docs/server.md says why each default is what it is.
struct ServerLimits {
    static constexpr std::size_t kUnlimited = SIZE_MAX;
    static constexpr Duration kForever = Duration::max();

    /// Connections open at a time; over all workers, threads or processes.
    std::size_t connections = 10'000;
    /// Of one address, and of one network: an IPv4 /24, an IPv6 /56. Peers in the Unix domain are
    /// not counted by address, nor are loopback's unless `count_loopback`.
    std::size_t per_address = 256;
    std::size_t per_network = 1024;
    bool count_loopback = false;
    /// Connections accepted in a second, by each worker; who comes too fast waits in the kernel's
    /// queue.
    std::size_t accepts_per_second = 5'000;

    /// Until the first byte has come.
    Duration first_byte = std::chrono::seconds(10);
    /// Without a byte either way, while the handler waits for input.
    Duration idle = std::chrono::seconds(60);
    /// For one write of the handler, whole: a peer that does not read.
    Duration write = std::chrono::seconds(30);
    /// Of a connection, whatever goes on.
    Duration lifetime = std::chrono::hours(24);

    /// Bytes that handlers may hold by Connection::hold(), each and all.
    std::size_t held_each = std::size_t{1} << 20;
    std::size_t held_all = std::size_t{256} << 20;

    /// What is still read of a peer, and thrown away, behind the last answer, so that the answer is
    /// not lost: bytes, time without any, and time in all.
    std::size_t linger_bytes = std::size_t{16} << 20;
    Duration linger_silence = std::chrono::seconds(2);
    Duration linger = std::chrono::seconds(10);

    /// Out of descriptors: who waits to be accepted is left waiting for so long, then turned away.
    Duration shortage_patience = std::chrono::seconds(1);
};

}  // namespace fivetuple

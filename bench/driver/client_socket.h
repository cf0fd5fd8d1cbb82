#pragma once

#include "fd.h"

#include <netinet/in.h>
#include <sys/epoll.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace bench {

/// A TCP socket that is not connected yet. With a `source` other than 0 it has that address (host
/// byte order); `flags` as those of socket(2).
Fd open_socket(std::uint32_t source = 0, int flags = 0);

/// A connected TCP socket whose connect and send block, for some seconds at most. With a
/// `source` other than 0 it comes from that address (host byte order).
Fd connect_to(const sockaddr_in& server, std::uint32_t source = 0);

/// Makes closing reset the connection: a benchmark that closes ten thousand at once would otherwise
/// leave the kernel a minute of TIME_WAIT for each, which the next measurement would feel.
void reset_at_close(const Fd& socket);

/// Sends all of it or throws a Failure.
void send_all(const Fd& socket, const char* bytes, std::size_t size);

/// Receives what is there into `buffer`, without waiting: 0 when there is nothing. Throws a Failure
/// when the connection has ended.
std::size_t receive_some(const Fd& socket, std::span<char> buffer);

/// Compares what came with the part of the request that it must equal. Throws a Failure otherwise.
void must_equal(std::span<const char> received, const char* expected, std::size_t still_due);

/// The sockets of a load, waited for together.
class Readiness {
public:
    Readiness();
    void add(const Fd& socket, std::uint32_t index);
    /// The events of those that are readable; throws a Failure when there are none for seconds.
    std::span<const epoll_event> wait();

private:
    Fd epoll_;
    std::vector<epoll_event> events_;
};

}  // namespace bench

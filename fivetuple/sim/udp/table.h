#pragma once

#include "fivetuple/base/random.h"
#include "fivetuple/sim/udp/socket.h"

#include <cstdint>
#include <map>
#include <vector>

namespace fivetuple::sim::udp {

/// Which UDP sockets of a host have which port, and for which of them a datagram is. Its rules are
/// Linux's. Sockets belong to their owner and leave before they end.
class Table {
public:
    /// Ports that are chosen are drawn from `random`. ip_local_port_range
    explicit Table(Random random, std::uint16_t first_port = 32768, std::uint16_t last_port = 60999)
        : random_(random), first_port_(first_port), last_port_(last_port) {}
    Table(const Table&) = delete;
    Table& operator=(const Table&) = delete;

    /// Gives a socket its address; port 0 has one chosen. 0, or an errno: EADDRINUSE, EINVAL where
    /// it has one already. Whether the address is the host's own is the host's to know. bind(2)
    int bind(Socket& socket, const SocketAddress& at);
    /// Binds a socket that is not, and names its peer. `from` is the host's address on the way to
    /// it. 0, or EADDRINUSE, EAGAIN where no port is left. connect(2)
    int connect(Socket& socket, const SocketAddress& to, const IpAddress& from);
    /// Forgets the peer, and the local address where connecting had chosen it.
    void disconnect(Socket& socket);
    void remove(Socket& socket);

    /// The socket that a datagram to one host is for; null where there is none. udp(7)
    Socket* find(const SocketAddress& to, const SocketAddress& from);
    /// Those that a datagram to a group, or to all, is for.
    std::vector<Socket*> find_all(const SocketAddress& to, const SocketAddress& from);

    std::size_t size() const { return bound_; }

private:
    static int score(const Socket& socket, const SocketAddress& to, const SocketAddress& from);
    static bool conflict(const Socket& one, const Socket& other, const SocketAddress& at);
    bool is_free(const Socket& socket, const SocketAddress& at) const;
    std::uint16_t choose_port(const Socket& socket, const SocketAddress& at);

    Random random_;
    std::uint16_t first_port_;
    std::uint16_t last_port_;
    std::map<std::uint16_t, std::vector<Socket*>> by_port_;
    std::size_t bound_ = 0;
    std::uint64_t order_ = 0;
};

}  // namespace fivetuple::sim::udp

#include "fivetuple/sim/udp/table.h"

#include "fivetuple/base/hash.h"

#include <algorithm>
#include <cerrno>

namespace fivetuple::sim::udp {
namespace {

// An IPv6 socket that also serves IPv4 has the two wildcards.
bool covers(const SocketAddress& local, bool v6_only, const IpAddress& ip) {
    const IpAddress own = local.ip();
    if (own.is_v4() == ip.is_v4()) return own.is_unspecified() || own == ip;
    if (own.is_v6() && ip.is_v4()) {
        if (own.unmapped().is_v4()) return own.unmapped() == ip || own.unmapped().is_unspecified();
        return own.is_unspecified() && !v6_only;
    }
    return false;
}

bool is_same_host(const SocketAddress& one, const SocketAddress& other) {
    return one.port() == other.port() && one.ip().unmapped() == other.ip().unmapped();
}

}  // namespace

bool Table::conflict(const Socket& one, const Socket& other, const SocketAddress& at) {
    if (one.settings.reuse_address && other.settings.reuse_address) return false;
    if (one.settings.reuse_port && other.settings.reuse_port) return false;
    return covers(other.local_, other.settings.v6_only, at.ip()) ||
           covers(at, one.settings.v6_only, other.local_.ip());
}

bool Table::is_free(const Socket& socket, const SocketAddress& at) const {
    const auto there = by_port_.find(at.port());
    if (there == by_port_.end()) return true;
    return std::ranges::none_of(there->second,
                                [&](const Socket* other) { return conflict(socket, *other, at); });
}

std::uint16_t Table::choose_port(const Socket& socket, const SocketAddress& at) {
    const auto count = static_cast<std::uint32_t>(last_port_ - first_port_ + 1);
    const auto begin = static_cast<std::uint32_t>(random_.below(count));
    for (std::uint32_t tried = 0; tried < count; ++tried) {
        const auto port = static_cast<std::uint16_t>(first_port_ + (begin + tried) % count);
        // A chosen port is nobody else's, unless all of them share it by SO_REUSEPORT.
        if (is_free(socket, at.with_port(port)) &&
            (!by_port_.contains(port) || !socket.settings.reuse_address)) {
            return port;
        }
    }
    return 0;
}

int Table::bind(Socket& socket, const SocketAddress& at) {
    if (socket.is_bound()) return EINVAL;
    SocketAddress wanted = at;
    if (at.port() == 0) {
        const std::uint16_t port = choose_port(socket, at);
        if (port == 0) return EADDRINUSE;
        wanted = at.with_port(port);
    } else if (!is_free(socket, at)) {
        return EADDRINUSE;
    }
    socket.local_ = wanted;
    socket.order_ = ++order_;
    by_port_[wanted.port()].push_back(&socket);
    ++bound_;
    return 0;
}

int Table::connect(Socket& socket, const SocketAddress& to, const IpAddress& from) {
    if (!socket.is_bound()) {
        const int error = bind(socket, SocketAddress(from, 0));
        if (error != 0) return error == EADDRINUSE ? EAGAIN : error;
        socket.has_chosen_address_ = true;
    } else if (socket.local_.ip().is_unspecified()) {
        socket.local_ = SocketAddress(from, socket.local_.port());
        socket.has_chosen_address_ = true;
    }
    socket.peer_ = to;
    return 0;
}

void Table::disconnect(Socket& socket) {
    socket.peer_ = SocketAddress();
    if (!socket.has_chosen_address_) return;
    socket.has_chosen_address_ = false;
    const IpAddress any =
        socket.family_ == Family::ipv4 ? IpAddress::any_v4() : IpAddress::any_v6();
    socket.local_ = SocketAddress(any, socket.local_.port());
}

void Table::remove(Socket& socket) {
    if (!socket.is_bound()) return;
    const auto there = by_port_.find(socket.local_.port());
    std::erase(there->second, &socket);
    if (there->second.empty()) by_port_.erase(there);
    --bound_;
    socket.local_ = SocketAddress();
    socket.peer_ = SocketAddress();
}

// How well a socket fits a datagram: a connected one better than one with an address, that better
// than one for all; an IPv4 socket better than one of IPv6 that serves both. -1 is not at all.
int Table::score(const Socket& socket, const SocketAddress& to, const SocketAddress& from) {
    if (!covers(socket.local_, socket.settings.v6_only, to.ip())) return -1;
    int score = socket.family_ == Family::ipv4 ? 2 : 1;
    if (!socket.local_.ip().unmapped().is_unspecified()) score += 4;
    if (socket.is_connected()) {
        if (!is_same_host(socket.peer_, from)) return -1;
        score += 8;
    }
    return score;
}

Socket* Table::find(const SocketAddress& to, const SocketAddress& from) {
    const auto there = by_port_.find(to.port());
    if (there == by_port_.end()) return nullptr;
    int best = -1;
    std::vector<Socket*> equal;
    for (Socket* socket : there->second) {
        const int fits = score(*socket, to, from);
        if (fits < 0 || fits < best) continue;
        if (fits > best) equal.clear();
        best = fits;
        equal.push_back(socket);
    }
    if (equal.empty()) return nullptr;
    // Of a group the pair of addresses decides, and of sockets that share by SO_REUSEADDR the last
    // to bind has it all.
    if (!equal.back()->settings.reuse_port || equal.back()->is_connected()) return equal.back();
    const std::size_t mixed = hash_bytes(nullptr, 0, from.hash() ^ (to.hash() * 31));
    return equal[mixed % equal.size()];
}

std::vector<Socket*> Table::find_all(const SocketAddress& to, const SocketAddress& from) {
    std::vector<Socket*> all;
    const auto there = by_port_.find(to.port());
    if (there == by_port_.end()) return all;
    for (Socket* socket : there->second) {
        if (score(*socket, to, from) < 0) continue;
        if (to.ip().is_multicast() && !socket->is_member(to.ip(), from.ip())) continue;
        all.push_back(socket);
    }
    return all;
}

}  // namespace fivetuple::sim::udp

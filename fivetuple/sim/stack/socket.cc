#include "fivetuple/sim/stack/socket.h"

#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

namespace fivetuple::sim {
namespace {

std::span<const iovec> pieces_of(const msghdr& message) {
    return {message.msg_iov, message.msg_iovlen};
}

std::size_t buffer_kept(int asked, std::size_t least) {
    constexpr int kMost = 212'992;
    const int clipped = asked < 0 || asked > kMost ? kMost : asked;
    return std::max(static_cast<std::size_t>(clipped) * 2, least);
}

}  // namespace

int StackSocket::listen(int, Time) { return -EOPNOTSUPP; }

Accepted StackSocket::accept(Time) { return {EOPNOTSUPP, nullptr, {}}; }

std::size_t size_of(const msghdr& message) {
    std::size_t size = 0;
    for (const iovec& piece : pieces_of(message)) size += piece.iov_len;
    return size;
}

std::size_t gather(const msghdr& message, MutableBytes to) {
    std::size_t moved = 0;
    for (const iovec& piece : pieces_of(message)) {
        const std::size_t size = std::min(piece.iov_len, to.size() - moved);
        if (size > 0) std::memcpy(to.data() + moved, piece.iov_base, size);
        moved += size;
    }
    return moved;
}

std::size_t scatter(Bytes from, const msghdr& message) {
    std::size_t moved = 0;
    for (const iovec& piece : pieces_of(message)) {
        const std::size_t size = std::min(piece.iov_len, from.size() - moved);
        if (size > 0) std::memcpy(piece.iov_base, from.data() + moved, size);
        moved += size;
    }
    return moved;
}

void set_name(msghdr& message, const SocketAddress& name) {
    if (message.msg_name == nullptr) return;
    std::memcpy(message.msg_name, name.raw(), std::min(message.msg_namelen, name.raw_size()));
    message.msg_namelen = name.raw_size();
}

SocketAddress mapped(const SocketAddress& address) {
    if (address.family() != Family::ipv4) return address;
    IpAddress::V6Bytes bytes{};
    bytes[10] = bytes[11] = 0xff;
    std::ranges::copy(address.ip().v4_bytes(), bytes.begin() + 12);
    return {IpAddress(bytes), address.port()};
}

std::size_t receive_buffer_kept(int asked) { return buffer_kept(asked, 2304); }
std::size_t send_buffer_kept(int asked) { return buffer_kept(asked, 4608); }

std::int64_t give_int(int value, MutableBytes room) {
    const std::size_t size = std::min(room.size(), sizeof value);
    std::memcpy(room.data(), &value, size);
    return static_cast<std::int64_t>(size);
}

std::int64_t give_cookie(std::uint64_t cookie, MutableBytes room) {
    if (room.size() < sizeof cookie) return -EINVAL;
    std::memcpy(room.data(), &cookie, sizeof cookie);
    return sizeof cookie;
}

bool take_int(Bytes value, int& into) {
    if (value.size() < sizeof into) return false;
    std::memcpy(&into, value.data(), sizeof into);
    return true;
}

}  // namespace fivetuple::sim

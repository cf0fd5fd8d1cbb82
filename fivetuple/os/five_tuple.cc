#include "fivetuple/os/five_tuple.h"

namespace fivetuple {
namespace {

std::string_view name_of(Protocol protocol) {
    switch (protocol) {
        case Protocol::tcp:
            return "tcp";
        case Protocol::udp:
            return "udp";
        case Protocol::unix_stream:
            return "unix";
        case Protocol::vsock_stream:
            return "vsock";
    }
    return "?";
}

}  // namespace

Protocol stream_protocol(const SocketAddress& end) {
    if (end.is_vsock()) return Protocol::vsock_stream;
    return end.is_unix() ? Protocol::unix_stream : Protocol::tcp;
}

std::string FiveTuple::to_string() const {
    return std::string(name_of(protocol)) + " " + local.to_string() + " <-> " + peer.to_string();
}

std::size_t FiveTuple::hash() const {
    return (local.hash() * 31 + peer.hash()) * 31 + static_cast<std::size_t>(protocol);
}

}  // namespace fivetuple

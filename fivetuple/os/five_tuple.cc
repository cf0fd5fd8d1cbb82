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
    }
    return "?";
}

}  // namespace

std::string FiveTuple::to_string() const {
    return std::string(name_of(protocol)) + " " + local.to_string() + " <-> " + peer.to_string();
}

std::size_t FiveTuple::hash() const {
    return (local.hash() * 31 + peer.hash()) * 31 + static_cast<std::size_t>(protocol);
}

}  // namespace fivetuple

#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/os/option.h"

#include <cstdint>

namespace fivetuple {

/// IPPROTO_MPTCP: TCP over several paths at a time. RFC 8684
inline constexpr int kMultipathTcp = 262;

/// What a TCP socket became that asked for multipath.
enum class MultipathState : std::uint8_t {
    multipath,    ///< Both ends speak MPTCP.
    fell_back,    ///< We do, but the peer, or something on the path, does not: plain TCP.
    plain,        ///< Plain TCP: nobody asked, or (of one accepted) the peer did not.
    unsupported,  ///< Plain TCP: this kernel does not have it, or it is switched off.
};

/// What became of a connected TCP socket. Of one that is not connected yet, `multipath` is what it
/// will ask for. Errors: as getsockopt(2).
Result<MultipathState> multipath_state(OptionAccess socket);

/// As in `plain TCP: the peer, or the path, does not speak MPTCP`.
const char* to_string(MultipathState state);

/// Whether sockets can be had that ask for multipath.
/// Errors: unsupported, saying whether the kernel lacks it or net.mptcp.enabled is 0.
Result<void> check_multipath();

/// Whether a socket of MPTCP was refused because there is none here.
bool lacks_multipath(const Error& error);

/// Opens a TCP socket by `open(protocol)`: one of MPTCP where that is wanted and there, else one of
/// plain TCP.
template <class Open>
auto open_tcp(bool multipath, Open open) {
    if (multipath) {
        auto opened = open(kMultipathTcp);
        if (opened || !lacks_multipath(opened.error())) return opened;
    }
    return open(0);
}

}  // namespace fivetuple

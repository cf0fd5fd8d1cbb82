#include "fivetuple/os/require_peer.h"

#include "fivetuple/os/options/unix.h"

#include <unistd.h>

#include <cerrno>
#include <string>

namespace fivetuple {

Result<void> require_peer(OptionAccess socket, std::uint32_t uid) {
    FT_TRY(const PeerCredentials peer, get<PeerCredentials>(socket));
    if (peer.uid == uid) return {};
    return std::unexpected(Error::system(EACCES, "require_peer")
                               .because("the peer belongs to user " + std::to_string(peer.uid) +
                                        " (process " + std::to_string(peer.pid) +
                                        "), not to user " + std::to_string(uid)));
}

Result<void> require_own_user(OptionAccess socket) { return require_peer(socket, ::geteuid()); }

}  // namespace fivetuple

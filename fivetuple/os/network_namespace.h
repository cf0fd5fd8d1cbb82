#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/os/fd.h"

#include <string>

namespace fivetuple {

/// This thread is in another network, until this ends: sockets and devices opened meanwhile are
/// that network's, and stay so. network_namespaces(7)
class NetworkVisit {
public:
    /// `network` is a name that `ip netns` knows, or the path of a namespace, as
    /// `/proc/4711/ns/net`.
    /// Errors: ENOENT for a name or process that is not there; EPERM (CAP_SYS_ADMIN is missing);
    /// EINVAL for a file that is no network.
    static Result<NetworkVisit> enter(const std::string& network);

    NetworkVisit(NetworkVisit&& other) noexcept = default;
    NetworkVisit& operator=(NetworkVisit&&) = delete;
    /// On the same thread. Where there is no way back the process ends: it would go on in a network
    /// that is not its own.
    ~NetworkVisit();

private:
    explicit NetworkVisit(Fd home) : home_(std::move(home)) {}

    Fd home_;
};

}  // namespace fivetuple

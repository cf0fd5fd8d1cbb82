#include "fivetuple/os/network_namespace.h"

#include "fivetuple/base/assert.h"

#include <fcntl.h>
#include <sched.h>

#include <cerrno>

namespace fivetuple {
namespace {

Result<Fd> open_network(const std::string& path) {
    Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd) return fd;
    Error error = Error::system(errno, "open").about(path);
    if (errno == ENOENT) error = std::move(error).because("there is no such network");
    return std::unexpected(std::move(error));
}

}  // namespace

Result<NetworkVisit> NetworkVisit::enter(const std::string& network) {
    const bool is_path = network.find('/') != std::string::npos;
    FT_TRY(const Fd there, open_network(is_path ? network : "/run/netns/" + network));
    FT_TRY(Fd home, open_network("/proc/thread-self/ns/net"));
    if (::setns(there.raw(), CLONE_NEWNET) == 0) return NetworkVisit(std::move(home));
    return std::unexpected(Error::system(errno, "setns").about(network));
}

NetworkVisit::~NetworkVisit() {
    if (!home_) return;
    const bool is_home = ::setns(home_.raw(), CLONE_NEWNET) == 0;
    FT_ASSERT(is_home, "a thread cannot leave the network that it visits");
}

}  // namespace fivetuple

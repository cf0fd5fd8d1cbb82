#include "fivetuple/os/vsock.h"

#include "fivetuple/os/fd.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>

namespace fivetuple {
namespace {

bool can_bind_to(std::uint32_t cid) {
    const Fd probe(::socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!probe) return false;
    const SocketAddress at = SocketAddress::vsock(cid, 0);
    return ::bind(probe.raw(), at.raw(), at.raw_size()) == 0;
}

}  // namespace

Result<std::uint32_t> local_cid() {
    const Fd device(::open("/dev/vsock", O_RDONLY | O_CLOEXEC));
    if (!device) {
        if (errno == EMFILE || errno == ENFILE || errno == EACCES) {
            return std::unexpected(Error::system(errno, "open").about("/dev/vsock"));
        }
        return std::unexpected(Error::unsupported("vsock", "this kernel has no vsock"));
    }
    std::uint32_t cid = 0;
    if (::ioctl(device.raw(), IOCTL_VM_SOCKETS_GET_LOCAL_CID, &cid) != 0) {
        return std::unexpected(Error::system(errno, "ioctl").about("/dev/vsock"));
    }
    if (cid == VMADDR_CID_ANY) {
        return std::unexpected(
            Error::unsupported("vsock", "this machine has neither a host nor guests"));
    }
    return cid;
}

// A machine can be bound to its own numbers only: that of the loopback is one where there is one.
bool has_vsock_loopback() { return can_bind_to(VMADDR_CID_LOCAL); }

Result<void> expect_vsock(const SocketAddress& address, const char* call) {
    if (address.is_vsock()) return {};
    return std::unexpected(Error::malformed(call, "vsock needs an address like vsock:2:1234")
                               .about(address.to_string()));
}

Result<void> check_vsock_peer(const SocketAddress& to) {
    FT_TRY_VOID(expect_vsock(to, "connect"));
    const auto own = local_cid();
    const bool is_self = to.cid() == VMADDR_CID_LOCAL || (own && *own == to.cid());
    if (!is_self || has_vsock_loopback()) return {};
    return std::unexpected(
        Error::unsupported("connect",
                           "this kernel has no vsock loopback (the module vsock_loopback)")
            .about(to.to_string()));
}

}  // namespace fivetuple

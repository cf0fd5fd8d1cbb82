#pragma once

#include "fivetuple/io/sockets.h"

namespace fivetuple {

class KernelBackend;

/// The kernel's sockets, by way of os/.
class LinuxSockets final : public Sockets {
public:
    explicit LinuxSockets(KernelBackend& backend) : backend_(backend) {}

    Result<Handle> open(Family family, SocketType type, int protocol) override;
    Result<Handle> adopt(Fd fd) override;
    Result<void> bind(Handle socket, const SocketAddress& at) override;
    Result<void> listen(Handle socket, int backlog) override;
    Result<void> shutdown(Handle socket, Shutdown how) override;
    Result<SocketAddress> local_address(Handle socket) override;
    Result<SocketAddress> peer_address(Handle socket) override;
    Result<void> set_option(Handle socket, int level, int number, Bytes value) override;
    Result<std::size_t> get_option(Handle socket, int level, int number,
                                   MutableBytes room) override;
    Result<std::optional<DatagramFailure>> take_failure(Handle socket) override;

private:
    KernelBackend& backend_;
};

}  // namespace fivetuple

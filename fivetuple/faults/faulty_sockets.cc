#include "fivetuple/faults/carried.h"
#include "fivetuple/faults/faulty_backend.h"
#include "fivetuple/io/open_backend.h"

#include <utility>

// The calls that do not wait, and how a FaultyBackend is come by.
namespace fivetuple {

std::optional<Error> FaultyBackend::failure_of(CallKind call, const char* name) {
    if (!faults_.is_on()) return std::nullopt;
    const auto fault = faults_.decide(call);
    if (!fault || fault->kind != FaultKind::error) return std::nullopt;
    faults_.note(call, *fault);
    return Error::system(fault->code, name);
}

Result<Handle> FaultyBackend::open(Family family, SocketType type, int protocol) {
    if (auto failure = failure_of(CallKind::open, "socket")) {
        return std::unexpected(*std::move(failure));
    }
    return under_->sockets().open(family, type, protocol);
}

Result<Handle> FaultyBackend::adopt(Fd fd) {
    if (auto failure = failure_of(CallKind::adopt, "adopt")) {
        return std::unexpected(*std::move(failure));
    }
    return under_->sockets().adopt(std::move(fd));
}

Result<void> FaultyBackend::bind(Handle socket, const SocketAddress& at) {
    if (auto failure = failure_of(CallKind::bind, "bind")) {
        return std::unexpected((*std::move(failure)).about(at.to_string()));
    }
    return under_->sockets().bind(socket, at);
}

Result<void> FaultyBackend::listen(Handle socket, int backlog) {
    if (auto failure = failure_of(CallKind::listen, "listen")) {
        return std::unexpected(*std::move(failure));
    }
    return under_->sockets().listen(socket, backlog);
}

Result<void> FaultyBackend::shutdown(Handle socket, Shutdown how) {
    if (auto failure = failure_of(CallKind::shutdown, "shutdown")) {
        return std::unexpected(*std::move(failure));
    }
    return under_->sockets().shutdown(socket, how);
}

Result<SocketAddress> FaultyBackend::local_address(Handle socket) {
    if (auto failure = failure_of(CallKind::local_address, "getsockname")) {
        return std::unexpected(*std::move(failure));
    }
    return under_->sockets().local_address(socket);
}

Result<SocketAddress> FaultyBackend::peer_address(Handle socket) {
    if (auto failure = failure_of(CallKind::peer_address, "getpeername")) {
        return std::unexpected(*std::move(failure));
    }
    return under_->sockets().peer_address(socket);
}

Result<void> FaultyBackend::set_option(Handle socket, int level, int number, Bytes value) {
    if (auto failure = failure_of(CallKind::set_option, "setsockopt")) {
        return std::unexpected(*std::move(failure));
    }
    return under_->sockets().set_option(socket, level, number, value);
}

Result<std::size_t> FaultyBackend::get_option(Handle socket, int level, int number,
                                              MutableBytes room) {
    if (auto failure = failure_of(CallKind::get_option, "getsockopt")) {
        return std::unexpected(*std::move(failure));
    }
    return under_->sockets().get_option(socket, level, number, room);
}

Result<std::optional<DatagramFailure>> FaultyBackend::take_failure(Handle socket) {
    if (auto failure = failure_of(CallKind::take_failure, "recvmsg")) {
        return std::unexpected(*std::move(failure));
    }
    return under_->sockets().take_failure(socket);
}

Result<std::unique_ptr<Loop>> open_faulty_loop(const LoopOptions& options) {
    FT_TRY(OpenBackend opened, open_backend(options));
    return std::make_unique<Loop>(std::make_unique<FaultyBackend>(std::move(opened.backend)),
                                  std::move(opened.choice));
}

FaultyBackend* faulty_backend(Loop& loop) { return dynamic_cast<FaultyBackend*>(&loop.backend()); }

}  // namespace fivetuple

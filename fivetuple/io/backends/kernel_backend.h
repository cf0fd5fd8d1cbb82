#pragma once

#include "fivetuple/io/backend.h"
#include "fivetuple/io/backends/linux_sockets.h"
#include "fivetuple/io/choice.h"
#include "fivetuple/os/fd.h"

namespace fivetuple {

/// What the backends over the Linux kernel have in common: handles are descriptors, the clock is
/// the machine's, and an eventfd ends a wait.
class KernelBackend : public Backend {
public:
    Sockets& sockets() final { return sockets_; }
    Time now() const final;
    void wake() final;

    /// Takes over `fd`, whose number becomes the handle's. Errors: limit, where this backend cannot
    /// watch so high a number; the descriptor is closed then.
    virtual Result<Handle> adopt(Fd fd) = 0;
    /// Whether the handle still names its socket.
    virtual bool is_open(Handle handle) = 0;
    /// Whether descriptors should be made non-blocking for this backend.
    virtual bool wants_non_blocking() const = 0;

protected:
    KernelBackend(const LoopOptions& options, Fd wake_event);

    int wake_fd() const { return wake_event_.raw(); }
    /// Makes wake() effective again after it has been seen.
    void forget_wake();
    Duration spin() const { return spin_; }

private:
    LinuxSockets sockets_;
    Fd wake_event_;
    Duration spin_;
};

/// The eventfd that a KernelBackend is made with. Errors: EMFILE, ENFILE. eventfd(2)
Result<Fd> open_wake_event();

}  // namespace fivetuple

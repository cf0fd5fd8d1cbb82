#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/base/time.h"
#include "fivetuple/io/loop.h"
#include "fivetuple/os/fd.h"
#include "fivetuple/task/task.h"

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>

namespace ft_tool {

/// A shell command whose standard input and output are a socket. Ended, if it has not ended by
/// itself, when this does.
class RelayChild {
public:
    /// Starts `command` by /bin/sh; `socket` becomes its standard input and output.
    /// Errors: EAGAIN, ENOMEM, EMFILE. posix_spawn(3)
    static fivetuple::Result<std::unique_ptr<RelayChild>> start(fivetuple::Loop& loop,
                                                                const std::string& command,
                                                                const fivetuple::Fd& socket);
    RelayChild(const RelayChild&) = delete;
    RelayChild& operator=(const RelayChild&) = delete;
    ~RelayChild();

    /// Waits until it has ended; ends it, first kindly, where that takes over `limit`. Result<void>
    /// when it succeeded or was ended by us.
    /// Errors: malformed, saying how it ended; cancelled, deadline.
    fivetuple::Task<fivetuple::Result<void>> ended(fivetuple::Duration limit);

    /// The command, in quotes.
    std::string name() const { return "\"" + command_ + "\""; }

private:
    RelayChild(fivetuple::Loop& loop, std::string command, pid_t id)
        : loop_(loop), command_(std::move(command)), id_(id) {}
    /// What is left of it, once it has ended: its status of wait(2).
    std::optional<int> collect();
    fivetuple::Result<void> judge(int status) const;

    fivetuple::Loop& loop_;
    std::string command_;
    pid_t id_;
    fivetuple::Handle watched_;  // Its pidfd, which is readable once it has ended.
    bool is_ended_by_us_ = false;
};

}  // namespace ft_tool

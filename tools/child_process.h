#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/base/time.h"
#include "fivetuple/os/fd.h"

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace ft_tool {

/// A program that ends with us: killed and waited for, if it has not been ended before.
class ChildProcess {
public:
    /// Starts this very program again with other arguments; its standard output is read here.
    /// Errors: EAGAIN, ENOMEM, EMFILE. fork(2), execve(2)
    static fivetuple::Result<ChildProcess> start_self(std::vector<std::string> arguments);
    ChildProcess(ChildProcess&& other) noexcept;
    ChildProcess& operator=(ChildProcess&&) = delete;
    ~ChildProcess();

    /// The next line of its output, without the line end. Errors: ended; deadline after `limit`.
    fivetuple::Result<std::string> read_line(fivetuple::Duration limit);
    /// Asks it to end and waits until it has; the exit code, or minus the signal that killed it.
    int stop();

    pid_t id() const { return id_; }
    /// Processor time it has used. Errors: ESRCH. clock_getcpuclockid(3)
    fivetuple::Result<fivetuple::Duration> cpu_time() const;
    /// Its own memory, without what it shares with files: RssAnon of /proc/PID/status, in bytes.
    std::uint64_t own_memory() const;

private:
    ChildProcess(pid_t id, fivetuple::Fd output) : id_(id), output_(std::move(output)) {}

    pid_t id_;
    fivetuple::Fd output_;
    std::string read_ahead_;
};

}  // namespace ft_tool

#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/os/fd.h"
#include "fivetuple/task/event.h"
#include "fivetuple/task/semaphore.h"
#include "fivetuple/task/task.h"
#include "fivetuple/transport/unix_messages.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

// How a parent and a worker process speak to each other: messages over a pair of sockets. The
// parent sends "NUMBER COMMAND", with descriptors where the command is about such; the worker
// answers in pieces, "NUMBER more TEXT", of which the last is "NUMBER done TEXT". What it says by
// itself has the number 0.
namespace fivetuple {

/// The parent's end.
class WorkerLine {
public:
    explicit WorkerLine(UnixSeqpacket socket) : socket_(std::move(socket)) {}

    /// Hears what the worker says until it is gone; `said` gets what it says by itself.
    Task<void> listen(std::function<void(std::string_view)> said);
    /// Asks, after those who have asked before, and waits for the answer; for two seconds at most,
    /// as a worker may be stuck. `files` stay the caller's.
    /// Errors: deadline; ended, EPIPE, ECONNRESET, where it is gone; cancelled.
    Task<Result<std::string>> ask(std::string command, std::vector<int> files = {});

private:
    void hear(std::string_view message, const std::function<void(std::string_view)>& said);

    UnixSeqpacket socket_;
    Semaphore asking_{1};
    std::uint64_t number_ = 0;
    std::string answer_;
    Event answered_;
    bool is_gone_ = false;
};

/// The worker's end.
class ParentLine {
public:
    /// What a command does and says.
    using Obey = std::function<std::string(std::string_view command, std::vector<Fd> files)>;

    explicit ParentLine(UnixSeqpacket socket) : socket_(std::move(socket)) {}

    /// Does what the parent says until it is gone, well or not.
    Task<void> listen(Obey obey);
    /// Tells the parent something that it has not asked. Nobody hears it where the parent is gone.
    Task<void> tell(std::string text);

private:
    Task<Result<void>> send(std::string number, std::string text);

    UnixSeqpacket socket_;
    Semaphore sending_{1};
};

}  // namespace fivetuple

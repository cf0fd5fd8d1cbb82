#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/os/address.h"
#include "fivetuple/os/listening.h"
#include "fivetuple/server/connection.h"
#include "fivetuple/server/limits.h"
#include "fivetuple/server/reason.h"
#include "fivetuple/task/task.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fivetuple {

/// Serves one connection: reads, answers, returns. It runs in a task of its own; what it throws
/// ends its connection and nothing else. With workers it is called on each one's thread, or in its
/// process.
using ConnectionHandler = std::function<Task<void>(Connection&)>;

/// How a server comes to its end.
struct Drain {
    /// Called at once: tell the load balancer, fail the readiness probe.
    std::function<void()> announce;
    /// Goes on accepting for so long, until all who send connections here have been told.
    Duration stop_accepting_after = Duration::zero();
    /// A connection that then waits for input for so long, and is not Connection::due_within(), is
    /// between requests, and is ended.
    Duration quiet = std::chrono::seconds(1);
    /// What is still there after so long, counted from the end of accepting, is cancelled.
    Duration hard = std::chrono::seconds(30);
};

struct ServerOptions {
    /// Addresses to listen on, of TCP and of the Unix domain.
    std::vector<SocketAddress> listen;
    ListenOptions tcp = {};
    UnixListenOptions unix_domain = {};
    ServerLimits limits = {};

    /// Asked of each connection before its handler is run, within the same limits: reads a PROXY
    /// header, looks up an access list. An error turns it away.
    std::function<Task<Result<void>>(Connection&)> admit;
    /// What is sent, at once or not at all, to who is turned away or ended: "503 ..." in the words
    /// of the protocol. Without it, who is turned away gets a reset.
    std::function<std::string(Reason)> farewell;

    /// The first SIGTERM or SIGINT drains, a second one stops.
    bool drain_at_signals = false;
    Drain drain_how = {};

    /// Where `ft ctl` finds it, in the Unix domain; controls.h says what can be asked there.
    std::optional<SocketAddress> control;

    /// Called with each address that it listens on, with the port that the kernel chose.
    std::function<void(const SocketAddress&)> listening;
    /// Gets a line when there is something that an operator should know; at most one of a kind
    /// every five seconds.
    std::function<void(std::string_view)> log;
    /// Of what is left to chance: pauses.
    std::uint64_t seed = 1;
};

}  // namespace fivetuple

#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/os/address.h"
#include "fivetuple/server/counters.h"
#include "fivetuple/server/server.h"
#include "fivetuple/server/workers.h"
#include "fivetuple/task/task.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fivetuple {

/// What an operator may see and do.
struct Controls {
    std::function<ServerCounters()> counters;
    std::function<std::vector<ConnectionReport>()> connections;
    /// The tree of tasks, as text.
    std::function<std::string()> tasks;
    std::function<void()> drain;
    std::function<bool(std::uint64_t)> kill;
    /// Of workers only.
    std::function<std::vector<ServerCounters>()> by_worker = {};
    std::function<bool(std::size_t)> retire = {};
};

/// Of one server, which must outlive them; to be used on its loop's thread.
Controls controls_of(Server& server);
/// Of workers, which must outlive them; on any thread but theirs.
Controls controls_of(Workers& workers);

/// What a command of one line does and says: "status" (the counters, as Prometheus text, of all
/// together and of each worker), "connections", "tasks", "drain", "kill ID", "retire WORKER". What
/// cannot be done is said in words behind "error: ".
std::string obey(const Controls& controls, std::string_view command);
/// What "status" says.
std::string status_of(const ServerCounters& all, std::span<const ServerCounters> by_worker);
/// A number from 0 on behind the word that a command begins with; none where there is none such.
std::optional<std::uint64_t> number_behind(std::string_view word, std::string_view command);
inline constexpr std::string_view kNoSuchCommand =
    "error: the commands are status, connections, tasks, drain, kill ID and retire WORKER\n";

/// Listens on a name in the Unix domain, for `ft ctl`: a command is a line, the answer is all that
/// comes until the end. The file's mode is 0600, and who is neither this user nor root is turned
/// away. Runs until it is cancelled. Errors: as UnixListener::bind().
Task<Result<void>> serve_controls(SocketAddress at, Controls controls);
/// The same of anything that answers a command.
using AnswerCommand = std::function<Task<std::string>(std::string)>;
Task<Result<void>> serve_commands(SocketAddress at, AnswerCommand answer);

}  // namespace fivetuple

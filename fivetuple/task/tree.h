#pragma once

#include "fivetuple/task/node.h"

#include <optional>
#include <source_location>
#include <string>
#include <vector>

namespace fivetuple {

/// One node of the tree of tasks, as it is now.
struct TaskReport {
    int depth = 0;
    Node::Kind kind = Node::Kind::task;
    bool is_stopping = false;
    /// Where it was spawned, or its deadline set; of line 0 where that is not known.
    std::source_location made_at;
    /// Where each of its coroutines awaits, the outermost first.
    std::vector<std::source_location> stack;
    /// What the innermost awaits ("recv", "sleep"); empty while it runs or only those below wait.
    std::string awaits;
    /// The socket of that, as its five-tuple or the address that it listens on; else empty.
    std::string socket;
    /// How long it has waited.
    Duration since{};
    /// What is left of a deadline.
    std::optional<Duration> time_left;
};

/// Everything that is alive on `loop`, parents before children. Reads what every task notes of
/// itself anyway; call it on the loop's thread.
std::vector<TaskReport> task_tree(Loop& loop);

/// A line or two for each node, indented by depth.
std::string to_string(const std::vector<TaskReport>& tree);

}  // namespace fivetuple

#include "fivetuple/task/tree.h"

#include "fivetuple/task/run.h"
#include "fivetuple/task/wait.h"
#include "fivetuple/task/within.h"

#include <algorithm>
#include <cstdio>

namespace fivetuple {
namespace {

std::string name_of(Loop& loop, Handle socket) {
    if (!socket) return {};
    const auto local = loop.sockets().local_address(socket);
    if (!local) return {};
    const auto peer = loop.sockets().peer_address(socket);
    if (!peer) return local->to_string();
    return FiveTuple{stream_protocol(*local), *local, *peer}.to_string();
}

// The coroutines of `node` that await one another, from its innermost out.
void gather_stack(const Node& node, std::coroutine_handle<> innermost, TaskReport& report) {
    for (auto at = innermost; at != nullptr; at = PromiseBase::of(at).parent()) {
        const PromiseBase& promise = PromiseBase::of(at);
        if (&promise.node() == &node) report.stack.push_back(promise.where());
    }
    std::ranges::reverse(report.stack);
}

void visit(Loop& loop, Node& node, int depth, std::vector<TaskReport>& tree) {
    TaskReport report;
    report.depth = depth;
    report.kind = node.kind();
    report.is_stopping = node.is_stopped();
    report.made_at = node.where();
    if (const Wait* wait = node.current(); wait != nullptr) {
        report.awaits = wait->type().verb;
        report.socket = name_of(loop, wait->socket());
        report.since = loop.now() - node.since();
        gather_stack(node, wait->sleeper(), report);
    }
    if (node.kind() == Node::Kind::limit) report.time_left = Deadline::of(node) - loop.now();
    tree.push_back(std::move(report));
    node.children().for_each([&](Node& child) { visit(loop, child, depth + 1, tree); });
}

std::string seconds(Duration length) {
    char room[32];
    const double value = std::chrono::duration<double>(length).count();
    std::snprintf(room, sizeof room, "%.3f s", value);
    return room;
}

std::string place(std::source_location where) {
    const std::string file = where.file_name();
    return file.substr(file.rfind('/') + 1) + ":" + std::to_string(where.line());
}

std::string_view name_of(Node::Kind kind) {
    switch (kind) {
        case Node::Kind::root:
            return "root";
        case Node::Kind::task:
            return "task";
        case Node::Kind::scope:
            return "scope";
        case Node::Kind::branch:
            return "branch";
        case Node::Kind::limit:
            return "limit";
    }
    return "?";
}

}  // namespace

std::vector<TaskReport> task_tree(Loop& loop) {
    std::vector<TaskReport> tree;
    loop.roots().for_each(
        [&](LoopRoot& root) { visit(loop, static_cast<RunRoot&>(root), 0, tree); });
    return tree;
}

std::string to_string(const std::vector<TaskReport>& tree) {
    std::string text;
    for (const TaskReport& each : tree) {
        text += std::string(static_cast<std::size_t>(each.depth) * 2, ' ');
        text += name_of(each.kind);
        if (each.made_at.line() != 0) text += " of " + place(each.made_at);
        if (each.time_left) text += ", " + seconds(*each.time_left) + " left";
        if (each.is_stopping) text += ", stopping";
        for (const auto& where : each.stack) text += " > " + place(where);
        if (!each.awaits.empty()) {
            text += ": " + each.awaits;
            if (!each.socket.empty()) text += " on " + each.socket;
            text += " for " + seconds(each.since);
        }
        text += '\n';
    }
    return text;
}

}  // namespace fivetuple

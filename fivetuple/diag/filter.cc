#include "fivetuple/diag/filter.h"

#include <algorithm>

namespace fivetuple::diag {
namespace {

using Node = Filter::Node;
using What = Node::What;

bool compare_port(const Node& node, const SeenSocket& socket, std::uint16_t port) {
    if (!is_internet(socket.kind)) return false;
    switch (node.compare) {
        case Node::Compare::at_most:
            return port <= node.number;
        case Node::Compare::at_least:
            return port >= node.number;
        case Node::Compare::equal:
            break;
    }
    return port == node.number;
}

bool is_at(const Node& node, const SeenSocket& socket, const EndPoint& end) {
    if (!is_internet(socket.kind)) return false;
    if (node.network && !node.network->contains(end.ip)) return false;
    return !node.port || *node.port == end.port;
}

// A * in the pattern is any bytes. Goes back to the last one only, so it is quick.
bool is_like(std::string_view name, std::string_view pattern) {
    std::size_t at = 0;
    std::size_t in_pattern = 0;
    std::size_t star = pattern.npos;
    std::size_t star_at = 0;
    while (at < name.size()) {
        if (in_pattern < pattern.size() && pattern[in_pattern] == '*') {
            star = in_pattern++;
            star_at = at;
        } else if (in_pattern < pattern.size() && pattern[in_pattern] == name[at]) {
            ++in_pattern;
            ++at;
        } else if (star != pattern.npos) {
            in_pattern = star + 1;
            at = ++star_at;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', in_pattern) == pattern.npos;
}

bool has_name(const Node& node, const SeenSocket& socket) {
    if (!is_unix(socket.kind)) return false;
    std::string_view pattern = node.text;
    if (pattern == "*") return true;
    const bool wants_abstract = pattern.starts_with('@');
    if (wants_abstract) pattern.remove_prefix(1);
    if (socket.unix_name.empty() || socket.is_abstract != wants_abstract) return false;
    return is_like(socket.unix_name, pattern);
}

bool is_owned(const Node& node, const SeenSocket& socket, const Owners* owners) {
    bool is_so = false;
    if (owners == nullptr) return is_so;
    owners->for_each(socket.inode, [&](const Owner& each) {
        is_so = is_so || (node.what == What::pid ? each.pid == node.number
                                                 : is_like(each.process, node.text));
    });
    return is_so;
}

class Judge {
public:
    Judge(const std::vector<Node>& nodes, const SeenSocket& socket, const Owners* owners)
        : nodes_(nodes), socket_(socket), owners_(owners) {}

    // As deep as there are nodes at most.
    bool judge(std::size_t at) const {
        const Node& node = nodes_[at];
        switch (node.what) {
            case What::both:
                return judge(node.left) && judge(node.right);
            case What::either:
                return judge(node.left) || judge(node.right);
            case What::neither:
                return !judge(node.left);
            case What::states:
                return node.states.contains(socket_.state);
            case What::local_port:
                return compare_port(node, socket_, socket_.local.port);
            case What::peer_port:
                return compare_port(node, socket_, socket_.peer.port);
            case What::local_host:
                return is_at(node, socket_, socket_.local);
            case What::peer_host:
                return is_at(node, socket_, socket_.peer);
            case What::local_name:
                return has_name(node, socket_);
            case What::interface:
                return socket_.interface == node.number;
            case What::mark:
                return socket_.mark && (*socket_.mark & node.mask) == node.number;
            case What::cgroup:
                return socket_.cgroup == node.number;
            case What::process:
            case What::pid:
                return is_owned(node, socket_, owners_);
            case What::user:
                return socket_.user == node.number;
            case What::inode:
                return socket_.inode == node.number;
        }
        return false;
    }

private:
    const std::vector<Node>& nodes_;
    const SeenSocket& socket_;
    const Owners* owners_;
};

// The states for which a node can be so; with `is_negated`, for which it can be not so.
StateSet states_of(const std::vector<Node>& nodes, std::size_t at, bool is_negated) {
    const Node& node = nodes[at];
    switch (node.what) {
        case What::both:
        case What::either: {
            const StateSet left = states_of(nodes, node.left, is_negated);
            const StateSet right = states_of(nodes, node.right, is_negated);
            return (node.what == What::both) != is_negated ? left & right : left | right;
        }
        case What::neither:
            return states_of(nodes, node.left, !is_negated);
        case What::states:
            return is_negated ? StateSet::all() - node.states : node.states;
        default:
            return StateSet::all();
    }
}

}  // namespace

bool Filter::matches(const SeenSocket& socket, const Owners* owners) const {
    return nodes_.empty() || Judge(nodes_, socket, owners).judge(nodes_.size() - 1);
}

StateSet Filter::states() const {
    return nodes_.empty() ? StateSet::all() : states_of(nodes_, nodes_.size() - 1, false);
}

bool Filter::names_states() const {
    return std::ranges::any_of(nodes_, [](const Node& each) { return each.what == What::states; });
}

bool Filter::needs_owners() const {
    return std::ranges::any_of(nodes_, [](const Node& each) {
        return each.what == What::process || each.what == What::pid;
    });
}

bool Filter::needs_marks() const {
    return std::ranges::any_of(nodes_, [](const Node& each) { return each.what == What::mark; });
}

std::string FilterMistake::to_string(std::string_view filter) const {
    // Bytes that are no letters of their own move the mark; that is all they do.
    std::string text = "  " + std::string(filter) + "\n  " + std::string(at, ' ') + "^ " + what;
    if (!hint.empty()) text += "\n  hint: " + hint;
    return text;
}

}  // namespace fivetuple::diag

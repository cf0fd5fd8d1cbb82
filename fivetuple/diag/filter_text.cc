#include "fivetuple/diag/filter.h"

#include <array>

// Filters as they are written.
namespace fivetuple::diag {
namespace {

using Node = Filter::Node;
using What = Node::What;

std::string port_text(const Node& node, std::string_view name) {
    constexpr std::array<std::string_view, 3> kSigns{"=", "<=", ">="};
    return std::string(name) + " " + std::string(kSigns[static_cast<std::size_t>(node.compare)]) +
           " " + std::to_string(node.number);
}

std::string host_text(const Node& node, std::string_view name) {
    std::string text(name);
    text += ' ';
    if (node.network) {
        const std::string address = node.network->first().to_string();
        text += node.network->is_v4() ? address : "[" + address + "]";
        text += "/" + std::to_string(node.network->prefix());
    } else {
        text += '*';
    }
    if (node.port) text += ":" + std::to_string(*node.port);
    return text;
}

std::string states_text(StateSet states) {
    std::string text;
    for (unsigned at = 1; at <= 11; ++at) {
        const auto state = static_cast<TcpState>(at);
        if (!states.contains(state)) continue;
        text += (text.empty() ? "state " : " state ") + std::string(name_of(state));
    }
    return text.empty() ? "exclude all" : text;
}

std::string quoted(std::string_view name) { return "\"" + std::string(name) + "\""; }

std::string text_of_node(const std::vector<Node>& nodes, std::size_t at);

// `a and b and c`, as deep as it was written.
std::string chain_text(const std::vector<Node>& nodes, std::size_t at, std::string_view word) {
    const Node& node = nodes[at];
    const bool goes_on = nodes[node.left].what == node.what;
    return (goes_on ? chain_text(nodes, node.left, word) : text_of_node(nodes, node.left)) +
           std::string(word) + text_of_node(nodes, node.right);
}

std::string text_of_node(const std::vector<Node>& nodes, std::size_t at) {
    const Node& node = nodes[at];
    switch (node.what) {
        case What::both:
            return "( " + chain_text(nodes, at, " and ") + " )";
        case What::either:
            return "( " + chain_text(nodes, at, " or ") + " )";
        case What::neither:
            return "not " + text_of_node(nodes, node.left);
        case What::states:
            return "( " + states_text(node.states) + " )";
        case What::local_port:
            return port_text(node, "sport");
        case What::peer_port:
            return port_text(node, "dport");
        case What::local_host:
            return host_text(node, "src");
        case What::peer_host:
            return host_text(node, "dst");
        case What::local_name:
            return "src " + quoted("unix:" + node.text);
        case What::interface:
            return "dev " + std::to_string(node.number);
        case What::mark:
            return "fwmark " + std::to_string(node.number) + "/" + std::to_string(node.mask);
        case What::cgroup:
            return "cgroup " + std::to_string(node.number);
        case What::process:
            return "process " + quoted(node.text);
        case What::pid:
            return "pid " + std::to_string(node.number);
        case What::user:
            return "uid " + std::to_string(node.number);
        case What::inode:
            return "inode " + std::to_string(node.number);
    }
    return {};
}

}  // namespace

std::string Filter::to_string() const {
    return nodes_.empty() ? std::string() : text_of_node(nodes_, nodes_.size() - 1);
}

}  // namespace fivetuple::diag

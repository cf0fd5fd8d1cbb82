#include "fivetuple/diag/bytecode.h"

#include <linux/inet_diag.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <optional>
#include <span>

namespace fivetuple::diag {
namespace {

using Node = Filter::Node;
using What = Node::What;
using Code = std::vector<std::byte>;

// Older headers lack it.
constexpr std::uint8_t kCgroupCondition = 13;
// A jump holds 16 bits, and the attribute that carries all as many.
constexpr std::size_t kMostBytes = 60000;

template <class T>
void append(Code& code, const T& structure) {
    const auto bytes = std::as_bytes(std::span(&structure, 1));
    code.insert(code.end(), bytes.begin(), bytes.end());
}

// Code is so made that what it passes arrives at its end, and what it refuses four bytes behind.
constexpr std::size_t kBehind = 4;

inet_diag_bc_op operation(std::uint8_t kind, std::size_t size) {
    inet_diag_bc_op op{};
    op.code = kind;
    op.yes = static_cast<unsigned char>(size);
    op.no = static_cast<unsigned short>(size + kBehind);
    return op;
}

Code jump(std::size_t to) {
    inet_diag_bc_op op{};
    op.code = INET_DIAG_BC_JMP;
    op.yes = sizeof op;
    op.no = static_cast<unsigned short>(to);
    Code code;
    append(code, op);
    return code;
}

// Those of the jumps that refuse go `by` bytes further.
void move_refusals(Code& code, std::size_t by) {
    for (std::size_t at = 0; at < code.size();) {
        inet_diag_bc_op op{};
        std::memcpy(&op, code.data() + at, sizeof op);
        if (at + op.no == code.size() + kBehind) {
            const auto further = static_cast<unsigned short>(op.no + by);
            std::memcpy(code.data() + at + offsetof(inet_diag_bc_op, no), &further, sizeof further);
        }
        at += op.yes;
    }
}

Code both(Code first, const Code& second) {
    move_refusals(first, second.size());
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

// What the first refuses arrives behind the jump, where the second begins.
Code either(Code first, const Code& second) {
    const Code over = jump(sizeof(inet_diag_bc_op) + second.size());
    first.insert(first.end(), over.begin(), over.end());
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

Code opposite(Code code) {
    const Code refuse = jump(sizeof(inet_diag_bc_op) + kBehind);
    code.insert(code.end(), refuse.begin(), refuse.end());
    return code;
}

Code port_code(const Node& node) {
    const bool is_local = node.what == What::local_port;
    std::uint8_t kind = is_local ? INET_DIAG_BC_S_GE : INET_DIAG_BC_D_GE;
    if (node.compare == Node::Compare::at_most) {
        kind = is_local ? INET_DIAG_BC_S_LE : INET_DIAG_BC_D_LE;
    }
    inet_diag_bc_op value{};
    value.no = static_cast<unsigned short>(node.number);
    Code code;
    append(code, operation(kind, 2 * sizeof value));
    append(code, value);
    return code;
}

// Whether the network of IPv6 holds those of the addresses that are IPv4's in disguise: the kernel
// takes them for IPv6 there, and we for what they are.
bool has_mapped(const IpNetwork& network) {
    if (network.is_v4()) return false;
    constexpr IpAddress::V6Bytes kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    const IpAddress::V6Bytes& first = network.first().v6_bytes();
    for (unsigned bit = 0; bit < network.prefix() && bit < 96; ++bit) {
        if (((first[bit / 8] ^ kMapped[bit / 8]) >> (7 - bit % 8) & 1) != 0) return false;
    }
    return network.prefix() <= 96;
}

Code host_code(bool is_local, const IpNetwork* network, int port) {
    inet_diag_hostcond condition{};
    condition.port = port;
    std::array<std::byte, 16> address{};
    std::size_t size = 0;
    if (network != nullptr) {
        condition.family = network->is_v4() ? AF_INET : AF_INET6;
        condition.prefix_len = static_cast<std::uint8_t>(network->prefix());
        size = network->is_v4() ? 4 : 16;
        std::memcpy(address.data(), network->first().v6_bytes().data(), size);
    }
    Code code;
    append(code, operation(is_local ? INET_DIAG_BC_S_COND : INET_DIAG_BC_D_COND,
                           sizeof(inet_diag_bc_op) + sizeof condition + size));
    append(code, condition);
    code.insert(code.end(), address.begin(), address.begin() + static_cast<std::ptrdiff_t>(size));
    return code;
}

template <class T>
Code value_code(std::uint8_t kind, const T& value) {
    Code code;
    append(code, operation(kind, sizeof(inet_diag_bc_op) + sizeof value));
    append(code, value);
    return code;
}

// What one condition is for the kernel; none where it cannot judge it.
std::optional<Code> term_code(const Node& node) {
    switch (node.what) {
        case What::local_port:
        case What::peer_port:
            if (node.compare != Node::Compare::equal) return port_code(node);
            // Equal ports are known to every kernel as a host with any address.
            return host_code(node.what == What::local_port, nullptr, static_cast<int>(node.number));
        case What::local_host:
        case What::peer_host: {
            if (node.network && has_mapped(*node.network)) return std::nullopt;
            const int port = node.port ? *node.port : -1;
            return host_code(node.what == What::local_host, node.network ? &*node.network : nullptr,
                             port);
        }
        case What::interface:
            return value_code(INET_DIAG_BC_DEV_COND, static_cast<std::uint32_t>(node.number));
        case What::mark:
            return value_code(
                INET_DIAG_BC_MARK_COND,
                inet_diag_markcond{static_cast<std::uint32_t>(node.number), node.mask});
        case What::cgroup:
            return value_code(kCgroupCondition, node.number);
        default:
            return std::nullopt;
    }
}

class Compiler {
public:
    explicit Compiler(const std::vector<Node>& nodes) : nodes_(nodes) {}

    bool is_exact() const { return is_exact_; }

    // None where the kernel is to pass all. What it cannot judge it passes, whichever way round it
    // is asked; so what stands beside that still counts in `and`, and nothing does in `or`.
    // `is_for_all`: no `or` stands above.
    std::optional<Code> compile(std::size_t at, bool is_negated, bool is_for_all) {
        const Node& node = nodes_[at];
        if (node.what == What::neither) return compile(node.left, !is_negated, is_for_all);
        if (node.what != What::both && node.what != What::either) {
            return term(node, is_negated, is_for_all);
        }
        const bool is_either = (node.what == What::both) == is_negated;
        auto left = compile(node.left, is_negated, is_for_all && !is_either);
        auto right = compile(node.right, is_negated, is_for_all && !is_either);
        if (is_either) {
            if (!left || !right) return std::nullopt;
            return either(*std::move(left), *right);
        }
        if (left && right) return both(*std::move(left), *right);
        return left ? left : right;
    }

private:
    std::optional<Code> term(const Node& node, bool is_negated, bool is_for_all) {
        std::optional<Code> code = term_code(node);
        // States are asked for beside this, for all sockets alike.
        if (!code && (node.what != What::states || !is_for_all)) is_exact_ = false;
        return code && is_negated ? opposite(*std::move(code)) : code;
    }

    const std::vector<Node>& nodes_;
    bool is_exact_ = true;
};

}  // namespace

Bytecode compile(const Filter& filter) {
    if (filter.is_empty()) return {};
    Compiler compiler(filter.nodes());
    Bytecode made;
    auto code = compiler.compile(filter.nodes().size() - 1, false, true);
    made.is_exact = compiler.is_exact();
    if (!code) return made;
    if (code->size() > kMostBytes) return {{}, false};
    made.bytes = *std::move(code);
    return made;
}

}  // namespace fivetuple::diag

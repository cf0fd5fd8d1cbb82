#include "fivetuple/diag/bytecode.h"

#include "fivetuple/base/random.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/inet_diag.h>
#include <sys/socket.h>

#include <cstring>

namespace fivetuple::diag {
namespace {

inet_diag_bc_op op_at(const std::vector<std::byte>& code, std::size_t at) {
    inet_diag_bc_op op{};
    std::memcpy(&op, code.data() + at, sizeof op);
    return op;
}

// Whether the kernel would run it: as inet_diag_bc_audit() walks, each instruction after the other;
// where one refuses to, an instruction begins, or it is the end, or four bytes behind.
bool is_sound(const std::vector<std::byte>& code) {
    std::vector<bool> begins(code.size() + 5);
    std::size_t at = 0;
    while (at < code.size()) {
        begins[at] = true;
        const std::size_t step = op_at(code, at).yes;
        if (step < sizeof(inet_diag_bc_op) || step % 4 != 0) return false;
        at += step;
    }
    if (at != code.size()) return false;
    begins[code.size()] = begins[code.size() + 4] = true;
    for (at = 0; at < code.size(); at += op_at(code, at).yes) {
        const std::size_t to = at + op_at(code, at).no;
        if (to >= begins.size() || !begins[to] || to <= at) return false;
    }
    return true;
}

bool same_bits(const std::uint8_t* a, const std::byte* b, unsigned bits) {
    for (unsigned bit = 0; bit < bits; ++bit) {
        const unsigned shift = 7 - bit % 8;
        if ((a[bit / 8] >> shift & 1) != (std::to_integer<unsigned>(b[bit / 8]) >> shift & 1)) {
            return false;
        }
    }
    return true;
}

bool host_is(const std::byte* condition, const EndPoint& end) {
    inet_diag_hostcond want{};
    std::memcpy(&want, condition, sizeof want);
    if (want.port != -1 && want.port != end.port) return false;
    const std::byte* address = condition + sizeof want;
    const int family = end.ip.is_v4() ? AF_INET : AF_INET6;
    const auto& bytes = end.ip.v6_bytes();
    if (want.family != AF_UNSPEC && want.family != family) {
        return family == AF_INET6 && want.family == AF_INET && end.ip.unmapped().is_v4() &&
               same_bits(bytes.data() + 12, address, want.prefix_len);
    }
    return same_bits(bytes.data(), address, want.prefix_len);
}

template <class T>
T value_at(const std::byte* from) {
    T value{};
    std::memcpy(&value, from, sizeof value);
    return value;
}

// As inet_diag_bc_run() does.
bool run(const std::vector<std::byte>& code, const SeenSocket& socket) {
    std::size_t at = 0;
    while (at < code.size()) {
        const inet_diag_bc_op op = op_at(code, at);
        const std::byte* behind = code.data() + at + sizeof op;
        bool is_so = true;
        switch (op.code) {
            case INET_DIAG_BC_JMP:
                is_so = false;
                break;
            case INET_DIAG_BC_S_GE:
                is_so = socket.local.port >= value_at<inet_diag_bc_op>(behind).no;
                break;
            case INET_DIAG_BC_S_LE:
                is_so = socket.local.port <= value_at<inet_diag_bc_op>(behind).no;
                break;
            case INET_DIAG_BC_D_GE:
                is_so = socket.peer.port >= value_at<inet_diag_bc_op>(behind).no;
                break;
            case INET_DIAG_BC_D_LE:
                is_so = socket.peer.port <= value_at<inet_diag_bc_op>(behind).no;
                break;
            case INET_DIAG_BC_S_COND:
                is_so = host_is(behind, socket.local);
                break;
            case INET_DIAG_BC_D_COND:
                is_so = host_is(behind, socket.peer);
                break;
            case INET_DIAG_BC_DEV_COND:
                is_so = value_at<std::uint32_t>(behind) == socket.interface;
                break;
            case INET_DIAG_BC_MARK_COND: {
                const auto want = value_at<inet_diag_markcond>(behind);
                is_so = (*socket.mark & want.mask) == want.mark;
                break;
            }
            case 13:
                is_so = value_at<std::uint64_t>(behind) == *socket.cgroup;
                break;
            default:
                ADD_FAILURE() << "instruction " << int{op.code};
        }
        at += is_so ? op.yes : op.no;
    }
    return at == code.size();
}

std::string pick(Random& random, std::initializer_list<const char*> from) {
    return *(from.begin() + random.below(from.size()));
}

std::string any_term(Random& random) {
    const std::string port = pick(random, {"1", "2", "3", "443"});
    const std::string address =
        pick(random, {"10.0.0.1", "10.0.0.0/8", "0.0.0.0/0", "2001:db8::1", "2001:db8::/32", "::/0",
                      "::/95", "::ffff:0:0/96", "*:2", "10.0.0.1:3", "[2001:db8::1]:1"});
    switch (random.below(8)) {
        case 0:
            return "dport " + pick(random, {"=", "!=", "<", "<=", ">", ">="}) + " " + port;
        case 1:
            return "sport " + pick(random, {"=", "!=", "<", "<=", ">", ">="}) + " " + port;
        case 2:
            return "src " + pick(random, {"=", "!="}) + " " + address;
        case 3:
            return "dst " + pick(random, {"=", "!="}) + " " + address;
        case 4:
            return pick(random, {"dev 1", "dev != 2", "fwmark 1/3", "fwmark != 2", "cgroup 5"});
        case 5:
            return pick(random, {"uid 1", "inode != 2"});
        default:
            return pick(random, {"state established", "exclude listening", "state big"});
    }
}

std::string any_filter(Random& random, int depth) {
    if (depth == 0 || random.below(4) == 0) return any_term(random);
    if (random.below(4) == 0) return "not ( " + any_filter(random, depth - 1) + " )";
    return "( " + any_filter(random, depth - 1) + pick(random, {" and ", " or ", " "}) +
           any_filter(random, depth - 1) + " )";
}

SeenSocket any_socket(Random& random) {
    const auto address = [&random] {
        return *IpAddress::parse(pick(random, {"10.0.0.1", "10.1.0.1", "192.0.2.1", "2001:db8::1",
                                               "2001:db8:1::1", "::1", "::ffff:10.0.0.1"}));
    };
    SeenSocket socket;
    socket.state = random.below(2) == 0 ? TcpState::established : TcpState::listening;
    socket.local = {address(), static_cast<std::uint16_t>(random.below(5))};
    socket.peer = {address(), static_cast<std::uint16_t>(random.below(5))};
    socket.interface = static_cast<std::uint32_t>(random.below(3));
    socket.mark = static_cast<std::uint32_t>(random.below(4));
    socket.cgroup = random.below(8);
    socket.user = static_cast<std::uint32_t>(random.below(3));
    socket.inode = static_cast<std::uint32_t>(random.below(3));
    return socket;
}

TEST(SocketBytecode, PassesAllThatTheFilterDoesAndNothingElseWhereItSaysSo) {
    Random random(7);
    std::size_t exact = 0;
    for (int round = 0; round < 3000; ++round) {
        const std::string text = any_filter(random, 4);
        const auto filter = Filter::parse(text);
        ASSERT_TRUE(filter) << text;
        const Bytecode code = compile(*filter);
        ASSERT_TRUE(is_sound(code.bytes)) << text;
        exact += code.is_exact ? 1 : 0;
        for (int count = 0; count < 50; ++count) {
            const SeenSocket socket = any_socket(random);
            const bool is_passed =
                filter->states().contains(socket.state) && run(code.bytes, socket);
            const bool is_wanted = filter->matches(socket);
            ASSERT_TRUE(is_passed || !is_wanted) << text;
            ASSERT_TRUE(is_passed == is_wanted || !code.is_exact) << text;
        }
    }
    EXPECT_GT(exact, 500u);
}

TEST(SocketBytecode, WhatTheKernelCannotJudgeIsLeftToUs) {
    const auto compiled = [](std::string_view text) { return compile(*Filter::parse(text)); };
    EXPECT_TRUE(compiled("").is_exact);
    EXPECT_TRUE(compiled("").bytes.empty());
    EXPECT_TRUE(compiled("state established").is_exact);
    EXPECT_TRUE(compiled("state established").bytes.empty());
    EXPECT_TRUE(compiled("state established and dport = 1").is_exact);
    EXPECT_FALSE(compiled("state established or dport = 1").is_exact);
    EXPECT_FALSE(compiled("process = a and dport = 1").is_exact);
    EXPECT_FALSE(compiled("process = a and dport = 1").bytes.empty());
    EXPECT_TRUE(compiled("process = a or dport = 1").bytes.empty());
    EXPECT_FALSE(compiled("src /run/a").is_exact);
}

TEST(SocketBytecode, TheLongestFilterFits) {
    std::string text = "dst 2001:db8::1";
    for (int count = 0; count < 240; ++count) text += " or dst 2001:db8::1";
    const auto filter = Filter::parse(text);
    ASSERT_TRUE(filter);
    const Bytecode code = compile(*filter);
    EXPECT_TRUE(code.is_exact);
    EXPECT_TRUE(is_sound(code.bytes));
}

}  // namespace
}  // namespace fivetuple::diag

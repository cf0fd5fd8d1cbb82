#include "fivetuple/os/steering.h"

#include "fivetuple/os/bpf_run.h"
#include "fivetuple/os/clock.h"
#include "fivetuple/os/options/filter.h"
#include "fivetuple/os/options/ipv6.h"
#include "fivetuple/os/options/socket.h"

#include <linux/bpf.h>
#include <sched.h>
#include <sys/syscall.h>

#include "tests/testing/child.h"
#include "tests/testing/eventually.h"
#include "tests/testing/option_checks.h"
#include <algorithm>
#include <vector>

namespace fivetuple {
namespace {

using testing_help::eventually;
using testing_help::open_kind;
using namespace std::chrono_literals;

// Several listeners of one address, numbered as they were bound.
std::vector<Socket> group(SocketKind kind, std::size_t size) {
    std::vector<Socket> sockets;
    const bool is_v4 = kind == SocketKind::tcp_v4 || kind == SocketKind::udp_v4;
    SocketAddress at(is_v4 ? IpAddress::loopback_v4() : IpAddress::loopback_v6(), 0);
    for (std::size_t number = 0; number < size; ++number) {
        Socket each = *open_kind(kind);
        EXPECT_TRUE(set(each, ReusePort{}));
        EXPECT_TRUE(each.bind(at));
        EXPECT_TRUE(!kTcp.has(kind) || each.listen());
        at = each.local_address().value();
        sockets.push_back(std::move(each));
    }
    return sockets;
}

// Where a new connection goes; -1 is nowhere.
struct Arrival {
    int number = -1;
    SocketAddress peer;
};

Arrival connect_once(std::vector<Socket>& listeners) {
    auto client = Socket::connect_to(listeners[0].local_address().value());
    if (!client) return {};
    Arrival arrival{-1, client->local_address().value()};
    EXPECT_TRUE(eventually([&] {
        for (std::size_t number = 0; number < listeners.size(); ++number) {
            if (listeners[number].accept(Time{})) arrival.number = static_cast<int>(number);
        }
        return arrival.number >= 0;
    }));
    return arrival;
}

// The headers that a steering program sees of a connection's first packet.
std::vector<std::byte> headers_of(const SocketAddress& from) {
    std::vector<std::byte> bytes(60);
    const IpAddress ip = from.ip();
    std::size_t transport = 0;
    if (ip.is_v4()) {
        bytes[0] = std::byte{0x45};
        const auto address = ip.v4_bytes();
        std::ranges::copy(std::as_bytes(std::span(address)), bytes.begin() + 12);
        transport = 20;
    } else {
        bytes[0] = std::byte{0x60};
        std::ranges::copy(std::as_bytes(std::span(ip.v6_bytes())), bytes.begin() + 8);
        transport = 40;
    }
    put_integer(MutableBytes(bytes).subspan(transport), from.port());
    return bytes;
}

TEST(Steering, J6_AllCanGoToOneOfTheGroup) {
    for (const SocketKind kind : {SocketKind::tcp_v4, SocketKind::tcp_v6}) {
        auto listeners = group(kind, 4);
        for (const unsigned chosen : {2U, 0U, 3U}) {
            // Attached to any of them, it stands for all.
            ASSERT_TRUE(set(listeners[1], ReusePortSteering{steer_to(chosen)}));
            for (int round = 0; round < 8; ++round) {
                EXPECT_EQ(connect_once(listeners).number, static_cast<int>(chosen));
            }
        }
    }
}

TEST(Steering, AnAnswerOutOfRangeLeavesTheChoiceToTheKernel) {
    auto listeners = group(SocketKind::tcp_v4, 2);
    ASSERT_TRUE(set(listeners[0], ReusePortSteering{steer_to(7)}));
    for (int round = 0; round < 8; ++round) EXPECT_GE(connect_once(listeners).number, 0);
}

TEST(Steering, DetachedTheKernelSpreadsAgain) {
    auto listeners = group(SocketKind::tcp_v4, 4);
    ASSERT_TRUE(set(listeners[0], ReusePortSteering{steer_to(1)}));
    ASSERT_TRUE(set(listeners[3], DetachReusePortSteering{}));
    std::vector<int> count(4);
    for (int round = 0; round < 200; ++round) {
        ++count.at(static_cast<std::size_t>(connect_once(listeners).number));
    }
    EXPECT_EQ(std::ranges::count(count, 0), 0) << "each of four gets some of 200";
    EXPECT_TRUE(set(listeners[0], DetachReusePortSteering{}).error().is(ENOENT));
}

TEST(Steering, ByPeerTheProgramSaysBeforehandWhoGetsIt) {
    for (const SocketKind kind : {SocketKind::tcp_v4, SocketKind::tcp_v6}) {
        auto listeners = group(kind, 4);
        const bpf::Program program = steer_by_peer(4);
        ASSERT_TRUE(set(listeners[0], ReusePortSteering{program}));
        std::vector<int> count(4);
        for (int round = 0; round < 100; ++round) {
            const Arrival arrival = connect_once(listeners);
            const auto headers = headers_of(arrival.peer);
            bpf::Packet packet;
            packet.network = headers;
            EXPECT_EQ(arrival.number, static_cast<int>(bpf::run(program, packet)))
                << arrival.peer.to_string();
            ++count.at(static_cast<std::size_t>(arrival.number));
        }
        EXPECT_EQ(std::ranges::count(count, 0), 0) << "each of four gets some of 100";
    }
}

// A listener for both families sees the headers of both.
TEST(Steering, ByPeerServesIpv4OnAnIpv6SocketToo) {
    std::vector<Socket> listeners;
    SocketAddress at(IpAddress::any_v6(), 0);
    for (int number = 0; number < 3; ++number) {
        Socket each = *open_kind(SocketKind::tcp_v6);
        ASSERT_TRUE(set(each, ReusePort{}));
        ASSERT_TRUE(set(each, V6Only{false}));
        ASSERT_TRUE(each.bind(at));
        ASSERT_TRUE(each.listen());
        at = each.local_address().value();
        listeners.push_back(std::move(each));
    }
    const bpf::Program program = steer_by_peer(3);
    ASSERT_TRUE(set(listeners[2], ReusePortSteering{program}));
    for (int round = 0; round < 20; ++round) {
        auto client = Socket::connect_to({IpAddress::loopback_v4(), at.port()});
        ASSERT_TRUE(client);
        const auto headers = headers_of(client->local_address().value());
        bpf::Packet packet;
        packet.network = headers;
        EXPECT_TRUE(listeners[bpf::run(program, packet)].accept(monotonic_now() + 20s));
    }
}

TEST(Steering, ByPeerDatagramsOfOnePeerStayTogether) {
    auto sockets = group(SocketKind::udp_v4, 4);
    const bpf::Program program = steer_by_peer(4);
    ASSERT_TRUE(set(sockets[0], ReusePortSteering{program}));
    for (int round = 0; round < 20; ++round) {
        auto client = open_kind(SocketKind::udp_v4);
        ASSERT_TRUE(client->connect(sockets[0].local_address().value()));
        const auto headers = headers_of(client->local_address().value());
        bpf::Packet packet;
        packet.network = headers;
        Socket& chosen = sockets[bpf::run(program, packet)];
        std::array<std::byte, 8> room{};
        for (int sent = 0; sent < 3; ++sent) {
            ASSERT_TRUE(client->write_some(bytes_of("x")));
            EXPECT_TRUE(chosen.read_some(room, monotonic_now() + 20s));
        }
    }
}

TEST(Steering, ByCpuEachProcessorHasItsSocket) {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    ASSERT_EQ(::sched_getaffinity(0, sizeof allowed, &allowed), 0);
    const std::string answer = testing_help::in_child([&]() -> std::string {
        auto listeners = group(SocketKind::tcp_v4, 2);
        if (!set(listeners[0], ReusePortSteering{steer_by_cpu(2)})) return "not attached";
        for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
            if (!CPU_ISSET(cpu, &allowed)) continue;
            cpu_set_t one;
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
            // Over loopback the packet is handled where it is sent.
            if (::sched_setaffinity(0, sizeof one, &one) != 0) continue;
            for (int round = 0; round < 8; ++round) {
                const int number = connect_once(listeners).number;
                if (number != static_cast<int>(cpu % 2)) {
                    return "from processor " + std::to_string(cpu) + " to socket " +
                           std::to_string(number);
                }
            }
        }
        return "right";
    });
    EXPECT_EQ(answer, "right");
}

TEST(Steering, ByHashIsAProgramThatReadsTheHash) {
    const bpf::Program program = steer_by_hash(3);
    bpf::Packet packet;
    packet.beside[bpf::Beside::hash] = 3000000002U;
    EXPECT_EQ(bpf::run(program, packet), 3000000002U % 3);
    EXPECT_EQ(program.to_string(),
              "(000) ld       rxhash\n"
              "(001) mod      #0x3\n"
              "(002) ret      a\n");
    auto listeners = group(SocketKind::tcp_v4, 3);
    ASSERT_TRUE(set(listeners[0], ReusePortSteering{program}));
    for (int round = 0; round < 30; ++round) EXPECT_GE(connect_once(listeners).number, 0);
}

TEST(Steering, ByPeerSpreadsEvenly) {
    const bpf::Program program = steer_by_peer(4);
    std::vector<int> count(4);
    for (std::uint16_t port = 32768; port < 33768; ++port) {
        const auto headers = headers_of({IpAddress::loopback_v4(), port});
        bpf::Packet packet;
        packet.network = headers;
        ++count.at(bpf::run(program, packet));
    }
    for (const int each : count) {
        EXPECT_GT(each, 150);
        EXPECT_LT(each, 350);
    }
}

TEST(Steering, ASocketThatIsInNoGroupCannotBeSteered) {
    auto lone = open_kind(SocketKind::tcp_v4);
    EXPECT_FALSE(set(*lone, ReusePortSteering{steer_to(0)}));
    auto unix_socket = open_kind(SocketKind::unix_stream);
    EXPECT_FALSE(set(*unix_socket, ReusePortSteering{steer_to(0)}));
}

TEST(Steering, AnEbpfProgramSteersAsWell) {
    // r0 = 1; exit
    const bpf_insn code[] = {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 1},
                             {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
    bpf_attr request{};
    request.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
    request.insns = reinterpret_cast<std::uintptr_t>(code);
    request.insn_cnt = 2;
    const char license[] = "GPL";
    request.license = reinterpret_cast<std::uintptr_t>(license);
    const Fd program(static_cast<int>(::syscall(SYS_bpf, BPF_PROG_LOAD, &request, sizeof request)));
    if (!program) GTEST_SKIP() << "no eBPF program can be loaded here";
    auto listeners = group(SocketKind::tcp_v4, 3);
    ASSERT_TRUE(set(listeners[0], ReusePortSteeringEbpf{program.raw()}));
    for (int round = 0; round < 8; ++round) EXPECT_EQ(connect_once(listeners).number, 1);
    EXPECT_FALSE(set(listeners[0], ReusePortSteeringEbpf{-1}));
}

}  // namespace
}  // namespace fivetuple

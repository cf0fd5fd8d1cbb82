#include "fivetuple/blocking/tcp.h"
#include "fivetuple/blocking/udp.h"
#include "fivetuple/diag/findings.h"
#include "fivetuple/os/options.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/testing/eventually.h"
#include "tests/testing/own_network.h"
#include <array>
#include <csignal>

using namespace fivetuple;
using namespace fivetuple::testing_help;

namespace {

const SocketAddress kHere(IpAddress::loopback_v4(), 0);

// The names of what is found, looking at this process only.
std::string found(const diag::Look& before, const diag::Thresholds& thresholds = {}) {
    const auto now = diag::Look::take({static_cast<std::uint32_t>(::getpid()), std::nullopt});
    if (!now) return now.error().message();
    std::string names;
    for (const diag::Finding& each : diag::findings(before, *now, thresholds)) {
        names += std::string(each.illness->name) + " ";
    }
    return names;
}
std::string found(const diag::Thresholds& thresholds = {}) {
    return found(diag::Look(), thresholds);
}

struct Pair {
    blocking::TcpStream client;
    blocking::TcpStream server;
};
std::vector<Pair> pairs(blocking::TcpListener& listener, int count) {
    std::vector<Pair> all;
    for (int each = 0; each < count; ++each) {
        auto client = blocking::TcpStream::connect(*listener.local_address()).value();
        all.push_back({std::move(client), listener.accept().value()});
    }
    return all;
}

std::string full_accept_queue() {
    ListenOptions options;
    options.backlog = 1;
    auto listener = blocking::TcpListener::bind(kHere, options).value();
    std::string told = "healthy: " + found();
    std::vector<blocking::TcpStream> clients;
    for (int count = 0; count < 2; ++count) {
        clients.push_back(blocking::TcpStream::connect(*listener.local_address()).value());
    }
    const bool is_found = eventually([] { return found() == "accept-queue-full "; });
    return told + (is_found ? "ill: found" : "ill: " + found());
}

std::string leaked_connections() {
    diag::Thresholds at_once;
    at_once.unclosed_for = {};
    auto listener = blocking::TcpListener::bind(kHere).value();
    std::vector<Pair> open = pairs(listener, 25);
    // Half of it is not enough, and neither are many that were closed a moment ago.
    for (int at = 0; at < 10; ++at) open[static_cast<std::size_t>(at)].client.close();
    std::string told = "healthy: " + found(at_once);
    for (Pair& each : open) each.client.close();
    told += "young: " + found();
    const bool is_found = eventually([&] { return found(at_once) == "close-wait-leak "; });
    return told + (is_found ? "ill: found" : "ill: " + found(at_once));
}

std::string few_ports() {
    if (!set_sysctl("net/ipv4/ip_local_port_range", "40000 40049")) return "no sysctl";
    auto listener =
        blocking::TcpListener::bind(SocketAddress(IpAddress::loopback_v4(), 8080)).value();
    std::vector<Pair> open = pairs(listener, 30);
    std::string told = "healthy: " + found();
    // The kernel gives the even half of the range to connections first, and then the rest.
    for (Pair& each : pairs(listener, 15)) open.push_back(std::move(each));
    return told + "ill: " + found();
}

std::string few_descriptors() {
    const Fd next(::dup(2));
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 200;
    if (next.raw() > 100 || ::setrlimit(RLIMIT_NOFILE, &limit) != 0) return "too many already";
    std::string told = "healthy: " + found();
    std::vector<Fd> held;
    for (int count = next.raw(); count < 180; ++count) held.emplace_back(::dup(2));
    return told + "ill: " + found();
}

std::string lost_datagrams() {
    auto receiver = blocking::UdpSocket::bind(kHere).value();
    auto sender = blocking::UdpSocket::connect(*receiver.local_address()).value();
    if (!set(receiver, ReceiveBuffer{4096})) return "no buffer";
    const auto flood = [&sender] {
        const std::vector<std::byte> much(1000);
        for (int count = 0; count < 100; ++count) (void)sender.send(much);
    };
    std::string told = "healthy: " + found();
    flood();
    told += "ill: " + found();
    // What was lost before it is looked at is no illness of now.
    const auto before = diag::Look::take({static_cast<std::uint32_t>(::getpid()), std::nullopt});
    if (!before) return before.error().message();
    told += "before: " + found(*before);
    flood();
    return told + "again: " + found(*before);
}

std::string silent_reader() {
    auto listener = blocking::TcpListener::bind(kHere).value();
    auto open = pairs(listener, 2);
    (void)open[1].client.write_all(bytes_of("a little"));
    std::string told = "healthy: " + found();
    // Until nothing more fits in between.
    const std::vector<std::byte> much(1 << 16);
    bool is_full = false;
    while (!is_full) {
        const auto sent =
            open[0].client.write_all(much, monotonic_now() + std::chrono::milliseconds(50));
        is_full = !sent;
    }
    const bool is_found = eventually([] { return found() == "peer-takes-nothing "; });
    return told + (is_found ? "ill: found" : "ill: " + found());
}

// All of the network, as the stranger is another process.
std::string all_found() {
    const auto now = diag::Look::take();
    if (!now) return now.error().message();
    std::string names;
    for (const diag::Finding& each : diag::findings(*now, *now)) {
        if (each.illness->name == "listener-shared") names += "listener-shared ";
    }
    return names;
}

std::string shared_listener() {
    ListenOptions options;
    options.reuse_port = true;
    auto listener = blocking::TcpListener::bind(kHere, options).value();
    auto sister = blocking::TcpListener::bind(*listener.local_address(), options).value();
    std::string told = "healthy: " + all_found();
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) return "no pipe";
    const pid_t stranger = ::fork();
    if (stranger == 0) {
        // Its own listener, and none of ours.
        const auto mine = blocking::TcpListener::bind(*listener.local_address(), options);
        listener.close();
        sister.close();
        ::prctl(PR_SET_NAME, "stranger");
        (void)!::write(ends[1], mine ? "y" : "n", 1);
        ::pause();
        ::_exit(0);
    }
    char is_ready = 'n';
    (void)!::read(ends[0], &is_ready, 1);
    told += is_ready == 'y' ? "ill: " + all_found() : "the stranger cannot bind";
    ::kill(stranger, SIGKILL);
    ::waitpid(stranger, nullptr, 0);
    return told;
}

void expect_in_own_network(std::string (*work)(), const char* told) {
    const std::string answer = in_own_network(work);
    if (answer == kNoOwnNetwork) GTEST_SKIP() << answer;
    EXPECT_EQ(answer, told);
}

TEST(Doctor, H3_AFullAcceptQueueIsFound) {
    expect_in_own_network(&full_accept_queue, "healthy: ill: found");
}
TEST(Doctor, H3_ConnectionsThatTheirProgramForgetsAreFound) {
    expect_in_own_network(&leaked_connections, "healthy: young: ill: found");
}
TEST(Doctor, H3_PortsThatRunOutAreFound) {
    expect_in_own_network(&few_ports, "healthy: ill: ports-running-out ");
}
TEST(Doctor, H3_DescriptorsThatRunOutAreFound) {
    expect_in_own_network(&few_descriptors, "healthy: ill: descriptors-running-out ");
}
TEST(Doctor, H3_DatagramsThatAreDroppedAreFoundWhileTheyAre) {
    expect_in_own_network(&lost_datagrams,
                          "healthy: ill: datagrams-dropped before: again: datagrams-dropped ");
}
TEST(Doctor, H3_APeerThatReadsNothingIsFound) {
    expect_in_own_network(&silent_reader, "healthy: ill: found");
}
TEST(Doctor, H3_AStrangerBesideOurListenerIsFound) {
    expect_in_own_network(&shared_listener, "healthy: ill: listener-shared ");
}

}  // namespace

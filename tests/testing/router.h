#pragma once

#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/testing/own_network.h"
#include "tests/testing/testing.h"
#include <array>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace fivetuple::testing_help {

/// Takes the right to raw sockets from this process.
inline bool drop_raw_sockets() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> held{};
    if (::syscall(SYS_capget, &header, held.data()) != 0) return false;
    for (std::uint32_t* each : {&held[0].effective, &held[0].permitted}) {
        *each &= ~(std::uint32_t{1} << CAP_NET_RAW);
    }
    return ::syscall(SYS_capset, &header, held.data()) == 0;
}

/// Runs `body()` in a forked child with a network that has a loopback device only.
template <class Body>
void in_a_network(Body body) {
    const std::string outcome = in_own_network([&]() -> std::string {
        {
            const NoDescriptorLeaks no_leaks;
            body();
        }
        return ::testing::Test::HasFailure() ? "it failed" : "ok";
    });
    if (outcome == kNoOwnNetwork) GTEST_SKIP() << "this user may not make networks";
    EXPECT_EQ(outcome, "ok");
}

/// A router at the other end of a cable: 10.7.0.1 is here (on v0), 10.7.0.2 there. It has no route
/// to anywhere but those that are given to it.
class Router {
public:
    Router() {
        std::array<int, 2> ends{};
        if (::pipe(ends.data()) != 0) return;
        process_ = ::fork();
        if (process_ == 0) {
            const char is_there = ::unshare(CLONE_NEWNET) == 0 ? 'y' : 'n';
            if (::write(ends[1], &is_there, 1) == 1) ::pause();
            ::_exit(0);
        }
        char answer = 'n';
        is_up_ = ::read(ends[0], &answer, 1) == 1 && answer == 'y';
        ::close(ends[0]);
        ::close(ends[1]);
        is_up_ = is_up_ &&
                 command("ip link add v0 type veth peer name v1 netns " + number() +
                         " && ip addr add 10.7.0.1/24 dev v0 && ip link set v0 up") &&
                 there(
                     "ip link set lo up && ip addr add 10.7.0.2/24 dev v1 && ip link set v1 up "
                     "&& echo 1 > /proc/sys/net/ipv4/ip_forward && echo 0 > "
                     "/proc/sys/net/ipv4/icmp_ratelimit") &&
                 command("ip route add default via 10.7.0.2") && command(until_carrying("v0")) &&
                 there(until_carrying("v1"));
    }
    Router(const Router&) = delete;
    Router& operator=(const Router&) = delete;
    ~Router() {
        if (process_ <= 0) return;
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
    }

    bool is_up() const { return is_up_; }
    /// Runs a command of the shell at the router.
    bool there(const std::string& line) const {
        return command("nsenter -t " + number() + " -n sh -c '" + line + "'");
    }
    static bool command(const std::string& line) { return std::system(line.c_str()) == 0; }

private:
    std::string number() const { return std::to_string(process_); }

    pid_t process_ = -1;
    bool is_up_ = false;
};

}  // namespace fivetuple::testing_help

#pragma once

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "tests/testing/child.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace fivetuple::testing_help {

/// What in_own_network() gives where this user may not make a network.
inline constexpr const char* kNoOwnNetwork = "no network namespace";

/// Sets a number or word below /proc/sys; of the network, it is the own network's.
inline bool set_sysctl(const std::string& name, const std::string& value) {
    FILE* file = std::fopen(("/proc/sys/" + name).c_str(), "we");
    if (file == nullptr) return false;
    const bool is_written = std::fputs(value.c_str(), file) >= 0;
    return std::fclose(file) == 0 && is_written;
}

/// Leaves this process's network for a new one that has only a loopback device, which is up.
inline bool enter_own_network() {
    if (::unshare(CLONE_NEWNET) != 0) return false;
    const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP;
    const bool is_up = socket >= 0 && ::ioctl(socket, SIOCSIFFLAGS, &request) == 0;
    if (socket >= 0) ::close(socket);
    return is_up;
}

/// A line for the shell that ends when `link` carries packets: a moment after it was switched on;
/// until then they are lost.
inline std::string until_carrying(const std::string& link) {
    return "for i in $(seq 1000); do ip link show " + link +
           " | grep -q \"state UP\" && exit 0; sleep 0.01; done; exit 1";
}

/// Adds the two ends of a cable, `v0` and `v1`, to the own network; v0 has the address fd00::1.
/// Multicast of IPv6 needs it: the loopback device has none.
inline bool add_cable() {
    return std::system(
               "ip link add v0 type veth peer name v1 && ip link set v1 up && "
               "ip link set v0 up && ip -6 addr add fd00::1/64 dev v0 nodad") == 0;
}

/// What `work` returns in a forked child that has a network of its own.
template <std::invocable Work>
std::string in_own_network(Work work) {
    return in_child([&] { return enter_own_network() ? work() : std::string(kNoOwnNetwork); });
}

}  // namespace fivetuple::testing_help

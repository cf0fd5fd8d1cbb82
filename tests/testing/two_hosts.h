#pragma once

#include "fivetuple/os/fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include "tests/testing/own_network.h"
#include <cstdlib>
#include <string>
#include <thread>

namespace fivetuple::testing_help {

/// Runs `work` in a thread that has a network of its own; the test is skipped where this user may
/// not make one. Processes and threads that it starts are in that network as well.
template <class Work>
void on_own_network(Work work) {
    bool is_entered = false;
    std::thread([&] {
        is_entered = enter_own_network();
        if (is_entered) work();
    }).join();
    if (!is_entered) GTEST_SKIP() << kNoOwnNetwork;
}

/// Two hosts on a cable, each a network of its own: this one, where the calling thread is, has
/// 10.9.0.1 on device `near`; the far one has 10.9.0.2. For use inside on_own_network().
class TwoHosts {
public:
    TwoHosts() : near_(network()) {
        ::unshare(CLONE_NEWNET);
        far_ = network();
        is_well_ &= std::system("ip link set lo up") == 0;
        enter(near_);
        const std::string far =
            "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(far_.raw());
        const std::string commands = "ip link add near type veth peer name far netns " + far +
                                     " && ip addr add 10.9.0.1/24 dev near && ip link set near up";
        is_well_ &= std::system(commands.c_str()) == 0;
        there([&] {
            is_well_ &= std::system(
                            "ip addr add 10.9.0.2/24 dev far && ip link set far address "
                            "02:00:00:00:00:02 && ip link set far up") == 0;
        });
        is_well_ &= reach("02:00:00:00:00:02");
    }
    TwoHosts(const TwoHosts&) = delete;
    TwoHosts& operator=(const TwoHosts&) = delete;
    ~TwoHosts() = default;

    bool is_well() const { return is_well_; }
    /// Does `work` as the far host: what it opens stays there.
    template <class Work>
    void there(Work work) {
        enter(far_);
        work();
        enter(near_);
    }
    /// From now on what is sent there gets lost, without a word; the cable looks well.
    void cut() { EXPECT_TRUE(reach("02:00:00:00:00:99")); }
    void mend() { EXPECT_TRUE(reach("02:00:00:00:00:02")); }

private:
    static Fd network() { return Fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)); }
    static void enter(const Fd& network) { EXPECT_EQ(::setns(network.raw(), CLONE_NEWNET), 0); }
    // To whom frames for the far host go.
    static bool reach(const std::string& hardware) {
        return std::system(("ip neigh replace 10.9.0.2 dev near nud permanent lladdr " + hardware)
                               .c_str()) == 0;
    }

    Fd near_;
    Fd far_;
    bool is_well_ = true;
};

}  // namespace fivetuple::testing_help

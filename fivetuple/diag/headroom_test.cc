#include "fivetuple/diag/headroom.h"

#include "fivetuple/os/fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

namespace fivetuple::diag {
namespace {

TEST(SocketHeadroom, AProcessTellsItsDescriptorsAndItsLimit) {
    const auto before = DescriptorUse::of(static_cast<std::uint32_t>(::getpid()));
    ASSERT_TRUE(before) << before.error().message();
    std::vector<Fd> more;
    for (int count = 0; count < 7; ++count) more.emplace_back(::dup(2));
    const auto after = DescriptorUse::of(static_cast<std::uint32_t>(::getpid()));
    ASSERT_TRUE(after);
    EXPECT_EQ(after->open, before->open + 7);
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    EXPECT_EQ(after->most, limit.rlim_cur);
    EXPECT_GT(after->share(), 0);
    EXPECT_FALSE(after->process.empty());
    EXPECT_EQ(after->process.find('\n'), std::string::npos);
    EXPECT_TRUE(DescriptorUse::of(UINT32_MAX).error().is(ENOENT));
}

TEST(SocketHeadroom, AllProcessesAreGoneThrough) {
    bool is_there = false;
    const auto unseen = for_each_descriptor_use([&is_there](const DescriptorUse& use) {
        is_there = is_there || use.pid == static_cast<std::uint32_t>(::getpid());
    });
    EXPECT_TRUE(unseen) << unseen.error().message();
    EXPECT_TRUE(is_there);
    const auto files = FileUse::read();
    ASSERT_TRUE(files) << files.error().message();
    EXPECT_GT(files->open, 0u);
    EXPECT_LE(files->open, files->most);
}

SeenSocket connection(std::uint16_t local_port, std::string_view peer, std::uint16_t peer_port,
                      TcpState state) {
    SeenSocket socket;
    socket.state = state;
    socket.local = {*IpAddress::parse("10.0.0.1"), local_port};
    socket.peer = {*IpAddress::parse(peer), peer_port};
    return socket;
}

TEST(SocketHeadroom, PortsAreCountedTowardsEachDestination) {
    PortUse use(PortRange{40000, 40009});
    for (std::uint16_t port = 40000; port < 40005; ++port) {
        const auto state = port < 40002 ? TcpState::time_wait : TcpState::established;
        ASSERT_TRUE(use.see(connection(port, "192.0.2.1", 443, state)));
    }
    ASSERT_TRUE(use.see(connection(40000, "192.0.2.2", 443, TcpState::syn_sent)));
    // What was accepted, what listens, and who has chosen a port take none of the kernel's.
    ASSERT_TRUE(use.see(connection(80, "192.0.2.1", 40000, TcpState::established)));
    ASSERT_TRUE(use.see(connection(40001, "0.0.0.0", 0, TcpState::listening)));
    use.keep();
    ASSERT_TRUE(use.see(connection(40001, "192.0.2.3", 443, TcpState::established)));
    use.forget();
    const auto fullest = use.fullest(10);
    ASSERT_EQ(fullest.size(), 2u);
    EXPECT_EQ(fullest[0].peer.to_string(), "192.0.2.1:443");
    EXPECT_EQ(fullest[0].taken, 5u);
    EXPECT_EQ(fullest[0].in_time_wait, 2u);
    EXPECT_DOUBLE_EQ(fullest[0].share, 0.5);
    EXPECT_EQ(fullest[1].taken, 1u);
    EXPECT_EQ(use.fullest(1).size(), 1u);
}

TEST(SocketHeadroom, TheRangeOfPortsIsThatOfTheKernel) {
    const auto range = PortRange::read();
    ASSERT_TRUE(range) << range.error().message();
    EXPECT_GT(range->count(), 0u);
    EXPECT_TRUE(range->contains(range->first) && range->contains(range->last));
    EXPECT_EQ((PortRange{5, 4}.count()), 0u);
}

TEST(SocketHeadroom, EverySettingIsThereAndSaysWhatItClips) {
    for (const Setting& each : settings()) {
        const auto numbers = each.read();
        ASSERT_TRUE(numbers) << numbers.error().message();
        EXPECT_FALSE(numbers->empty() || each.clips.empty() || each.unit.empty()) << each.name;
    }
}

}  // namespace
}  // namespace fivetuple::diag

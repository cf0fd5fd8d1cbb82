#include "fivetuple/os/options/unix.h"

#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/testing/child.h"
#include "tests/testing/option_checks.h"
#include <csignal>

namespace fivetuple {
namespace {

using ::testing::StartsWith;
using testing_help::connected_kind;
using testing_help::expect_kept;
using testing_help::in_child;

constexpr SocketKind kUnixKinds[] = {SocketKind::unix_stream, SocketKind::unix_datagram,
                                     SocketKind::unix_seqpacket};

TEST(UnixOptions, SwitchesAreKept) {
    expect_kept<PassCredentials>({{true}, {false}});
    expect_kept<PassProcess>({{true}, {false}});
}

TEST(UnixOptions, I3_PeerCredentialsTellWhoMadeThePair) {
    for (const SocketKind kind : kUnixKinds) {
        auto pair = connected_kind(kind);
        const auto peer = get<PeerCredentials>(pair->first);
        ASSERT_TRUE(peer) << to_string(kind);
        EXPECT_EQ(peer->pid, ::getpid());
        EXPECT_EQ(peer->uid, ::geteuid());
        EXPECT_EQ(peer->gid, ::getegid());
        EXPECT_THAT(peer->to_string(), StartsWith("pid " + std::to_string(::getpid()) + ", uid "));
    }
}

TEST(UnixOptions, F115_CredentialsAreTheConnectingProcesss) {
    const testing_help::TemporaryFolder folder;
    const SocketAddress at = SocketAddress::unix_path(folder.path("socket")).value();
    auto listener = Socket::listen_on(at);
    ASSERT_TRUE(listener);
    const pid_t child = ::fork();
    if (child == 0) {
        auto client = Socket::connect_to(at);
        ::_exit(client ? 0 : 1);  // The credentials outlive the process.
    }
    auto server = listener->accept();
    ASSERT_TRUE(server);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(get<PeerCredentials>(*server)->pid, child);
}

TEST(UnixOptions, F119_ADescriptorOfThePeersProcessCannotMeanAnother) {
    if (running_kernel() < KernelVersion{6, 5}) GTEST_SKIP() << "SO_PEERPIDFD came with Linux 6.5";
    const testing_help::NoDescriptorLeaks no_leaks;
    auto pair = connected_kind(SocketKind::unix_stream);
    const auto peer = get<PeerProcess>(pair->first);
    ASSERT_TRUE(peer) << peer.error().message();
    EXPECT_TRUE(peer->process);
    EXPECT_EQ(peer->to_string(), "process " + std::to_string(::getpid()));
    EXPECT_EQ(PeerProcess{}.to_string(), "none");
}

TEST(UnixOptions, ASocketWithoutAPeerHasNoneToTell) {
    auto lone = testing_help::open_kind(SocketKind::unix_stream);
    const auto process = get<PeerProcess>(*lone);
    ASSERT_FALSE(process);
    EXPECT_EQ(process.error().subject(), "SO_PEERPIDFD");
    const auto groups = get<PeerGroups>(*lone);
    ASSERT_FALSE(groups);
    EXPECT_TRUE(groups.error().is(ENODATA)) << groups.error().message();
}

TEST(UnixOptions, PeerGroupsAreThoseOfThePeersProcess) {
    const std::string answer = in_child([]() -> std::string {
        // More than the first try has room for.
        std::vector<gid_t> many;
        for (gid_t each = 1000; each < 1100; ++each) many.push_back(each);
        if (::setgroups(many.size(), many.data()) != 0) return "no groups";
        auto pair = connected_kind(SocketKind::unix_stream);
        const auto told = get<PeerGroups>(pair->first);
        if (!told) return told.error().message();
        return std::equal(told->groups.begin(), told->groups.end(), many.begin(), many.end())
                   ? "right"
                   : "other groups: " + told->to_string();
    });
    if (answer == "no groups") GTEST_SKIP() << "cannot change groups here";
    EXPECT_EQ(answer, "right");
}

TEST(UnixOptions, OtherKindsLackThem) {
    auto tcp = connected_kind(SocketKind::tcp_v4);
    const auto groups = get<PeerGroups>(tcp->first);
    ASSERT_FALSE(groups);
    EXPECT_EQ(groups.error().subject(), "SO_PEERGROUPS");
}

}  // namespace
}  // namespace fivetuple

#include "fivetuple/blocking/unix.h"

#include "fivetuple/blocking/unix_messages.h"
#include "fivetuple/os/clock.h"
#include "fivetuple/os/options.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/testing/signal_storm.h"
#include "tests/testing/testing.h"
#include <array>
#include <chrono>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace fivetuple::blocking {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

Time soon(Duration limit = 10ms) { return after(monotonic_now(), limit); }

// What this thread has used of a processor so far.
Duration time_used() {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

class BlockingUnix : public ::testing::Test {
protected:
    SocketAddress at(const std::string& name) const {
        return SocketAddress::unix_path(folder_.path(name)).value();
    }
    bool is_there(const std::string& name) const { return fs::exists(folder_.path(name)); }
    std::uint32_t mode_of(const std::string& name) const {
        struct stat file{};
        return ::stat(folder_.path(name).c_str(), &file) == 0 ? file.st_mode & 07777 : 0;
    }
    std::array<std::byte, 100>& room() { return room_; }

private:
    testing_help::NoDescriptorLeaks no_leaks_;
    testing_help::TemporaryFolder folder_;
    std::array<std::byte, 100> room_{};
};

TEST_F(BlockingUnix, I3_APathHasItsModeAndGoesWithItsListener) {
    {
        auto listener =
            UnixListener::bind(at("it"), UnixListenOptions{.path = {.mode = 0640}}).value();
        EXPECT_EQ(mode_of("it"), 0640u);
        UnixListener moved = std::move(listener);
        EXPECT_TRUE(UnixStream::connect(at("it")).has_value());
        EXPECT_TRUE(UnixListener::bind(at("it")).error().is(EADDRINUSE));
        moved.close();
        EXPECT_FALSE(is_there("it"));
        EXPECT_FALSE(moved);
    }
    {
        const auto bound = UnixDatagram::bind(at("datagrams"), PathOptions{.mode = 0600});
        EXPECT_EQ(mode_of("datagrams"), 0600u);
    }
    EXPECT_FALSE(is_there("datagrams"));
}

TEST_F(BlockingUnix, D1_AFullQueueIsWaitedForUntilTheDeadline) {
    auto listener = UnixListener::bind(at("full"), UnixListenOptions{.backlog = 0}).value();
    std::vector<UnixStream> waiting;
    auto more = UnixStream::connect(at("full"), soon());
    while (more) {
        waiting.push_back(*std::move(more));
        more = UnixStream::connect(at("full"), soon());
    }
    EXPECT_EQ(more.error().message(),
              "connect " + at("full").to_string() + ": the time limit ran out");
    EXPECT_EQ(waiting.size(), 1u);
    const testing_help::Helper helper([&] { EXPECT_TRUE(listener.accept().has_value()); });
    EXPECT_TRUE(UnixStream::connect(at("full"), soon(20s)).has_value());
}

TEST_F(BlockingUnix, F29_AConversationGoesThroughASignalStorm) {
    auto pair = UnixStream::pair().value();
    const auto text = testing_help::some_bytes(2'000'000);
    const testing_help::SignalStorm storm;
    const testing_help::Helper helper([&] { EXPECT_TRUE(pair.second.write_all(text)); });
    std::vector<std::byte> got(text.size());
    EXPECT_TRUE(pair.first.read_exact(got));
    EXPECT_TRUE(got == text);
}

TEST_F(BlockingUnix, C5_DescriptorsArePassedAsOwnersAndCloseOnExec) {
    auto [here, there] = UnixSeqpacket::pair().value();
    const std::array<int, 2> files{STDIN_FILENO, STDERR_FILENO};
    EXPECT_EQ(here.send(bytes_of("two"), files).value(), 3u);
    const auto got = there.receive(room());
    ASSERT_EQ(got->files.size(), 2u);
    for (const Fd& each : got->files) {
        EXPECT_NE(::fcntl(each.raw(), F_GETFD) & FD_CLOEXEC, 0);
    }
    const std::vector<int> too_many(kMostFiles + 1, STDIN_FILENO);
    EXPECT_EQ(here.send(bytes_of("x"), too_many).error().cause(), Cause::limit);
}

TEST_F(BlockingUnix, F116_DescriptorsThatDoNotAllArriveAreAnErrorAndNoneLeaks) {
    auto [here, there] = UnixSeqpacket::pair().value();
    const std::array<int, 3> files{0, 1, 2};
    EXPECT_TRUE(here.send(bytes_of("three"), files));
    // A sanitizer looks at what a test asks of its class, and needs descriptors for that.
    const MutableBytes into = room();
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const auto next_number = static_cast<rlim_t>(Fd(::dup(STDIN_FILENO)).raw());
    const rlimit one_more{next_number + 1, before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &one_more);
    const auto got = there.receive(into);
    ::setrlimit(RLIMIT_NOFILE, &before);
    ASSERT_FALSE(got.has_value());
    EXPECT_EQ(got.error().cause(), Cause::limit);
}

TEST_F(BlockingUnix, C5_TheKernelVouchesForTheSender) {
    auto [here, there] = UnixDatagram::pair().value();
    EXPECT_TRUE(set(there, PassCredentials{}));
    EXPECT_TRUE(here.send(bytes_of("who?")));
    const auto got = there.receive(room());
    ASSERT_TRUE(got->sender.has_value());
    EXPECT_EQ(got->sender->pid, ::getpid());
    EXPECT_TRUE(require_peer(there, ::getuid()));
}

TEST_F(BlockingUnix, D1_AFullPeerIsWaitedForWithoutSpinning) {
    auto there = UnixDatagram::bind(at("there")).value();
    UnixDatagram here = UnixDatagram::bind(at("here")).value();
    const SocketAddress to = at("there");
    Result<std::size_t> sent = here.send_to(bytes_of("x"), to, soon());
    while (sent) sent = here.send_to(bytes_of("x"), to, soon());
    EXPECT_EQ(sent.error().message(), "sendmsg " + to.to_string() + ": the time limit ran out");
    // poll(2) calls an unconnected socket writable, whatever the queue of the peer.
    const Duration used = time_used();
    EXPECT_TRUE(here.send_to(bytes_of("x"), to, soon(400ms)).error().is_deadline());
    EXPECT_LT(time_used() - used, 200ms);
    const testing_help::Helper helper([&] {
        std::array<std::byte, 8> some;
        EXPECT_TRUE(there.receive(some).has_value());
    });
    EXPECT_TRUE(here.send_to(bytes_of("x"), to, soon(20s)).has_value());
}

TEST_F(BlockingUnix, ADatagramSocketConnectsAndIsRefusedInWords) {
    auto there = UnixDatagram::bind(at("there")).value();
    auto here = UnixDatagram::connect(at("there")).value();
    EXPECT_TRUE(here.send(bytes_of("one")));
    const auto got = there.receive(room());
    EXPECT_EQ(got->from.unix_name(), "");
    EXPECT_EQ(UnixDatagram::connect(at("none")).error().message(),
              "connect " + at("none").to_string() + ": No such file or directory");
    const auto listener = UnixListener::bind(at("streams"));
    EXPECT_TRUE(UnixDatagram::connect(at("streams")).error().is(EPROTOTYPE));
    const SocketAddress ip(IpAddress::loopback_v4(), 1);
    EXPECT_EQ(UnixStream::connect(ip).error().message(),
              "connect 127.0.0.1:1: it is not an address in the Unix domain");
    EXPECT_EQ(UnixSeqpacketListener::bind(ip).error().cause(), Cause::malformed);
}

TEST_F(BlockingUnix, B2_ASeqpacketConnectionKeepsMessagesWholeAndEnds) {
    auto listener = UnixSeqpacketListener::bind(at("it")).value();
    auto client = UnixSeqpacket::connect(at("it")).value();
    auto server = listener.accept(soon(20s)).value();
    EXPECT_TRUE(client.send(bytes_of("one")));
    EXPECT_TRUE(client.send(bytes_of("three")));
    EXPECT_EQ(text_of(server.receive(room())->bytes), "one");
    EXPECT_EQ(text_of(server.receive(room())->bytes), "three");
    EXPECT_TRUE(server.receive(room(), soon()).error().is_deadline());
    client.close();
    EXPECT_TRUE(server.receive(room())->bytes.empty());
    EXPECT_TRUE(server.send(bytes_of("x")).error().is(EPIPE));
}

}  // namespace
}  // namespace fivetuple::blocking

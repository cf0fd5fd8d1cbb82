#include "fivetuple/os/options.h"
#include "fivetuple/os/process.h"
#include "fivetuple/task/run.h"
#include "fivetuple/transport/patience.h"
#include "fivetuple/transport/tcp.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <unistd.h>

#include "tests/testing/world.h"
#include <vector>

// More at once than a kernel's queues, or a set of descriptors, hold.
namespace fivetuple::testing_help {
namespace {

LoopOptions tiny() {
    LoopOptions options;
    options.uring_entries = 4;
    options.uring_buffers = 2;
    options.lease_size = 512;
    return options;
}

class TinyQueues : public OpTest {
protected:
    TinyQueues() : OpTest(tiny()) {}

    std::vector<Pair> connect_many(std::size_t count) {
        const Handle listener = listen(1024);
        std::vector<Pair> pairs;
        pairs.reserve(count);
        for (std::size_t at = 0; at < count; ++at) pairs.push_back(connect(listener));
        backend().close(listener);
        return pairs;
    }
    void close_all(const std::vector<Pair>& pairs) {
        for (const Pair& pair : pairs) close(pair);
    }
};
FT_IN_KERNEL_WORLDS(TinyQueues);

TEST_P(TinyQueues, F58_MoreRequestsInOneTurnThanTheQueueHolds) {
    const auto pairs = connect_many(100);
    std::vector<NotedOp> reads(pairs.size());
    std::vector<NotedOp> writes(pairs.size());
    std::vector<std::array<std::byte, 16>> rooms(pairs.size());
    for (std::size_t at = 0; at < pairs.size(); ++at) {
        reads[at].ask_receive(pairs[at].server, rooms[at]);
        backend().submit(reads[at]);
        writes[at].ask_send(pairs[at].client, bytes_of("sixteen bytes ok"));
        backend().submit(writes[at]);
    }
    turn_until([&] { return std::ranges::all_of(reads, &NotedOp::is_done); });
    for (const NotedOp& op : reads) EXPECT_EQ(op.result, 16);
    for (const NotedOp& op : writes) EXPECT_EQ(op.result, 16);
    for (const auto& room : rooms) EXPECT_EQ(text_of(room), "sixteen bytes ok");
    close_all(pairs);
}

TEST_P(TinyQueues, F55_F57_MoreCompletionsAtOnceThanThereIsRoomForAreAllTold) {
    const auto pairs = connect_many(200);
    std::vector<NotedOp> polls(pairs.size());
    for (std::size_t at = 0; at < pairs.size(); ++at) {
        polls[at].ask_poll(pairs[at].server, kPollReadable);
        backend().submit(polls[at]);
    }
    settle();
    // All of them become readable while nobody looks.
    for (const Pair& pair : pairs) {
        ASSERT_EQ(::send(pair.client.number, "x", 1, MSG_NOSIGNAL), 1);
    }
    turn_until([&] { return std::ranges::all_of(polls, &NotedOp::is_done); });
    for (const NotedOp& op : polls) EXPECT_EQ(op.times_done, 1);
    close_all(pairs);
}

TEST_P(TinyQueues, F56_AcceptingGoesOnAfterManyCameWhileNobodyLooked) {
    const Handle listener = listen(1024);
    const SocketAddress to = address_of(listener);
    NotedOp first;
    first.ask_accept(listener);
    backend().submit(first);
    settle();
    std::vector<Fd> clients;
    clients.reserve(100);
    for (int count = 0; count < 100; ++count) {
        clients.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        ASSERT_EQ(::connect(clients.back().raw(), to.raw(), to.raw_size()), 0);
    }
    turn_until([&] { return first.is_done(); });
    backend().close(first.accepted());
    for (int count = 1; count < 100; ++count) backend().close(accept(listener));
    backend().close(listener);
}

TEST_P(TinyQueues, F17_AnAddressIsFreeAtOnceHoweverMuchElseHasCome) {
    const auto pairs = connect_many(100);
    const Handle listener = listen();
    const SocketAddress at = address_of(listener);
    NotedOp accepting;
    accepting.ask_accept(listener);
    backend().submit(accepting);
    std::vector<NotedOp> polls(pairs.size());
    for (std::size_t each = 0; each < pairs.size(); ++each) {
        polls[each].ask_poll(pairs[each].server, kPollReadable);
        backend().submit(polls[each]);
    }
    settle();
    for (const Pair& pair : pairs) {
        ASSERT_EQ(::send(pair.client.number, "x", 1, MSG_NOSIGNAL), 1);
    }
    backend().close(listener);
    const Handle next = open();
    EXPECT_TRUE(sockets().bind(next, at));
    EXPECT_TRUE(sockets().listen(next, 16));
    turn_until(
        [&] { return accepting.is_done() && std::ranges::all_of(polls, &NotedOp::is_done); });
    EXPECT_EQ(accepting.result, -ECANCELED);
    close(connect(next));
    backend().close(next);
    close_all(pairs);
}

TEST_P(TinyQueues, F54_F56_EveryStreamIsReadToItsEndThroughTwoBuffers) {
    const auto pairs = connect_many(20);
    const auto data = some_bytes(3000);
    std::vector<std::size_t> left(pairs.size(), data.size());
    for (const Pair& pair : pairs) {
        ASSERT_EQ(::send(pair.client.number, data.data(), data.size(), MSG_NOSIGNAL), 3000);
    }
    std::vector<NotedOp> ops(pairs.size());
    const auto ask = [&](std::size_t at) {
        ops[at].times_done = 0;
        ops[at].ask_receive_lease(pairs[at].server);
        backend().submit(ops[at]);
    };
    for (std::size_t at = 0; at < pairs.size(); ++at) ask(at);
    turn_until([&] {
        for (std::size_t at = 0; at < pairs.size(); ++at) {
            if (!ops[at].is_done() || left[at] == 0) continue;
            EXPECT_GT(ops[at].result, 0);
            const Lease got = ops[at].take_lease();
            EXPECT_TRUE(std::ranges::equal(
                got.bytes(), Bytes(data).last(left[at]).first(std::min(got.size(), left[at]))));
            left[at] -= std::min(got.size(), left[at]);
            if (left[at] > 0) ask(at);
        }
        return std::ranges::all_of(left, [](std::size_t each) { return each == 0; });
    });
    close_all(pairs);
}

/// All descriptors that select can watch are taken while it lives.
class LowDescriptorsTaken {
public:
    LowDescriptorsTaken() {
        int next = 0;
        do {
            next = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
            taken_.push_back(next);
        } while (next >= 0 && next < FD_SETSIZE);
    }
    LowDescriptorsTaken(const LowDescriptorsTaken&) = delete;
    LowDescriptorsTaken& operator=(const LowDescriptorsTaken&) = delete;
    ~LowDescriptorsTaken() {
        for (const int fd : taken_) ::close(fd);
    }

private:
    std::vector<int> taken_;
};

class BeyondSelect : public OpTest {
protected:
    void SetUp() override {
        rlimit limit{};
        ::getrlimit(RLIMIT_NOFILE, &limit);
        if (limit.rlim_cur <= FD_SETSIZE + 8) GTEST_SKIP() << "no descriptor can be so high here";
    }
};
std::vector<NamedWorld> only_select() {
    auto all = kernel_worlds();
    std::erase_if(all, [](const NamedWorld& world) { return world.name != "select"; });
    return all;
}
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(BeyondSelect);
INSTANTIATE_TEST_SUITE_P(, BeyondSelect, ::testing::ValuesIn(only_select()),
                         [](const auto& each) { return each.param.name; });

TEST_P(BeyondSelect, F75_D3_ADescriptorThatSelectCannotWatchIsAClearError) {
    const LowDescriptorsTaken taken;
    const auto socket = sockets().open(Family::ipv4, SocketType::stream, 0);
    ASSERT_FALSE(socket);
    EXPECT_EQ(socket.error().cause(), Cause::limit);
    EXPECT_THAT(socket.error().message(),
                ::testing::MatchesRegex("socket: select cannot watch descriptor [0-9]+; "
                                        "it ends at 1023"));
}

TEST_P(BeyondSelect, F75_AnAcceptedDescriptorThatIsTooHighIsAShortageThatPasses) {
    const Handle listener = listen();
    const SocketAddress to = address_of(listener);
    const Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_GE(client.raw(), 0);
    ASSERT_EQ(::connect(client.raw(), to.raw(), to.raw_size()), 0);
    {
        const LowDescriptorsTaken taken;
        NotedOp op;
        op.ask_accept(listener);
        EXPECT_EQ(complete(op), -EMFILE);
        EXPECT_TRUE(is_shortage(Error::system(-op.result, "accept")));
    }
    const Fd next(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_GE(next.raw(), 0);
    ASSERT_EQ(::connect(next.raw(), to.raw(), to.raw_size()), 0);
    backend().close(accept(listener));
    backend().close(listener);
}

TEST_P(BeyondSelect, F75_ALoopOnSelectCannotBeOpenedThere) {
    const LowDescriptorsTaken taken;
    LoopOptions options;
    options.backend = BackendKind::select;
    const auto refused = Loop::open(options);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().cause(), Cause::limit);
}

}  // namespace
}  // namespace fivetuple::testing_help

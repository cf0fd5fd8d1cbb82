#include "fivetuple/server/workers.h"

#include "fivetuple/blocking/tcp.h"
#include "fivetuple/blocking/unix.h"
#include "fivetuple/os/forking.h"
#include "fivetuple/server/controls.h"

#include <gtest/gtest.h>

#include "tests/testing/eventually.h"
#include "tests/testing/served.h"
#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

// Servers on several threads; their clients block, beside them.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

Time soon() { return monotonic_now() + 20s; }

template <class S>
std::string answer_of(S& stream, std::string_view question) {
    auto sent = stream.write_all(bytes_of(question), soon());
    if (!sent) return sent.error().message();
    std::string answer(question.size(), '\0');
    auto got = stream.read_exact(std::as_writable_bytes(std::span(answer)), soon());
    return got ? answer : got.error().message();
}

std::string connect_and_ask(const SocketAddress& at, std::string_view question) {
    auto stream = blocking::TcpStream::connect(at, soon());
    return stream ? answer_of(*stream, question) : stream.error().message();
}

class WorkersTest : public ::testing::TestWithParam<BackendKind> {
protected:
    static ServerOptions options() {
        ServerOptions options;
        options.listen = {SocketAddress(IpAddress::loopback_v4(), 0)};
        return options;
    }
    static std::unique_ptr<Workers> start(const ServerOptions& options, unsigned threads = 2) {
        WorkerOptions how;
        how.threads = threads;
        how.loop.backend = GetParam();
        auto workers = Workers::start(options, echo_connection, how);
        EXPECT_TRUE(workers) << workers.error().message();
        return workers ? *std::move(workers) : nullptr;
    }

private:
    NoDescriptorLeaks no_leaks_;
};
INSTANTIATE_TEST_SUITE_P(, WorkersTest, ::testing::ValuesIn(kBackendKinds),
                         [](const auto& each) { return std::string(to_string(each.param)); });

TEST_P(WorkersTest, J6_TheKernelSpreadsConnectionsOverThem) {
    const auto workers = start(options());
    ASSERT_NE(workers, nullptr);
    for (int each = 0; each < 200; ++each) {
        ASSERT_EQ(connect_and_ask(workers->addresses().front(), "who?"), "who?");
    }
    EXPECT_TRUE(eventually([&] { return workers->total().active == 0; }));
    const auto each = workers->counters();
    EXPECT_EQ(each[0].served + each[1].served, 200u);
    // By a hash of addresses and ports: far from even by chance once in a million runs.
    EXPECT_GT(each[0].served, 50u);
    EXPECT_GT(each[1].served, 50u);
}

TEST_P(WorkersTest, F95_TheirLimitsHoldForAllOfThemTogether) {
    ServerOptions with = options();
    with.limits.connections = 10;
    const auto workers = start(with);
    ASSERT_NE(workers, nullptr);
    std::vector<blocking::TcpStream> streams;
    for (int each = 0; each < 10; ++each) {
        auto stream = blocking::TcpStream::connect(workers->addresses().front(), soon());
        ASSERT_TRUE(stream);
        EXPECT_EQ(answer_of(*stream, "in"), "in");
        streams.push_back(*std::move(stream));
    }
    EXPECT_NE(connect_and_ask(workers->addresses().front(), "one more"), "one more");
    EXPECT_EQ(workers->total().reasons[Reason::connections], 1u);
    EXPECT_EQ(workers->connections().size(), 10u);
}

TEST_P(WorkersTest, F14_OneThatRetiresLosesNobodyInItsQueue) {
    const auto workers = start(options());
    ASSERT_NE(workers, nullptr);
    const SocketAddress at = workers->addresses().front();
    std::atomic<int> answered = 0;
    std::atomic<int> failed = 0;
    const auto ask_often = [&] {
        for (int each = 0; each < 250; ++each) {
            (connect_and_ask(at, "served?") == "served?" ? answered : failed)++;
        }
    };
    std::vector<std::thread> clients;
    for (int each = 0; each < 3; ++each) clients.emplace_back(ask_often);
    EXPECT_TRUE(eventually([&] { return answered > 100; }));
    EXPECT_TRUE(workers->retire(0));
    for (std::thread& each : clients) each.join();
    EXPECT_EQ(failed, 0);
    EXPECT_EQ(answered, 750);
    EXPECT_FALSE(workers->retire(1)) << "nobody is left to take over";
}

// What runs on an even processor reaches the first of two workers, on an odd one the second.
TEST_P(WorkersTest, EachStaysOnItsProcessorAndGetsWhatArrivesThere) {
    WorkerOptions how;
    how.threads = 2;
    how.loop.backend = GetParam();
    how.steer_by_processor = true;
    std::array<std::atomic<int>, 2> answered{};
    std::array<bool, 2> may{};
    auto workers = Workers::start(options(), echo_connection, how);
    if (!workers) GTEST_SKIP() << "two processors are needed: " << workers.error().message();
    const SocketAddress at = (*workers)->addresses().front();
    for (unsigned which = 0; which < 2; ++which) {
        std::thread client([&, which] {
            may[which] = stay_on_processors(which, 2).has_value();
            for (int each = 0; each < 40; ++each) {
                answered[which] += connect_and_ask(at, "who?") == "who?" ? 1 : 0;
            }
        });
        client.join();
    }
    ASSERT_TRUE(may[0] && may[1]);
    EXPECT_TRUE(eventually([&] { return (*workers)->total().active == 0; }));
    const auto each = (*workers)->counters();
    EXPECT_EQ(each[0].served, 40u);
    EXPECT_EQ(each[1].served, 40u);
    EXPECT_EQ(answered[0] + answered[1], 80);
}

TEST_P(WorkersTest, H4_TheirControlsTellOfEachAndRetireOne) {
    const auto workers = start(options());
    ASSERT_NE(workers, nullptr);
    EXPECT_EQ(connect_and_ask(workers->addresses().front(), "hello"), "hello");
    const Controls controls = controls_of(*workers);
    const std::string status = obey(controls, "status");
    EXPECT_THAT(status, ::testing::HasSubstr("fivetuple_server_accepted_total 1\n"));
    EXPECT_THAT(status, ::testing::HasSubstr("fivetuple_worker_accepted_total{worker=\"1\"} "));
    EXPECT_THAT(obey(controls, "retire 2"), ::testing::HasSubstr("there is no worker 2"));
    EXPECT_THAT(obey(controls, "retire x"), ::testing::HasSubstr("retire wants the number"));
    EXPECT_EQ(obey(controls, "retire 1"), "worker 1 retires\n");
    EXPECT_THAT(obey(controls, "retire 0"), ::testing::HasSubstr("none that could take over"));
}

TEST_P(WorkersTest, ADrainOfAllEndsThemAll) {
    const auto workers = start(options(), 3);
    ASSERT_NE(workers, nullptr);
    const SocketAddress at = workers->addresses().front();
    EXPECT_EQ(connect_and_ask(at, "before"), "before");
    int announced = 0;
    std::mutex mutex;
    Drain how;
    how.announce = [&] {
        const std::lock_guard lock(mutex);
        announced++;
    };
    workers->drain(how);
    EXPECT_TRUE(workers->join());
    EXPECT_EQ(announced, 1);
    EXPECT_EQ(workers->total().served, 1u);
    EXPECT_FALSE(blocking::TcpStream::connect(at, soon()));
}

TEST_P(WorkersTest, OneNameInTheUnixDomainServesThemAll) {
    const TemporaryFolder folder;
    ServerOptions with;
    with.listen = {*SocketAddress::unix_path(folder.path("socket"))};
    const auto workers = start(with);
    ASSERT_NE(workers, nullptr);
    for (int each = 0; each < 20; ++each) {
        auto stream = blocking::UnixStream::connect(with.listen.front(), soon());
        ASSERT_TRUE(stream);
        EXPECT_EQ(answer_of(*stream, "hello"), "hello");
    }
    EXPECT_EQ(workers->total().served, 20u);
}

TEST_P(WorkersTest, OneThatCannotListenSaysSoAndTheOthersEnd) {
    auto taken = blocking::TcpListener::bind(SocketAddress(IpAddress::loopback_v4(), 0));
    ASSERT_TRUE(taken);
    ServerOptions with;
    with.listen = {*taken->local_address()};
    WorkerOptions how;
    how.threads = 2;
    how.loop.backend = GetParam();
    auto workers = Workers::start(with, echo_connection, how);
    ASSERT_FALSE(workers);
    EXPECT_TRUE(workers.error().is(EADDRINUSE)) << workers.error().message();
}

}  // namespace
}  // namespace fivetuple::testing_help

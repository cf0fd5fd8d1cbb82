#include "fivetuple/server/processes.h"

#include "fivetuple/blocking/tcp.h"
#include "fivetuple/io/loop_count.h"
#include "fivetuple/os/clock.h"

#include <gtest/gtest.h>
#include <poll.h>

#include "tests/testing/child.h"
#include "tests/testing/served.h"
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>

// Worker processes whose handlers do what they should not; processes_test.py has what is done to
// them from outside.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

Time soon() { return monotonic_now() + 20s; }

/// A server on worker processes, whose parent is a child of the tests'. It tells what happens line
/// by line.
class ForkedServer {
public:
    ForkedServer(const ServerOptions& options, const ConnectionHandler& handler,
                 const ProcessOptions& how) {
        std::array<int, 2> ends{};
        EXPECT_EQ(::pipe(ends.data()), 0);
        told_ = Fd(ends[0]);
        Fd tells(ends[1]);
        process_ = ::fork();
        if (process_ == 0) serve(options, handler, how, tells.raw());
    }
    ForkedServer(const ForkedServer&) = delete;
    ForkedServer& operator=(const ForkedServer&) = delete;
    ~ForkedServer() {
        if (process_ <= 0) return;
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
    }

    /// The next line that begins with `begin`, without that; those before it are passed over.
    std::string line(const std::string& begin) {
        while (true) {
            const std::string next = next_line();
            if (next.starts_with(begin)) return next.substr(begin.size());
            if (next.empty()) return "nothing was said that begins with " + begin;
        }
    }
    SocketAddress address() { return *SocketAddress::parse(line("at ")); }
    void signal(int number) const { ::kill(process_, number); }

private:
    static void tell(int to, const std::string& line) {
        const std::string whole = line + "\n";
        EXPECT_EQ(::write(to, whole.data(), whole.size()), static_cast<ssize_t>(whole.size()));
    }

    [[noreturn]] static void serve(ServerOptions options, const ConnectionHandler& handler,
                                   ProcessOptions how, int to) {
        options.listen = {SocketAddress(IpAddress::loopback_v4(), 0)};
        options.log = [to](std::string_view said) { tell(to, "log " + std::string(said)); };
        options.listening = [to](const SocketAddress& at) { tell(to, "at " + at.to_string()); };
        how.started = [to](unsigned worker, int process) {
            tell(to, "started " + std::to_string(worker) + (process > 1 ? "" : " as nobody"));
        };
        how.ended = [to](const WorkerEnd& end) {
            tell(to, "ended " + std::to_string(end.worker) + " " + end.how.to_string() +
                         (end.again_in ? " and comes again" : " for good"));
        };
        const auto served = serve_on_processes(options, handler, how);
        tell(to, served ? "done accepted " + std::to_string(served->accepted) + " threw " +
                              std::to_string(served->threw) + " active " +
                              std::to_string(served->active)
                        : "done error " + served.error().message());
        ::_exit(0);
    }

    std::string next_line() {
        while (ahead_.find('\n') == std::string::npos) {
            pollfd waits{told_.raw(), POLLIN, 0};
            if (::poll(&waits, 1, 20'000) != 1) return {};
            std::array<char, 500> room{};
            const ssize_t got = ::read(told_.raw(), room.data(), room.size());
            if (got <= 0) return {};
            ahead_.append(room.data(), static_cast<std::size_t>(got));
        }
        const std::size_t end = ahead_.find('\n');
        std::string line = ahead_.substr(0, end);
        ahead_.erase(0, end + 1);
        return line;
    }

    Fd told_;
    pid_t process_ = -1;
    std::string ahead_;
};

/// Echoes, but for words that it takes otherwise.
Task<void> obey(Connection& peer) {
    auto got = co_await peer.read();
    while (got && !got->empty()) {
        const std::string word(text_of(got->bytes()));
        if (word == "throw") throw std::runtime_error("as asked");
        if (word == "die") ::raise(SIGKILL);
        if (word == "exit") ::_exit(3);
        // Not even a turn of the loop is left to the others.
        while (word == "hang") ::pause();
        got = co_await peer.write_then_read(*std::move(got));
    }
}

std::string answer(const SocketAddress& at, std::string_view question) {
    auto stream = blocking::TcpStream::connect(at, soon());
    if (!stream) return stream.error().message();
    auto sent = stream->write_all(bytes_of(question), soon());
    if (!sent) return "no answer";
    std::string back(question.size(), '\0');
    auto got = stream->read_exact(std::as_writable_bytes(std::span(back)), soon());
    return got ? back : "no answer";
}

class ProcessesTest : public ::testing::TestWithParam<BackendKind> {
protected:
    static ProcessOptions how(unsigned processes) {
        ProcessOptions how;
        how.processes = processes;
        how.loop.backend = GetParam();
        how.restarts = {1ms, 10ms, 3, 1h};
        return how;
    }

private:
    NoDescriptorLeaks no_leaks_;
};
INSTANTIATE_TEST_SUITE_P(, ProcessesTest, ::testing::ValuesIn(kBackendKinds),
                         [](const auto& each) { return std::string(to_string(each.param)); });

TEST_P(ProcessesTest, F82_WhatAHandlerThrowsEndsNoWorker) {
    ForkedServer server({}, obey, how(2));
    const SocketAddress at = server.address();
    for (int each = 0; each < 10; ++each) EXPECT_EQ(answer(at, "throw"), "no answer");
    EXPECT_EQ(answer(at, "still here"), "still here");
    server.signal(SIGTERM);
    EXPECT_EQ(server.line("ended ").substr(2), "ended with code 0 for good");
    EXPECT_EQ(server.line("done "), "accepted 11 threw 10 active 0");
}

TEST_P(ProcessesTest, AWorkerThatEndsIsToldOfAndStartedAgain) {
    ForkedServer server({}, obey, how(1));
    EXPECT_EQ(server.line("started "), "0");
    const SocketAddress at = server.address();
    EXPECT_EQ(answer(at, "die"), "no answer");
    EXPECT_THAT(server.line("log "), HasSubstr("was killed by signal 9 (Killed): it is started"));
    EXPECT_EQ(server.line("ended "), "0 was killed by signal 9 (Killed) and comes again");
    EXPECT_EQ(server.line("started "), "0");
    EXPECT_EQ(answer(at, "exit"), "no answer");
    EXPECT_EQ(server.line("ended "), "0 ended with code 3 and comes again");
    EXPECT_EQ(answer(at, "still here"), "still here");
    server.signal(SIGINT);
    EXPECT_EQ(server.line("done "), "accepted 3 threw 0 active 0");
}

TEST_P(ProcessesTest, WorkersThatEndAgainAndAgainAreGivenUpInWords) {
    ForkedServer server({}, obey, how(2));
    const SocketAddress at = server.address();
    std::thread killer([at] {
        // Until nobody listens any more.
        while (answer(at, "die") == "no answer") {
        }
    });
    const std::string words =
        ": it has ended too often, and is not started again; the others go on";
    std::string first;
    do {
        first = server.line("log ");
    } while (first.starts_with("worker ") && !first.ends_with(words));
    EXPECT_THAT(first, HasSubstr("was killed by signal 9 (Killed)" + words));
    EXPECT_EQ(server.line("done "), "error fork: no worker is left: all have ended too often");
    killer.join();
}

TEST_P(ProcessesTest, F128_AHandlerThatNeverGivesWayIsKilledBehindTheHardLimit) {
    ServerOptions options;
    options.drain_how.hard = 50ms;
    ProcessOptions with = how(1);
    with.kill_after = 50ms;
    ForkedServer server(options, obey, with);
    auto stream = blocking::TcpStream::connect(server.address(), soon());
    ASSERT_TRUE(stream);
    ASSERT_TRUE(stream->write_all(bytes_of("hang"), soon()));
    // The worker hangs once it has read that: what it has not read is a request under way.
    server.signal(SIGTERM);
    EXPECT_THAT(server.line("done "), HasSubstr("accepted 1 "));
}

TEST_P(ProcessesTest, AWorkerThatCannotEvenStartIsAnError) {
    const std::string outcome = in_child([]() -> std::string {
        ::setenv("FT_BACKEND", "nonsense", 1);
        ServerOptions options;
        options.listen = {SocketAddress(IpAddress::loopback_v4(), 0)};
        ProcessOptions with = how(2);
        with.loop.backend = std::nullopt;
        const auto served = serve_on_processes(options, obey, with);
        return served ? "it served" : served.error().message();
    });
    EXPECT_THAT(outcome, HasSubstr("ended with code 1 before it served"));
}

TEST_P(ProcessesTest, AnAddressThatIsTakenIsAnErrorBeforeThereIsAWorker) {
    auto taken = blocking::TcpListener::bind(SocketAddress(IpAddress::loopback_v4(), 0));
    ASSERT_TRUE(taken);
    const std::string outcome = in_child([&]() -> std::string {
        ServerOptions options;
        options.listen = {*taken->local_address()};
        const auto served = serve_on_processes(options, obey, how(2));
        return served ? "it served" : served.error().message();
    });
    EXPECT_THAT(outcome, HasSubstr("Address already in use"));
}

TEST_P(ProcessesTest, BesideALoopOrAThreadThereAreNoCopies) {
    const std::string with_loop = in_child([]() -> std::string {
        const auto loop = Loop::open({.backend = GetParam()});
        if (!loop || loop_count() != 1) return "no loop";
        const auto served = serve_on_processes({}, obey, how(2));
        return served ? "it served" : served.error().message();
    });
    EXPECT_THAT(with_loop, HasSubstr("a loop exists already"));
    const std::string with_thread = in_child([]() -> std::string {
        std::thread other([] { ::pause(); });
        const auto served = serve_on_processes({}, obey, how(2));
        const std::string outcome = served ? "it served" : served.error().message();
        other.detach();
        return outcome;
    });
    EXPECT_THAT(with_thread, HasSubstr("2 threads run"));
}

}  // namespace
}  // namespace fivetuple::testing_help

#include "fivetuple/blocking/unix.h"
#include "fivetuple/server/controls.h"

#include <gmock/gmock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/testing/served.h"
#include <atomic>
#include <string>
#include <thread>

// What an operator sees and does.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class ServerControls : public ServedTest {};
FT_IN_ALL_WORLDS(ServerControls);

TEST_P(ServerControls, H4_TheyTellOfConnectionsAndEndThem) {
    const auto body = [](Server& server, SocketAddress at) -> Task<void> {
        const Controls controls = controls_of(server);
        auto peer = co_await TcpStream::connect(at);
        const std::string answer = co_await answer_to(*peer, "hello");
        EXPECT_EQ(answer, "hello");
        EXPECT_THAT(obey(controls, "status"), HasSubstr("fivetuple_server_active 1\n"));
        const std::string list = obey(controls, "connections");
        EXPECT_THAT(list, HasSubstr("1 connections\n1  tcp " + at.to_string() + " <-> "));
        EXPECT_THAT(list, HasSubstr("awaits input since"));
        EXPECT_THAT(obey(controls, "tasks"), HasSubstr("recv on tcp " + at.to_string()));
        EXPECT_EQ(obey(controls, "kill 2"), "error: there is no connection 2\n");
        EXPECT_EQ(obey(controls, "kill 1"), "ended connection 1\n");
        const std::string rest = co_await all_of_it(*peer);
        EXPECT_EQ(rest, " - recv: Connection reset by peer");
        EXPECT_EQ(obey(controls, "drain"), "draining\n");
        EXPECT_TRUE(server.is_draining());
    };
    EXPECT_TRUE(serve_beside(options(), echo_connection, body));
}

TEST_P(ServerControls, WhatIsNoCommandIsAnErrorInWords) {
    const auto body = [](Server& server, SocketAddress) -> Task<void> {
        const Controls controls = controls_of(server);
        for (const char* command : {"", "stat", "status ", "killall", "kill", "DRAIN"}) {
            EXPECT_THAT(obey(controls, command), HasSubstr("error: the commands are")) << command;
        }
        for (const char* command :
             {"kill ", "kill x", "kill 1x", "kill -1", "kill 0", "kill 99999999999999999999999"}) {
            EXPECT_THAT(obey(controls, command), HasSubstr("error: kill wants")) << command;
        }
        co_return;
    };
    EXPECT_TRUE(serve_beside(options(), echo_connection, body));
}

class ServerControlSocket : public ServedTest {
protected:
    TemporaryFolder folder_;
};
FT_IN_KERNEL_WORLDS(ServerControlSocket);

Task<std::string> command(SocketAddress at, std::string_view text) {
    auto peer = co_await UnixStream::connect(at);
    if (!peer) co_return peer.error().message();
    auto sent = co_await peer->write_all(bytes_of(text));
    if (!sent) co_return sent.error().message();
    std::string all;
    while (true) {
        auto got = co_await within(20s, peer->read());
        if (!got) co_return got.error().message();
        if (got->empty()) co_return all;
        all += text_of(got->bytes());
    }
}

TEST_P(ServerControlSocket, ALineInIsAnAnswerOut) {
    ServerOptions with = options();
    const auto control = *SocketAddress::unix_path(folder_.path("control"));
    with.control = control;
    const auto body = [control](Server&, SocketAddress at) -> Task<void> {
        auto peer = co_await TcpStream::connect(at);
        const std::string answer = co_await answer_to(*peer, "hello");
        EXPECT_EQ(answer, "hello");
        const std::string list = co_await command(control, "connections\n");
        EXPECT_THAT(list, HasSubstr("1 connections\n"));
        const std::string wrong = co_await command(control, "please\n");
        EXPECT_THAT(wrong, HasSubstr("error: "));
        // One that goes on without an end of line is not listened to for ever.
        const std::string endless = co_await command(control, std::string(300, 'x'));
        EXPECT_THAT(endless, ::testing::Not(HasSubstr("connections\n")));
        const std::string drained = co_await command(control, "drain\n");
        EXPECT_EQ(drained, "draining\n");
        const std::string rest = co_await all_of_it(*peer);
        EXPECT_EQ(rest, "");
    };
    EXPECT_TRUE(serve_beside(with, echo_connection, body));
}

TEST_P(ServerControlSocket, TwoOnOnePathAreAnErrorOfTheSecond) {
    ServerOptions with = options();
    with.control = *SocketAddress::unix_path(folder_.path("control"));
    const auto body = [with](Server& server, SocketAddress at) -> Task<void> {
        auto peer = co_await TcpStream::connect(at);
        const std::string answer = co_await answer_to(*peer, "hello");
        EXPECT_EQ(answer, "hello");
        Server second(server.loop(), with, echo_connection);
        auto served = co_await second.serve();
        EXPECT_TRUE(!served && served.error().is(EADDRINUSE));
    };
    EXPECT_TRUE(serve_beside(with, echo_connection, body));
}

// Another user for this thread only, which glibc's own call would be for all of them.
void ask_as_a_stranger(const SocketAddress& at, std::string* heard) {
    ::syscall(SYS_setresuid, -1, 65534, -1);
    auto peer = blocking::UnixStream::connect(at);
    if (!peer) {
        *heard = peer.error().message();
        return;
    }
    static_cast<void>(peer->write_all(bytes_of("drain\n")));  // It may be reset before that.
    const auto answer = peer->read();
    *heard = answer ? std::string(text_of(answer->bytes())) : answer.error().message();
}

// A stranger can connect to an abstract name; the kernel says who it is.
TEST_P(ServerControlSocket, I3_AStrangersCommandIsNotListenedTo) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be another user for a moment";
    ServerOptions with = options();
    const auto control =
        *SocketAddress::unix_abstract("fivetuple-control-" + std::to_string(::getpid()));
    with.control = control;
    const auto body = [control](Server& server, SocketAddress at) -> Task<void> {
        auto peer = co_await TcpStream::connect(at);
        const std::string before = co_await answer_to(*peer, "before");
        EXPECT_EQ(before, "before");
        std::string heard = "nothing yet";
        std::atomic<bool> has_asked = false;
        std::thread stranger([&] {
            ask_as_a_stranger(control, &heard);
            has_asked = true;
        });
        const bool is_over = co_await comes_true([&] { return has_asked.load(); });
        EXPECT_TRUE(is_over);
        stranger.join();
        EXPECT_THAT(heard, ::testing::AnyOf("", HasSubstr("Connection reset")));
        EXPECT_FALSE(server.is_draining());
        const std::string ours = co_await command(control, "connections\n");
        EXPECT_THAT(ours, HasSubstr("1 connections\n"));
    };
    EXPECT_TRUE(serve_beside(with, echo_connection, body));
}

}  // namespace
}  // namespace fivetuple::testing_help

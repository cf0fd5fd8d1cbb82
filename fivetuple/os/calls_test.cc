#include "fivetuple/os/calls.h"

#include "fivetuple/os/clock.h"
#include "fivetuple/os/options.h"
#include "fivetuple/os/socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/testing/testing.h"
#include <array>
#include <cerrno>
#include <climits>
#include <deque>
#include <vector>

// The kernel loses queued connections only where a firewall or a failing network makes it, so the
// C library's accept4() is replaced in this program: it says first what the test wants to hear.
namespace {
std::deque<int>& failures_of_accept() {
    static std::deque<int> failures;
    return failures;
}
}  // namespace

extern "C" int accept4(int listener, sockaddr* peer, socklen_t* size, int flags) {
    if (!failures_of_accept().empty()) {
        errno = failures_of_accept().front();
        failures_of_accept().pop_front();
        return -1;
    }
    return static_cast<int>(::syscall(SYS_accept4, listener, peer, size, flags));
}

namespace fivetuple {
namespace {

using testing_help::NoDescriptorLeaks;
using testing_help::some_text;

class Calls : public ::testing::Test {
protected:
    Calls() {
        std::array<int, 2> raw{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, raw.data()), 0);
        left_ = Fd(raw[0]);
        right_ = Fd(raw[1]);
        auto listener = Socket::listen_on(SocketAddress(IpAddress::loopback_v4(), 0), 0);
        EXPECT_TRUE(listener.has_value());
        listener_ = std::move(*listener);
    }
    int left() const { return left_.raw(); }
    int right() const { return right_.raw(); }
    void close_right() { right_ = Fd(); }
    int listener() const { return listener_.fd().raw(); }
    SocketAddress at() const { return listener_.local_address().value(); }

    static Socket open_tcp() { return Socket::open(Family::ipv4, SocketType::stream).value(); }
    std::string receive_text(int fd) const {
        std::array<std::byte, 64> room;
        const int count = calls::receive(fd, room);
        return count < 0 ? "failed"
                         : std::string(text_of(Bytes(room).first(static_cast<std::size_t>(count))));
    }

private:
    NoDescriptorLeaks no_leaks_;
    Fd left_;
    Fd right_;
    Socket listener_;
};

TEST_F(Calls, NeitherReceivingNorSendingBlocksOnABlockingDescriptor) {
    std::array<std::byte, 8> room;
    EXPECT_EQ(calls::receive(left(), room), calls::kWouldBlock);
    const std::string much = some_text(65'536);
    int result = 0;
    while ((result = calls::send(left(), bytes_of(much))) > 0) {
    }
    EXPECT_EQ(result, calls::kWouldBlock);
    const Bytes pieces[] = {bytes_of(much)};
    EXPECT_EQ(calls::send_gathered(left(), pieces), calls::kWouldBlock);
}

TEST_F(Calls, TheEndOfAStreamIsZero) {
    EXPECT_EQ(calls::send(right(), bytes_of("last")), 4);
    close_right();
    EXPECT_EQ(receive_text(left()), "last");
    EXPECT_EQ(receive_text(left()), "");
}

TEST_F(Calls, FailuresAreTheKernelsCodesBelowZero) {
    std::array<std::byte, 8> room;
    EXPECT_EQ(calls::receive(-1, room), -EBADF);
    EXPECT_EQ(calls::send(-1, room), -EBADF);
    EXPECT_EQ(calls::read(-1, room), -EBADF);
    EXPECT_EQ(calls::write(-1, room), -EBADF);
    EXPECT_EQ(calls::accept(-1, true), -EBADF);
    EXPECT_EQ(calls::connect(-1, at()), -EBADF);
    EXPECT_EQ(calls::accept(left(), true), -EINVAL);
}

TEST_F(Calls, GatheredPiecesArriveOneBehindTheOther) {
    const Bytes pieces[] = {bytes_of("one "), {}, bytes_of("two "), bytes_of("three")};
    EXPECT_EQ(calls::send_gathered(left(), pieces), 13);
    EXPECT_EQ(receive_text(right()), "one two three");
    EXPECT_EQ(calls::send_gathered(left(), {}), 0);
}

TEST_F(Calls, MorePiecesThanTheKernelTakesAreSentAsFarAsItTakesThem) {
    const std::vector<Bytes> pieces(IOV_MAX + 100, bytes_of("x"));
    EXPECT_EQ(calls::send_gathered(left(), pieces), IOV_MAX);
}

TEST_F(Calls, AcceptTakesConnectionsInEitherMode) {
    for (const bool non_blocking : {true, false}) {
        const auto client = Socket::connect_to(at());
        ASSERT_TRUE(client.has_value());
        const Fd accepted(calls::accept(listener(), non_blocking));
        ASSERT_TRUE(accepted);
        EXPECT_EQ((::fcntl(accepted.raw(), F_GETFL) & O_NONBLOCK) != 0, non_blocking);
    }
    EXPECT_EQ(calls::accept(listener(), true), calls::kWouldBlock);
}

TEST_F(Calls, F7_AcceptPassesOverConnectionsThatWereLostInTheQueue) {
    const auto client = Socket::connect_to(at());
    failures_of_accept() = {ECONNABORTED, EPROTO, EPERM, ENETDOWN, EHOSTUNREACH};
    const Fd accepted(calls::accept(listener(), true));
    EXPECT_TRUE(accepted);
    EXPECT_TRUE(failures_of_accept().empty());
}

TEST_F(Calls, F7_AcceptGivesUpWhereEveryConnectionIsRefused) {
    failures_of_accept().assign(1'000, EPERM);
    EXPECT_EQ(calls::accept(listener(), true), -EPERM);
    EXPECT_GT(failures_of_accept().size(), 900u);
    failures_of_accept().clear();
}

TEST_F(Calls, F1_AcceptSaysAtOnceThatNoDescriptorIsLeft) {
    for (const int code : {EMFILE, ENFILE, ENOBUFS, ENOMEM, EINVAL}) {
        failures_of_accept() = {code, ECONNABORTED};
        EXPECT_EQ(calls::accept(listener(), true), -code);
        EXPECT_EQ(failures_of_accept().size(), 1u);
    }
    failures_of_accept().clear();
}

TEST_F(Calls, F7_KnowsWhichFailuresLieInOneConnection) {
    for (const int code : {ECONNABORTED, EPROTO, EPERM, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET,
                           EHOSTUNREACH, ENETUNREACH}) {
        EXPECT_TRUE(calls::is_lost_connection(-code)) << code;
        EXPECT_FALSE(calls::is_lost_connection(code)) << code;
    }
    for (const int code : {EAGAIN, EMFILE, ENFILE, ENOBUFS, ENOMEM, EINVAL, EBADF, EINTR}) {
        EXPECT_FALSE(calls::is_lost_connection(-code)) << code;
    }
    EXPECT_FALSE(calls::is_lost_connection(0));
    EXPECT_FALSE(calls::is_lost_connection(7));
}

TEST_F(Calls, AConnectThatGoesOnEndsInSuccess) {
    const Socket client = open_tcp();
    int result = calls::connect(client.fd().raw(), at());
    while (result == -EINPROGRESS) {
        ASSERT_NE(calls::wait_ready(client.fd().raw(), POLLOUT, kNever) & POLLOUT, 0);
        result = calls::go_on_connecting(client.fd().raw(), at());
    }
    EXPECT_EQ(result, 0);
    EXPECT_EQ(calls::go_on_connecting(client.fd().raw(), at()), 0);
    EXPECT_EQ(calls::connect(client.fd().raw(), at()), -EISCONN);
}

TEST_F(Calls, F24_AConnectThatGoesOnEndsInTheKernelsRefusal) {
    Socket bound = open_tcp();
    ASSERT_TRUE(bound.bind(SocketAddress(IpAddress::loopback_v4(), 0)));
    const SocketAddress to = bound.local_address().value();
    const Socket client = open_tcp();
    int result = calls::connect(client.fd().raw(), to);
    while (result == -EINPROGRESS) {
        calls::wait_ready(client.fd().raw(), POLLOUT, kNever);
        result = calls::go_on_connecting(client.fd().raw(), to);
    }
    EXPECT_EQ(result, -ECONNREFUSED);
}

TEST_F(Calls, AConnectThatNobodyAnswersIsStillInProgress) {
    std::vector<Socket> fillers;
    for (int count = 0; count < 4; ++count) {
        fillers.push_back(open_tcp());
        calls::connect(fillers.back().fd().raw(), at());
    }
    const Socket client = open_tcp();
    EXPECT_EQ(calls::connect(client.fd().raw(), at()), -EINPROGRESS);
    EXPECT_EQ(calls::go_on_connecting(client.fd().raw(), at()), -EINPROGRESS);
}

TEST_F(Calls, WaitingEndsWhenThereIsWhatWasWaitedFor) {
    const Time past(Duration::zero());
    EXPECT_EQ(calls::wait_ready(left(), POLLIN, past), 0);
    EXPECT_EQ(calls::wait_ready(left(), POLLOUT, past), POLLOUT);
    EXPECT_EQ(calls::send(right(), bytes_of("x")), 1);
    EXPECT_EQ(calls::wait_ready(left(), POLLIN, past), POLLIN);
    EXPECT_EQ(calls::wait_ready(left(), POLLIN, kNever), POLLIN);
    close_right();
    EXPECT_NE(calls::wait_ready(left(), 0, kNever) & POLLHUP, 0);
}

TEST_F(Calls, WaitingNeverEndsBeforeItsDeadline) {
    for (const auto length : {std::chrono::microseconds(1), std::chrono::microseconds(1'300)}) {
        const Time deadline = after(monotonic_now(), length);
        EXPECT_EQ(calls::wait_ready(left(), POLLIN, deadline), 0);
        EXPECT_GE(monotonic_now(), deadline);
    }
}

TEST_F(Calls, F23_ASocketCanBeConnectedToItself) {
    Socket client = open_tcp();
    ASSERT_TRUE(client.bind(SocketAddress(IpAddress::loopback_v4(), 0)));
    const SocketAddress itself = client.local_address().value();
    int result = calls::connect(client.fd().raw(), itself);
    if (result == -EINPROGRESS) {
        calls::wait_ready(client.fd().raw(), POLLOUT, kNever);
        result = calls::go_on_connecting(client.fd().raw(), itself);
    }
    ASSERT_EQ(result, 0) << "the kernel allows it";
    EXPECT_TRUE(calls::is_connected_to_itself(client.fd().raw()));
}

TEST_F(Calls, F23_OrdinaryConnectionsAreNotConnectedToThemselves) {
    const auto client = Socket::connect_to(at());
    const Fd server(calls::accept(listener(), true));
    EXPECT_FALSE(calls::is_connected_to_itself(client->fd().raw()));
    EXPECT_FALSE(calls::is_connected_to_itself(server.raw()));
    EXPECT_FALSE(calls::is_connected_to_itself(left())) << "both of its ends have no name";
    EXPECT_FALSE(calls::is_connected_to_itself(listener()));
    EXPECT_FALSE(calls::is_connected_to_itself(-1));
}

}  // namespace
}  // namespace fivetuple

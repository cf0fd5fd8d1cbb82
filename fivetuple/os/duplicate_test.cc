#include "fivetuple/os/duplicate.h"

#include "fivetuple/os/calls.h"
#include "fivetuple/os/socket.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "tests/testing/child.h"
#include "tests/testing/testing.h"
#include <array>
#include <cerrno>

namespace fivetuple {
namespace {

using testing_help::in_child;
using testing_help::NoDescriptorLeaks;

bool closes_on_exec(int fd) { return (::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0; }

TEST(Duplicate, IsAnotherDescriptorForTheSameSocket) {
    const NoDescriptorLeaks none;
    std::array<int, 2> raw{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, raw.data()), 0);
    Fd one(raw[0]);
    const Fd other(raw[1]);
    auto copy = duplicate(one.raw());
    ASSERT_TRUE(copy.has_value());
    EXPECT_NE(copy->raw(), one.raw());
    one = Fd();
    EXPECT_EQ(calls::send(copy->raw(), bytes_of("x")), 1);
    std::array<std::byte, 2> room;
    EXPECT_EQ(calls::receive(other.raw(), room), 1);
}

TEST(Duplicate, OfNothingSaysSo) {
    EXPECT_EQ(duplicate(-1).error().message(), "fcntl: Bad file descriptor");
}

TEST(Duplicate, SaysWhenNoDescriptorIsLeft) {
    const std::string answer = in_child([] {
        rlimit limit{};
        ::getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = 3;
        ::setrlimit(RLIMIT_NOFILE, &limit);
        const auto copy = duplicate(0);
        return copy ? "a copy" : copy.error().message();
    });
    EXPECT_EQ(answer, "fcntl: Too many open files");
}

TEST(CloseOnExec, F118_IsSetOnEveryDescriptorThatIsMadeHere) {
    const NoDescriptorLeaks none;
    const SocketAddress loopback(IpAddress::loopback_v4(), 0);
    const auto opened = Socket::open(Family::unix_domain, SocketType::datagram);
    auto listener = Socket::listen_on(loopback);
    ASSERT_TRUE(opened && listener);
    EXPECT_TRUE(closes_on_exec(opened->fd().raw()));
    EXPECT_TRUE(closes_on_exec(listener->fd().raw()));

    const SocketAddress at = listener->local_address().value();
    const auto first = Socket::connect_to(at);
    const auto second = Socket::connect_to(at);
    ASSERT_TRUE(first && second);
    EXPECT_TRUE(closes_on_exec(first->fd().raw()));
    const auto accepted = listener->accept();
    ASSERT_TRUE(accepted.has_value());
    EXPECT_TRUE(closes_on_exec(accepted->fd().raw()));
    const Fd raw_accepted(calls::accept(listener->fd().raw(), false));
    EXPECT_TRUE(closes_on_exec(raw_accepted.raw()));

    const auto copy = duplicate(opened->fd().raw());
    ASSERT_TRUE(copy.has_value());
    EXPECT_TRUE(closes_on_exec(copy->raw()));
}

}  // namespace
}  // namespace fivetuple

#include "fivetuple/os/calls.h"
#include "fivetuple/os/fd.h"

#include <sys/socket.h>
#include <unistd.h>

#include "tests/testing/testing.h"
#include <array>
#include <cerrno>
#include <csignal>

namespace fivetuple {
namespace {

sigset_t pipe_signal() {
    sigset_t only;
    ::sigemptyset(&only);
    ::sigaddset(&only, SIGPIPE);
    return only;
}

bool is_pending() {
    sigset_t pending;
    ::sigpending(&pending);
    return ::sigismember(&pending, SIGPIPE) == 1;
}

bool is_blocked() {
    sigset_t blocked;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
    return ::sigismember(&blocked, SIGPIPE) == 1;
}

// Whoever started the tests may have ignored SIGPIPE; here it would kill.
class BrokenPipe : public ::testing::Test {
protected:
    BrokenPipe() { ::signal(SIGPIPE, SIG_DFL); }
    ~BrokenPipe() override {
        EXPECT_FALSE(is_pending());
        ::signal(SIGPIPE, SIG_DFL);
    }

    /// The end of a pipe to write to, which nobody reads.
    static Fd pipe_without_reader() {
        std::array<int, 2> raw{};
        EXPECT_EQ(::pipe(raw.data()), 0);
        const Fd reader(raw[0]);
        return Fd(raw[1]);
    }
    static Fd socket_without_peer() {
        std::array<int, 2> raw{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, raw.data()), 0);
        const Fd peer(raw[0]);
        return Fd(raw[1]);
    }

private:
    testing_help::NoDescriptorLeaks no_leaks_;
};

TEST_F(BrokenPipe, F32_IsAnErrorAndNoSignal) {
    const Fd socket = socket_without_peer();
    const Bytes pieces[] = {bytes_of("x")};
    EXPECT_EQ(calls::send(socket.raw(), bytes_of("x")), -EPIPE);
    EXPECT_EQ(calls::send_gathered(socket.raw(), pieces), -EPIPE);
    EXPECT_EQ(calls::write(socket.raw(), bytes_of("x")), -EPIPE);
    EXPECT_EQ(calls::write(pipe_without_reader().raw(), bytes_of("x")), -EPIPE);
    EXPECT_FALSE(is_pending());
    EXPECT_FALSE(is_blocked());
}

TEST_F(BrokenPipe, F32_ASignalThatWasPendingBeforeStaysSo) {
    const sigset_t only = pipe_signal();
    ::pthread_sigmask(SIG_BLOCK, &only, nullptr);
    ::pthread_kill(::pthread_self(), SIGPIPE);
    ASSERT_TRUE(is_pending());
    EXPECT_EQ(calls::write(pipe_without_reader().raw(), bytes_of("x")), -EPIPE);
    EXPECT_TRUE(is_pending());
    EXPECT_TRUE(is_blocked());
    constexpr timespec kAtOnce{};
    EXPECT_EQ(::sigtimedwait(&only, nullptr, &kAtOnce), SIGPIPE);
    EXPECT_FALSE(is_pending());
    ::pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
}

TEST_F(BrokenPipe, F32_ABlockedSignalIsTakenAwayAgain) {
    const sigset_t only = pipe_signal();
    ::pthread_sigmask(SIG_BLOCK, &only, nullptr);
    EXPECT_EQ(calls::write(pipe_without_reader().raw(), bytes_of("x")), -EPIPE);
    EXPECT_FALSE(is_pending());
    EXPECT_TRUE(is_blocked());
    ::pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
}

TEST_F(BrokenPipe, F32_AnIgnoredSignalIsNoDifference) {
    ::signal(SIGPIPE, SIG_IGN);
    EXPECT_EQ(calls::write(pipe_without_reader().raw(), bytes_of("x")), -EPIPE);
    EXPECT_FALSE(is_pending());
    EXPECT_FALSE(is_blocked());
}

TEST_F(BrokenPipe, WritingThatGoesWellLeavesSignalsAlone) {
    std::array<int, 2> raw{};
    ASSERT_EQ(::pipe(raw.data()), 0);
    const Fd reader(raw[0]);
    const Fd writer(raw[1]);
    EXPECT_EQ(calls::write(writer.raw(), bytes_of("abc")), 3);
    EXPECT_FALSE(is_blocked());
    std::array<std::byte, 8> room;
    EXPECT_EQ(calls::read(reader.raw(), room), 3);
    EXPECT_EQ(text_of(Bytes(room).first(3)), "abc");
}

}  // namespace
}  // namespace fivetuple

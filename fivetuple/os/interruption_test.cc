#include "fivetuple/os/calls.h"
#include "fivetuple/os/clock.h"
#include "fivetuple/os/fd.h"
#include "fivetuple/os/socket.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "tests/testing/signal_storm.h"
#include "tests/testing/testing.h"
#include <array>

namespace fivetuple {
namespace {

using namespace std::chrono_literals;

using testing_help::Helper;
using testing_help::SignalStorm;

class Interruption : public ::testing::Test {
protected:
    Interruption() {
        std::array<int, 2> raw{};
        EXPECT_EQ(::pipe2(raw.data(), O_CLOEXEC), 0);
        reader_ = Fd(raw[0]);
        writer_ = Fd(raw[1]);
    }
    int reader() const { return reader_.raw(); }
    int writer() const { return writer_.raw(); }
    void fill_the_pipe() {
        ::fcntl(writer(), F_SETFL, O_NONBLOCK);
        const std::array<std::byte, 4'096> some{};
        while (calls::write(writer(), some) > 0) {
        }
        ::fcntl(writer(), F_SETFL, 0);
    }
    static constexpr int kEnough = 5;

private:
    testing_help::NoDescriptorLeaks no_leaks_;
    Fd reader_;
    Fd writer_;
};

TEST_F(Interruption, F29_ReadingGoesOn) {
    const SignalStorm storm;
    const Helper helper([&] {
        SignalStorm::await(kEnough);
        EXPECT_EQ(calls::write(writer(), bytes_of("x")), 1);
    });
    std::array<std::byte, 8> room;
    EXPECT_EQ(calls::read(reader(), room), 1);
}

TEST_F(Interruption, F29_WritingGoesOn) {
    fill_the_pipe();
    const SignalStorm storm;
    const Helper helper([&] {
        SignalStorm::await(kEnough);
        std::array<std::byte, 65'536> room;
        EXPECT_GT(calls::read(reader(), room), 0);
    });
    EXPECT_EQ(calls::write(writer(), bytes_of("x")), 1);
}

TEST_F(Interruption, F29_WaitingGoesOn) {
    const SignalStorm storm;
    const Helper helper([&] {
        SignalStorm::await(kEnough);
        EXPECT_EQ(calls::write(writer(), bytes_of("x")), 1);
    });
    EXPECT_EQ(calls::wait_ready(reader(), POLLIN, kNever), POLLIN);
}

TEST_F(Interruption, F29_WaitingEndsAtItsDeadlineAndNotBefore) {
    const SignalStorm storm;
    const Time deadline = after(monotonic_now(), 10ms);
    EXPECT_EQ(calls::wait_ready(reader(), POLLIN, deadline), 0);
    EXPECT_GE(monotonic_now(), deadline);
}

TEST_F(Interruption, F29_AcceptingGoesOnInABlockingListener) {
    const auto listener = Socket::listen_on(SocketAddress(IpAddress::loopback_v4(), 0));
    ASSERT_TRUE(listener.has_value());
    ::fcntl(listener->fd().raw(), F_SETFL, 0);
    const SignalStorm storm;
    const Helper helper([&] {
        SignalStorm::await(kEnough);
        EXPECT_TRUE(Socket::connect_to(listener->local_address().value()));
    });
    const Fd accepted(calls::accept(listener->fd().raw(), true));
    EXPECT_TRUE(accepted);
}

TEST_F(Interruption, F29_AWholeConversationLosesNothing) {
    auto listener = Socket::listen_on(SocketAddress(IpAddress::loopback_v4(), 0));
    ASSERT_TRUE(listener.has_value());
    const auto question = testing_help::some_bytes(4'000'000, 1);
    const auto answer = testing_help::some_bytes(4'000'000, 2);
    const SignalStorm storm;
    const Helper server([&] {
        auto peer = listener->accept();
        std::vector<std::byte> asked(question.size());
        SignalStorm::await(kEnough);
        EXPECT_TRUE(peer->read_exact(asked));
        EXPECT_TRUE(asked == question);
        SignalStorm::await(kEnough);
        EXPECT_TRUE(peer->write_all(answer));
    });
    auto client = Socket::connect_to(listener->local_address().value());
    ASSERT_TRUE(client.has_value());
    EXPECT_TRUE(client->write_all(question));
    std::vector<std::byte> answered(answer.size());
    EXPECT_TRUE(client->read_exact(answered));
    EXPECT_TRUE(answered == answer);
}

}  // namespace
}  // namespace fivetuple

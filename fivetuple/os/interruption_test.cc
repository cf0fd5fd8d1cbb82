#include "fivetuple/os/calls.h"
#include "fivetuple/os/clock.h"
#include "fivetuple/os/fd.h"
#include "fivetuple/os/process.h"
#include "fivetuple/os/signals.h"
#include "fivetuple/os/socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/testing/testing.h"
#include <array>
#include <atomic>
#include <csignal>
#include <optional>
#include <thread>

namespace fivetuple {
namespace {

using namespace std::chrono_literals;

// A signal every millisecond, whose handler lets no system call go on by itself.
class SignalStorm {
public:
    SignalStorm() {
        struct sigaction action{};
        action.sa_handler = [](int) { count_++; };
        ::sigaction(SIGALRM, &action, &before_);
        set_timer(1'000);
    }
    SignalStorm(const SignalStorm&) = delete;
    SignalStorm& operator=(const SignalStorm&) = delete;
    ~SignalStorm() {
        set_timer(0);
        ::sigaction(SIGALRM, &before_, nullptr);
    }
    static void await(int more) {
        const int until = count_ + more;
        while (count_ < until) give_way();
    }

private:
    static void set_timer(int microseconds) {
        const itimerval timer{{0, microseconds}, {0, microseconds}};
        ::setitimer(ITIMER_REAL, &timer, nullptr);
    }
    static inline std::atomic<int> count_ = 0;
    struct sigaction before_{};
};

// What the storm does not reach, so that it hits the thread of the test only.
class Helper {
public:
    template <class Work>
    explicit Helper(Work work) {
        const SignalsHeldBack none_for_the_new_thread;
        thread_ = std::thread(work);
    }
    Helper(const Helper&) = delete;
    Helper& operator=(const Helper&) = delete;
    ~Helper() { thread_.join(); }

private:
    std::thread thread_;
};

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

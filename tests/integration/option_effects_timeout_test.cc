#include "fivetuple/os/calls.h"
#include "fivetuple/os/clock.h"
#include "fivetuple/os/options.h"
#include "fivetuple/os/socket.h"

#include <poll.h>
#include <sys/epoll.h>

#include "tests/testing/testing.h"
#include "tests/testing/two_hosts.h"
#include <array>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

// Whether TCP_USER_TIMEOUT wakes a program that sleeps in epoll, and when it does not.
// docs/option-effects.md tells what these tests show.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

// What epoll says of `socket`, which is watched for `events`, within `limit`: 0 where it sleeps on.
std::uint32_t epoll_says(const Socket& socket, std::uint32_t events, Duration limit) {
    const Fd watcher(::epoll_create1(EPOLL_CLOEXEC));
    epoll_event watched{};
    watched.events = events;
    EXPECT_EQ(::epoll_ctl(watcher.raw(), EPOLL_CTL_ADD, socket.fd().raw(), &watched), 0);
    epoll_event seen{};
    const int count =
        ::epoll_wait(watcher.raw(), &seen, 1, poll_timeout_ms(Time(), Time() + limit));
    return count == 1 ? seen.events : 0;
}
constexpr std::uint32_t kReads = EPOLLIN | EPOLLRDHUP;
constexpr std::uint32_t kBroken = EPOLLERR | EPOLLHUP;

// A connection between two hosts.
class UserTimeoutEffects : public ::testing::Test {
protected:
    template <class Work>
    void on_both_hosts(Work work) {
        on_own_network([&] {
            TwoHosts hosts;
            ASSERT_TRUE(hosts.is_well());
            const auto at = SocketAddress::parse("10.9.0.2:7000").value();
            Socket listener;
            hosts.there([&] { listener = Socket::listen_on(at).value(); });
            auto client = Socket::connect_to(at, after(monotonic_now(), 20s));
            ASSERT_TRUE(client.has_value());
            auto server = listener.accept(after(monotonic_now(), 20s));
            ASSERT_TRUE(server.has_value());
            work(hosts, *client, *server);
        });
    }
    static void expect_timed_out(Socket& socket) {
        EXPECT_EQ(get<PendingError>(socket)->code, ETIMEDOUT);
    }
};

TEST_F(UserTimeoutEffects, E4_DataThatNobodyAcknowledgesWakesEpollOfEitherKind) {
    for (const std::uint32_t kind : {std::uint32_t{0}, std::uint32_t{EPOLLET}}) {
        on_both_hosts([kind](TwoHosts& hosts, Socket& client, Socket&) {
            EXPECT_TRUE(set(client, UserTimeout{{300ms}}));
            hosts.cut();
            EXPECT_TRUE(client.write_all(bytes_of("anybody?")));
            const Time began = monotonic_now();
            const std::uint32_t seen = epoll_says(client, kReads | kind, 20s);
            EXPECT_EQ(seen & (kReads | kBroken), kReads | kBroken);
            EXPECT_GE(monotonic_now() - began, 250ms);
            expect_timed_out(client);
        });
    }
}

TEST_F(UserTimeoutEffects, E4_AConnectionThatOwesNothingSleepsOnWhenItsPeerIsCutOff) {
    on_both_hosts([](TwoHosts& hosts, Socket& client, Socket&) {
        EXPECT_TRUE(set(client, UserTimeout{{300ms}}));
        hosts.cut();
        EXPECT_EQ(epoll_says(client, kReads, 1500ms), 0u);
        EXPECT_EQ(get<PendingError>(client)->code, 0);
    });
}

TEST_F(UserTimeoutEffects, E4_WithKeepAliveItWakesThatOneTooWhateverTheNumberOfProbes) {
    on_both_hosts([](TwoHosts& hosts, Socket& client, Socket&) {
        EXPECT_TRUE(set(client, UserTimeout{{1200ms}}));
        EXPECT_TRUE(set(client, KeepAliveIdle{{1s}}));
        EXPECT_TRUE(set(client, KeepAliveInterval{{1s}}));
        EXPECT_TRUE(set(client, KeepAliveProbes{{100}}));
        EXPECT_TRUE(set(client, KeepAlive{}));
        hosts.cut();
        EXPECT_EQ(epoll_says(client, kReads, 40s) & kBroken, kBroken);
        expect_timed_out(client);
    });
}

TEST_F(UserTimeoutEffects, E4_APeerThatIsThereAndNeverReadsTimesOutAsWell) {
    on_both_hosts([](TwoHosts&, Socket& client, Socket&) {
        EXPECT_TRUE(set(client, UserTimeout{{500ms}}));
        const std::vector<std::byte> some(65'536);
        while (calls::send(client.fd().raw(), some) > 0 ||
               calls::wait_ready(client.fd().raw(), POLLOUT, after(monotonic_now(), 50ms)) ==
                   POLLOUT) {
        }
        EXPECT_NE(epoll_says(client, EPOLLOUT | kReads, 40s) & kBroken, 0u);
        expect_timed_out(client);
    });
}

}  // namespace
}  // namespace fivetuple::testing_help

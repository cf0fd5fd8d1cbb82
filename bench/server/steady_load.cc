#include "steady_load.h"

#include "client_socket.h"
#include "failure.h"
#include "fd.h"
#include "pattern.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace bench {
namespace {

constexpr std::size_t kRequest = 64;
constexpr std::size_t kPerSource = 200;
constexpr Nanoseconds kTurnMost = std::chrono::milliseconds(20);
constexpr Nanoseconds kLastAnswers = std::chrono::seconds(10);

class Holder {
public:
    Holder(const SteadyConnections& how, SteadyTally& tally)
        : how_(how), tally_(tally), pattern_(kRequest), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
        if (!epoll_.is_open()) fail(errno_text("epoll_create1"));
    }

    void run() {
        connect_all();
        while (!tally_.may_ask && !tally_.is_over) take_events(kTurnMost);
        next_at_ = now();
        while (!tally_.is_over) {
            ask_due();
            take_events(std::clamp(next_at_ - now(), Nanoseconds(0), kTurnMost));
        }
        const Nanoseconds give_up = now() + kLastAnswers;
        while (due_ > 0 && now() < give_up) take_events(kTurnMost);
        // A minute of TIME_WAIT for each would be felt by whatever is measured next.
        for (Connection& each : connections_) {
            if (each.socket.is_open()) reset_at_close(each.socket);
        }
    }

private:
    struct Connection {
        Fd socket;
        std::uint32_t sequence = 0;
        std::size_t received = kRequest;  // Nothing is due.
        Nanoseconds asked_at = {};
    };

    [[noreturn]] static void fail(const std::string& why) { throw Failure("the load failed", why); }

    void connect_all() {
        connections_.resize(how_.count);
        for (std::uint32_t index = 0; index < how_.count; ++index) {
            const auto source = how_.first_source + static_cast<std::uint32_t>(index / kPerSource);
            connections_[index].socket = connect_to(how_.server, source);
            epoll_event event = {EPOLLIN, {.u32 = index}};
            if (epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, connections_[index].socket.number(),
                          &event) < 0) {
                fail(errno_text("epoll_ctl"));
            }
            ask(index);
            if (index % 16 == 0) take_events({});
        }
        while (due_ > 0) take_events(kTurnMost);
    }

    /// A record whose first byte is never that which asks for much.
    void compose(std::uint32_t index, std::array<char, kRequest>& into) const {
        memcpy(into.data(), pattern_.request(index, connections_[index].sequence), kRequest);
        into[0] = 'r';
    }

    void ask_due() {
        const Nanoseconds interval = how_.period / static_cast<std::int64_t>(how_.count);
        while (now() >= next_at_) {
            next_at_ += interval;
            const auto index = static_cast<std::uint32_t>(next_++ % how_.count);
            const Connection& connection = connections_[index];
            if (!connection.socket.is_open()) continue;
            if (connection.received < kRequest) {
                tally_.late++;
            } else {
                ask(index);
            }
        }
    }

    void ask(std::uint32_t index) {
        Connection& connection = connections_[index];
        ++connection.sequence;
        connection.received = 0;
        connection.asked_at = now();
        std::array<char, kRequest> record;
        compose(index, record);
        ++due_;
        tally_.asked++;
        const ssize_t sent =
            send(connection.socket.number(), record.data(), kRequest, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent != kRequest) lose(index);
    }

    void take_events(Nanoseconds most) {
        std::array<epoll_event, 256> events;
        const timespec until = {0, most.count()};
        const int count = epoll_pwait2(epoll_.number(), events.data(),
                                       static_cast<int>(events.size()), &until, nullptr);
        if (count < 0 && errno != EINTR) fail(errno_text("epoll_pwait2"));
        for (int at = 0; at < count; ++at) receive(events[static_cast<std::size_t>(at)].data.u32);
    }

    void receive(std::uint32_t index) {
        Connection& connection = connections_[index];
        if (!connection.socket.is_open()) return;
        std::array<char, kRequest> some;
        const ssize_t count =
            recv(connection.socket.number(), some.data(), some.size(), MSG_DONTWAIT);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (count <= 0) return lose(index);
        std::array<char, kRequest> record;
        compose(index, record);
        must_equal({some.data(), static_cast<std::size_t>(count)},
                   record.data() + connection.received, kRequest - connection.received);
        connection.received += static_cast<std::size_t>(count);
        if (connection.received < kRequest) return;
        --due_;
        tally_.answered++;
        if (connection.sequence == 1) {
            tally_.connected++;
            return;
        }
        tally_.latency[tally_.phase].add(
            static_cast<std::uint64_t>((now() - connection.asked_at).count()), 1);
    }

    void lose(std::uint32_t index) {
        Connection& connection = connections_[index];
        if (connection.received < kRequest) --due_;
        connection.received = kRequest;
        connection.socket.close();
        tally_.lost++;
    }

    SteadyConnections how_;
    SteadyTally& tally_;
    Pattern pattern_;
    Fd epoll_;
    std::vector<Connection> connections_;
    std::size_t due_ = 0;
    std::uint64_t next_ = 0;
    Nanoseconds next_at_ = {};
};

}  // namespace

void hold_steady_connections(const SteadyConnections& how, SteadyTally& tally) {
    Holder(how, tally).run();
}

}  // namespace bench

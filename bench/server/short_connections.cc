#include "short_connections.h"

#include "client_socket.h"
#include "failure.h"
#include "fd.h"
#include "pattern.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

namespace bench {
namespace {

constexpr std::size_t kRequest = 64;
constexpr Nanoseconds kPatience = std::chrono::seconds(20);
constexpr Nanoseconds kBetweenSweeps = std::chrono::seconds(1);
constexpr Nanoseconds kTurnMost = std::chrono::milliseconds(100);

/// The side that closes first keeps the pair of ports for a minute. That is us, so each connection
/// comes from the next of many loopback addresses, none of which runs out of ports.
constexpr std::uint32_t kFirstSource = 0x7f400001;  // 127.64.0.1
constexpr std::uint32_t kSources = 4096;

class Maker {
public:
    Maker(const ShortConnections& how, ShortTally& tally)
        : how_(how), tally_(tally), pattern_(kRequest), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
        if (!epoll_.is_open()) fail(errno_text("epoll_create1"));
        connections_.resize(how.at_once);
        for (std::uint32_t index = 0; index < how.at_once; ++index) free_.push_back(index);
    }

    void run() {
        next_at_ = swept_at_ = now();
        while (true) {
            if (!tally_.is_over) open_due();
            if (free_.size() == connections_.size() && (tally_.is_over || made_ == how_.total)) {
                return;
            }
            take_events();
            sweep();
        }
    }

private:
    struct Connection {
        Fd socket;
        std::uint32_t sequence = 0;
        std::size_t received = 0;
        Nanoseconds opened_at = {};
        bool is_asked = false;
    };

    [[noreturn]] static void fail(const std::string& why) { throw Failure("the load failed", why); }

    Nanoseconds interval() const {
        return Nanoseconds(static_cast<std::int64_t>(1e9 / how_.per_second));
    }

    void open_due() {
        while (made_ < how_.total) {
            if (how_.per_second > 0 && now() < next_at_) return;
            if (free_.empty()) {
                if (how_.per_second > 0) tally_.held_back++;
                return;
            }
            if (how_.per_second > 0) next_at_ += interval();
            const std::uint32_t index = free_.back();
            free_.pop_back();
            open(index);
        }
    }

    void open(std::uint32_t index) {
        Connection& connection = connections_[index];
        connection.sequence = static_cast<std::uint32_t>(++made_);
        connection.received = 0;
        connection.is_asked = false;
        connection.opened_at = now();
        bool is_connected = false;
        connection.socket = begin_connect(is_connected);
        if (!connection.socket.is_open()) return finish(index, tally_.refused);
        epoll_event event = {is_connected ? EPOLLIN : EPOLLOUT, {.u32 = index}};
        if (epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, connection.socket.number(), &event) < 0) {
            fail(errno_text("epoll_ctl"));
        }
        if (is_connected) ask(index);
    }

    /// An open socket, which may still be connecting; a closed one where it was refused.
    Fd begin_connect(bool& is_connected) {
        const std::uint32_t source = kFirstSource + static_cast<std::uint32_t>(made_) % kSources;
        Fd made = open_socket(source, SOCK_NONBLOCK);
        const int done = connect(made.number(), reinterpret_cast<const sockaddr*>(&how_.server),
                                 sizeof how_.server);
        is_connected = done == 0;
        if (done == 0 || errno == EINPROGRESS) return made;
        if (errno != ECONNREFUSED) fail(errno_text("connect"));
        return Fd();
    }

    void ask(std::uint32_t index) {
        Connection& connection = connections_[index];
        connection.is_asked = true;
        const char* request = pattern_.request(index, connection.sequence);
        const ssize_t sent = send(connection.socket.number(), request, kRequest, MSG_NOSIGNAL);
        if (sent < 0) return finish(index, tally_.reset);
        if (sent != kRequest) fail("a new connection did not take 64 bytes");
    }

    void take_events() {
        std::array<epoll_event, 256> events;
        Nanoseconds most = kTurnMost;
        if (how_.per_second > 0) most = std::clamp(next_at_ - now(), Nanoseconds(0), kTurnMost);
        const timespec until = {0, most.count()};
        const int count = epoll_pwait2(epoll_.number(), events.data(),
                                       static_cast<int>(events.size()), &until, nullptr);
        if (count < 0 && errno != EINTR) fail(errno_text("epoll_pwait2"));
        for (int at = 0; at < count; ++at) {
            const std::uint32_t index = events[static_cast<std::size_t>(at)].data.u32;
            if (connections_[index].is_asked) {
                receive(index);
            } else {
                end_connect(index);
            }
        }
    }

    void end_connect(std::uint32_t index) {
        const int socket = connections_[index].socket.number();
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error != 0) {
            return finish(index, error == ECONNREFUSED ? tally_.refused : tally_.reset);
        }
        epoll_event event = {EPOLLIN, {.u32 = index}};
        epoll_ctl(epoll_.number(), EPOLL_CTL_MOD, socket, &event);
        ask(index);
    }

    void receive(std::uint32_t index) {
        Connection& connection = connections_[index];
        std::array<char, kRequest> some;
        const ssize_t count = recv(connection.socket.number(), some.data(), some.size(), 0);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (count < 0) return finish(index, tally_.reset);
        if (count == 0) return finish(index, tally_.ended);
        if (connection.received == 0) note_first_byte(connection);
        must_equal({some.data(), static_cast<std::size_t>(count)},
                   pattern_.request(index, connection.sequence) + connection.received,
                   kRequest - connection.received);
        connection.received += static_cast<std::size_t>(count);
        if (connection.received < kRequest) return;
        if (how_.resets && connection.sequence % 2 == 0) reset_at_close(connection.socket);
        tally_.last_answer = now().count();
        finish(index, tally_.answered);
    }

    void note_first_byte(const Connection& connection) {
        const std::int64_t taken = (now() - connection.opened_at).count();
        tally_.latency.add(static_cast<std::uint64_t>(taken), 1);
        if (taken > tally_.longest_ns) tally_.longest_ns = taken;
    }

    void finish(std::uint32_t index, std::atomic<std::uint64_t>& outcome) {
        outcome++;
        connections_[index].socket.close();
        free_.push_back(index);
    }

    void sweep() {
        if (now() - swept_at_ < kBetweenSweeps) return;
        swept_at_ = now();
        for (std::uint32_t index = 0; index < connections_.size(); ++index) {
            const Connection& connection = connections_[index];
            if (!connection.socket.is_open() || swept_at_ - connection.opened_at < kPatience) {
                continue;
            }
            finish(index, tally_.overdue);
        }
    }

    ShortConnections how_;
    ShortTally& tally_;
    Pattern pattern_;
    Fd epoll_;
    std::vector<Connection> connections_;
    std::vector<std::uint32_t> free_;
    std::uint64_t made_ = 0;
    Nanoseconds next_at_ = {};
    Nanoseconds swept_at_ = {};
};

}  // namespace

void make_short_connections(const ShortConnections& how, ShortTally& tally) {
    Maker(how, tally).run();
}

}  // namespace bench

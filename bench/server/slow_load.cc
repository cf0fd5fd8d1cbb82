#include "slow_load.h"

#include "client_socket.h"
#include "failure.h"
#include "fd.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <vector>

namespace bench {
namespace {

constexpr std::size_t kPerSource = 200;
constexpr std::size_t kRequest = 64;
constexpr int kSmallBuffer = 4096;
/// Often, so that bytes come one by one and no burst of theirs holds up the honest ones' load.
constexpr int kTurnMilliseconds = 1;

class Loiterers {
public:
    Loiterers(const SlowPeers& how, SlowTally& tally)
        : how_(how), tally_(tally), epoll_(epoll_create1(EPOLL_CLOEXEC)), peers_(how.count) {
        if (!epoll_.is_open()) fail(errno_text("epoll_create1"));
    }

    void run() {
        for (std::uint32_t index = 0; index < how_.count; ++index) connect(index);
        while (!tally_.may_begin && !tally_.is_over) take_events();
        began_ = now();
        while (!tally_.is_over) {
            begin_due();
            trickle_due();
            take_events();
        }
    }

private:
    struct Peer {
        Fd socket;
        Nanoseconds begun_at = {};
    };

    [[noreturn]] static void fail(const std::string& why) { throw Failure("the load failed", why); }

    void connect(std::uint32_t index) {
        const auto source = how_.first_source + static_cast<std::uint32_t>(index / kPerSource);
        Fd socket = open_socket(source);
        if (how_.kind == SlowPeers::Kind::never_reading) {
            setsockopt(socket.number(), SOL_SOCKET, SO_RCVBUF, &kSmallBuffer, sizeof kSmallBuffer);
        }
        if (::connect(socket.number(), reinterpret_cast<const sockaddr*>(&how_.server),
                      sizeof how_.server) < 0) {
            fail(errno_text("connect"));
        }
        reset_at_close(socket);
        // Of what it does not read it hears nothing; of the end it does.
        epoll_event event = {EPOLLRDHUP | EPOLLET, {.u32 = index}};
        if (epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, socket.number(), &event) < 0) {
            fail(errno_text("epoll_ctl"));
        }
        peers_[index].socket = std::move(socket);
        tally_.connected++;
    }

    void begin_due() {
        const auto count = static_cast<std::int64_t>(how_.count);
        while (next_to_begin_ < how_.count &&
               now() - began_ >= how_.spread * static_cast<std::int64_t>(next_to_begin_) / count) {
            Peer& peer = peers_[next_to_begin_++];
            peer.begun_at = now();
            tally_.begun++;
            static constexpr char kRecord[kRequest] = {'L'};
            say(peer, kRecord, how_.kind == SlowPeers::Kind::trickling ? 1 : kRequest);
        }
    }

    /// Each says a byte in its turn, so that all have said one after `between_bytes`.
    void trickle_due() {
        if (how_.kind != SlowPeers::Kind::trickling || next_to_begin_ < how_.count) return;
        if (said_ == 0) trickled_from_ = now();
        const auto due = static_cast<std::uint64_t>(
            (now() - trickled_from_) * static_cast<std::int64_t>(how_.count) / how_.between_bytes);
        for (; said_ <= due; ++said_) say(peers_[said_ % how_.count], "r", 1);
    }

    static void say(Peer& peer, const char* bytes, std::size_t size) {
        if (!peer.socket.is_open()) return;
        // Where it has been ended, the event says so.
        static_cast<void>(send(peer.socket.number(), bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT));
    }

    void take_events() {
        std::array<epoll_event, 256> events;
        const int count = epoll_wait(epoll_.number(), events.data(),
                                     static_cast<int>(events.size()), kTurnMilliseconds);
        if (count < 0 && errno != EINTR) fail(errno_text("epoll_wait"));
        for (int at = 0; at < count; ++at) {
            const epoll_event& event = events[static_cast<std::size_t>(at)];
            if ((event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) continue;
            end(peers_[event.data.u32]);
        }
    }

    void end(Peer& peer) {
        if (!peer.socket.is_open()) return;
        peer.socket.close();
        const std::int64_t lasted = (now() - peer.begun_at).count();
        if (lasted < tally_.shortest_ns) tally_.shortest_ns = lasted;
        if (lasted > tally_.longest_ns) tally_.longest_ns = lasted;
        tally_.gone++;
    }

    SlowPeers how_;
    SlowTally& tally_;
    Fd epoll_;
    std::vector<Peer> peers_;
    Nanoseconds began_ = {};
    std::size_t next_to_begin_ = 0;
    Nanoseconds trickled_from_ = {};
    std::uint64_t said_ = 0;
};

}  // namespace

void hold_slow_peers(const SlowPeers& how, SlowTally& tally) { Loiterers(how, tally).run(); }

}  // namespace bench

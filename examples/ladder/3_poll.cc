// One loop around poll(2): one thread for all. Every call hands the kernel all descriptors, and all
// are looked through again, however few have anything to say.
#include <poll.h>

#include "listener.h"
#include "pending.h"
#include <vector>

namespace {

char buffer[64 * 1024];

class Loop {
public:
    explicit Loop(int listener) { watched_.push_back({listener, POLLIN, 0}); }

    void turn() {
        ladder::must(::poll(watched_.data(), watched_.size(), watched_[0].events != 0 ? -1 : 100),
                     "poll");
        // From the back: whoever is taken out is replaced by one that has been looked at.
        for (std::size_t at = watched_.size() - 1; at > 0; --at) {
            if (watched_[at].revents != 0 && !serve(watched_[at])) take_out(at);
        }
        if (watched_[0].events == 0) watched_[0].events = POLLIN;  // It has waited a while.
        if (watched_[0].revents != 0) accept_one();
    }

private:
    void accept_one() {
        const int peer = ::accept4(watched_[0].fd, nullptr, nullptr, SOCK_CLOEXEC);
        if (peer >= 0) {
            watched_.push_back({peer, POLLIN, 0});
        } else {
            watched_[0].events = 0;  // Out of descriptors, say: not looked at for a while.
        }
    }

    // False where the connection has ended.
    bool serve(pollfd& each) {
        const bool has_rest = pending_.has(each.fd);
        ladder::Sent sent = ladder::Sent::nothing_more;
        if (has_rest) {
            sent = pending_.send_rest(each.fd);
        } else {
            const ssize_t got = ::recv(each.fd, buffer, sizeof buffer, MSG_DONTWAIT);
            if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
            if (got <= 0) return false;
            sent = pending_.send(each.fd, buffer, static_cast<std::size_t>(got));
        }
        // Nothing more is read from a peer that does not take its answer.
        each.events = sent == ladder::Sent::some ? POLLOUT : POLLIN;
        return sent != ladder::Sent::nothing_more;
    }

    void take_out(std::size_t at) {
        pending_.forget(watched_[at].fd);
        ::close(watched_[at].fd);
        watched_[at] = watched_.back();
        watched_.pop_back();
    }

    std::vector<pollfd> watched_;
    ladder::Pending pending_;
};

}  // namespace

int main(int count, char** arguments) {
    Loop loop(ladder::open_listener(count, arguments));
    while (true) loop.turn();
}

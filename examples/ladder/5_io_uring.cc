// One loop around io_uring(7): requests go into a ring and their results come out of another, with
// one system call a turn for all of them. A buffer is the kernel's until its request has ended, so
// every connection has one of its own.
#include <liburing.h>

#include "listener.h"
#include <array>

namespace {

struct Connection {
    int peer = -1;
    bool sends = false;     // What is under way: a send, or a receive.
    std::size_t begin = 0;  // What of the buffer has not been sent.
    std::size_t end = 0;
    std::array<char, 16'384> buffer;
};

class Loop {
public:
    explicit Loop(int listener) : listener_(listener) {
        const int result = ::io_uring_queue_init(4096, &ring_, IORING_SETUP_CLAMP);
        if (result < 0) {
            errno = -result;
            ladder::give_up("io_uring_queue_init");
        }
        accept_next();
    }

    void turn() {
        ::io_uring_submit_and_wait(&ring_, 1);
        io_uring_cqe* seen = nullptr;
        unsigned head = 0;
        unsigned count = 0;
        io_uring_for_each_cqe(&ring_, head, seen) {
            count++;
            auto* const connection = static_cast<Connection*>(::io_uring_cqe_get_data(seen));
            if (connection == nullptr) {
                accepted(seen->res);
            } else {
                moved(*connection, seen->res);
            }
        }
        ::io_uring_cq_advance(&ring_, count);
    }

private:
    // A place in the ring; full, it is handed to the kernel first.
    io_uring_sqe* request(Connection* about) {
        io_uring_sqe* place = ::io_uring_get_sqe(&ring_);
        while (place == nullptr) {
            ::io_uring_submit(&ring_);
            place = ::io_uring_get_sqe(&ring_);
        }
        ::io_uring_sqe_set_data(place, about);
        return place;
    }

    void accept_next() {
        ::io_uring_prep_accept(request(nullptr), listener_, nullptr, nullptr, SOCK_CLOEXEC);
    }
    void accepted(int result) {
        if (result >= 0) {
            auto* const connection = new Connection;
            connection->peer = result;
            receive(*connection);
        } else {
            ::usleep(1'000);  // Out of descriptors, say: not at full speed.
        }
        accept_next();
    }

    void receive(Connection& from) {
        from.sends = false;
        io_uring_sqe* const place = request(&from);
        ::io_uring_prep_recv(place, from.peer, from.buffer.data(), from.buffer.size(), 0);
    }
    void send(Connection& to) {
        to.sends = true;
        io_uring_sqe* const place = request(&to);
        ::io_uring_prep_send(place, to.peer, to.buffer.data() + to.begin, to.end - to.begin,
                             MSG_NOSIGNAL);
    }

    void moved(Connection& connection, int result) {
        if (result <= 0) {
            ::close(connection.peer);
            delete &connection;
        } else if (!connection.sends) {
            connection.begin = 0;
            connection.end = static_cast<std::size_t>(result);
            send(connection);
        } else {
            connection.begin += static_cast<std::size_t>(result);
            connection.begin < connection.end ? send(connection) : receive(connection);
        }
    }

    int listener_;
    io_uring ring_{};
};

}  // namespace

int main(int count, char** arguments) {
    Loop loop(ladder::open_listener(count, arguments));
    while (true) loop.turn();
}

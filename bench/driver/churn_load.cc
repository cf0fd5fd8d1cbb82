#include "client_socket.h"
#include "load.h"
#include "pattern.h"

#include <vector>

namespace bench {
namespace {

constexpr std::size_t kBufferBytes = 4 * 1024;

/// The side that closes first keeps the pair of ports for a minute (TIME_WAIT). That is us, so each
/// connection comes from the next of many loopback addresses, none of which runs out of ports.
class Sources {
public:
    std::uint32_t next() { return kFirst + next_++ % kCount; }

private:
    static constexpr std::uint32_t kFirst = 0x7f400001;  // 127.64.0.1
    static constexpr std::uint32_t kCount = 4096;
    std::uint32_t next_ = 0;
};

/// Connect, one request, its answer, close; so many at a time as the row has connections. As with
/// connections that stay, all that is answered is closed before the next ones are opened.
class ChurnLoad : public Load {
public:
    ChurnLoad(const Row& row, const sockaddr_in& server)
        : server_(server),
          request_bytes_(static_cast<std::size_t>(row.message_bytes)),
          pattern_(request_bytes_),
          buffer_(kBufferBytes),
          connections_(static_cast<std::size_t>(row.connections)) {}

    std::uint64_t run(Nanoseconds duration, Histogram& latency) override {
        const Nanoseconds deadline = now() + duration;
        latency_ = &latency;
        answered_ = 0;
        for (std::uint32_t index = 0; index < connections_.size(); ++index) open(index);
        in_flight_ = connections_.size();
        while (in_flight_ > 0) {
            for (const epoll_event& event : readiness_.wait()) receive(event.data.u32);
            open_next(deadline);
        }
        return answered_;
    }

private:
    struct Connection {
        Fd socket;
        std::uint32_t sequence = 0;
        std::size_t received_bytes = 0;
        Nanoseconds opened_at = {};
    };

    void open(std::uint32_t index) {
        Connection& connection = connections_[index];
        ++connection.sequence;
        connection.received_bytes = 0;
        connection.opened_at = now();
        connection.socket = connect_to(server_, sources_.next());
        readiness_.add(connection.socket, index);
        send_all(connection.socket, pattern_.request(index, connection.sequence), request_bytes_);
    }

    void receive(std::uint32_t index) {
        Connection& connection = connections_[index];
        const std::size_t count = receive_some(connection.socket, buffer_);
        must_equal({buffer_.data(), count},
                   pattern_.request(index, connection.sequence) + connection.received_bytes,
                   request_bytes_ - connection.received_bytes);
        connection.received_bytes += count;
        if (connection.received_bytes < request_bytes_) return;
        connection.socket.close();
        const Nanoseconds taken = now() - connection.opened_at;
        latency_->add(static_cast<std::uint64_t>(taken.count()), 1);
        ++answered_;
        closed_connections_.push_back(index);
    }

    void open_next(Nanoseconds deadline) {
        for (const std::uint32_t index : closed_connections_) {
            if (now() < deadline) {
                open(index);
            } else {
                --in_flight_;
            }
        }
        closed_connections_.clear();
    }

    sockaddr_in server_;
    std::size_t request_bytes_;
    Pattern pattern_;
    std::vector<char> buffer_;
    std::vector<Connection> connections_;
    std::vector<std::uint32_t> closed_connections_;
    Sources sources_;
    Readiness readiness_;

    Histogram* latency_ = nullptr;
    std::uint64_t answered_ = 0;
    std::size_t in_flight_ = 0;
};

}  // namespace

std::unique_ptr<Load> make_churn_load(const Row& row, const sockaddr_in& server) {
    return std::make_unique<ChurnLoad>(row, server);
}

std::unique_ptr<Load> make_load(const Row& row, const sockaddr_in& server) {
    return row.churn ? make_churn_load(row, server) : make_echo_load(row, server);
}

}  // namespace bench

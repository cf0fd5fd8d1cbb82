#include "client_socket.h"
#include "load.h"
#include "pattern.h"

#include <algorithm>
#include <vector>

namespace bench {
namespace {

constexpr std::size_t kBufferBytes = 64 * 1024;

/// Connections that stay open, each with one batch of requests in flight at a time.
///
/// All answers that are there are received before the next requests are sent, all in one go. Were
/// each answer followed by its next request, a server faster than this load would fall
/// asleep and be woken again and again, and the figure would partly be what waking costs.
class EchoLoad : public Load {
public:
    EchoLoad(const Row& row, const sockaddr_in& server)
        : depth_(static_cast<std::uint64_t>(row.depth)),
          batch_bytes_(static_cast<std::size_t>(row.message_bytes * row.depth)),
          pattern_(batch_bytes_),
          buffer_(kBufferBytes),
          in_flight_max_(row.in_flight_max > 0 ? row.in_flight_max : row.connections) {
        connections_.resize(static_cast<std::size_t>(row.connections));
        for (std::uint32_t index = 0; index < connections_.size(); ++index) {
            connections_[index].socket = connect_to(server);
            reset_at_close(connections_[index].socket);
            readiness_.add(connections_[index].socket, index);
        }
    }

    std::uint64_t run(Nanoseconds duration, Histogram& latency) override {
        const Nanoseconds deadline = now() + duration;
        latency_ = &latency;
        answered_ = 0;
        in_flight_ = 0;
        started_ = 0;
        while (started_ < connections_.size() && in_flight_ < in_flight_max_) start_next();
        while (in_flight_ > 0) {
            for (const epoll_event& event : readiness_.wait()) receive(event.data.u32);
            send_next(deadline);
        }
        return answered_ * depth_;
    }

private:
    struct Connection {
        Fd socket;
        std::uint32_t sequence = 0;
        std::size_t received_bytes = 0;
        Nanoseconds sent_at = {};
    };

    void start_next() {
        const std::uint32_t index = started_++;
        ++in_flight_;
        send_batch(index, now());
    }

    void send_batch(std::uint32_t index, Nanoseconds at) {
        Connection& connection = connections_[index];
        ++connection.sequence;
        connection.received_bytes = 0;
        connection.sent_at = at;
        send_all(connection.socket, pattern_.request(index, connection.sequence), batch_bytes_);
    }

    void receive(std::uint32_t index) {
        Connection& connection = connections_[index];
        const std::size_t count = receive_some(connection.socket, buffer_);
        must_equal({buffer_.data(), count},
                   pattern_.request(index, connection.sequence) + connection.received_bytes,
                   batch_bytes_ - connection.received_bytes);
        connection.received_bytes += count;
        if (connection.received_bytes == batch_bytes_ && count > 0) finish(index);
    }

    void finish(std::uint32_t index) {
        const Nanoseconds taken = now() - connections_[index].sent_at;
        latency_->add(static_cast<std::uint64_t>(taken.count()), depth_);
        ++answered_;
        answered_connections_.push_back(index);
    }

    void send_next(Nanoseconds deadline) {
        for (const std::uint32_t index : answered_connections_) {
            const Nanoseconds at = now();
            if (at < deadline) {
                send_batch(index, at);
            } else {
                --in_flight_;
                if (started_ < connections_.size()) start_next();
            }
        }
        answered_connections_.clear();
    }

    std::uint64_t depth_;
    std::size_t batch_bytes_;
    Pattern pattern_;
    std::vector<char> buffer_;
    int in_flight_max_;
    std::vector<Connection> connections_;
    std::vector<std::uint32_t> answered_connections_;
    Readiness readiness_;

    Histogram* latency_ = nullptr;
    std::uint64_t answered_ = 0;
    int in_flight_ = 0;
    std::uint32_t started_ = 0;
};

}  // namespace

std::unique_ptr<Load> make_echo_load(const Row& row, const sockaddr_in& server) {
    return std::make_unique<EchoLoad>(row, server);
}

}  // namespace bench

#include "fivetuple/server/connection.h"

#include "fivetuple/server/server.h"

namespace fivetuple {

Connection::Connection(Server& server, SocketStream stream, std::uint64_t id,
                       std::optional<IpAddress> counted_by)
    : SocketStream(std::move(stream)),
      server_(server),
      id_(id),
      counted_by_(counted_by),
      watch_(*this, server.limits(), server.counters_.loop_lag) {
    server_.connections_.push_back(*this);
}

Connection::~Connection() {
    unlink();
    server_.census_->leave(counted_by_);
}

void Connection::due_within(Duration limit) {
    watch_.set_due(after(server_.loop_.turn_began(), limit));
}

bool Connection::is_draining() const { return server_.is_draining(); }
Event& Connection::draining() const { return server_.drain_asked_; }

Result<Holding> Connection::hold(std::size_t bytes) {
    const std::size_t most = server_.limits().held_each;
    if (bytes > most - std::min(held_, most) || !server_.census_->hold(bytes)) {
        server_.counters_.hold_refused++;
        return std::unexpected(Error::limit("hold", "more than the server may keep in memory"));
    }
    held_ += bytes;
    return Holding(*this, bytes);
}

Holding::~Holding() {
    if (of_ == nullptr) return;
    of_->held_ -= bytes_;
    of_->server_.census_->let_go(bytes_);
}

Result<void> Connection::speaks_for(const IpAddress& client) {
    const IpAddress plain = client.unmapped();
    Census& census = *server_.census_;
    std::optional<IpAddress> key;
    if (census.counts(plain)) key = plain;
    census.leave(counted_by_);
    counted_by_.reset();
    const auto refused = census.enter(key);
    if (refused) {
        census.enter_anyway();
        server_.counters_.reasons[*refused]++;
        return std::unexpected(Error::limit("accept", "too many connections of this client"));
    }
    counted_by_ = key;
    return {};
}

}  // namespace fivetuple

#pragma once

#include "fivetuple/blocking/raw_socket.h"
#include "fivetuple/os/ping_session.h"

#include <optional>
#include <string>
#include <vector>

namespace fivetuple::blocking {

/// Asks a host again and again whether it is there, and how long the answers take: by a ping socket
/// where the system allows it, else by a raw one. icmp(7)
class Ping {
public:
    /// Sends nothing yet. Errors: EPERM, where neither kind of socket is allowed; as
    /// open_ping_socket().
    static Result<Ping> open(const IpAddress& to, const PingOptions& options = {});

    /// Sends probes when they are due and waits for the next event: an answer, a failure, silence.
    /// Nothing, when all probes have been sent and something has come of each. Probes are sent only
    /// in here. That one cannot be sent is an event, too.
    /// Errors: deadline; those of a socket that is broken.
    Result<std::optional<PingEvent>> next(Time deadline = kNever);

    /// Sends no more; next() goes on with what comes of those under way.
    void stop() { session_.stop(); }

    const PingStatistics& statistics() const { return session_.statistics(); }
    /// By which kind of socket, and why that.
    PingMeans means() const { return means_; }
    const std::string& because() const { return because_; }
    const SocketAddress& to() const { return to_; }

private:
    Ping(RawSocket socket, PingSession session, const IpAddress& to)
        : socket_(std::move(socket)), session_(std::move(session)), to_(to, 0) {}
    std::optional<PingEvent> take_event(Time now);
    Result<std::optional<PingEvent>> send(Time deadline);
    Result<std::optional<PingEvent>> receive(Time deadline);

    RawSocket socket_;
    PingSession session_;
    SocketAddress to_;
    std::vector<std::byte> room_;
    PingMeans means_ = PingMeans::ping_socket;
    std::string because_;
};

}  // namespace fivetuple::blocking

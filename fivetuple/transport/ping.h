#pragma once

#include "fivetuple/os/ping_session.h"
#include "fivetuple/task/task.h"
#include "fivetuple/transport/raw_socket.h"

#include <optional>
#include <string>
#include <vector>

namespace fivetuple {

/// Asks a host again and again whether it is there, and how long the answers take: by a ping socket
/// where the system allows it, else by a raw one. icmp(7)
///
///     while (true) {
///         FT_CO_TRY(const auto event, co_await ping.next());
///         if (!event) break;
///         std::puts(event->to_string().c_str());
///     }
class Ping {
public:
    /// Sends nothing yet. Errors: EPERM, where neither kind of socket is allowed; as
    /// open_ping_socket().
    static Result<Ping> open(Loop& loop, const IpAddress& to, const PingOptions& options = {});

    /// Sends probes when they are due and waits for the next event: an answer, a failure, silence.
    /// Nothing, when all probes have been sent and something has come of each. Probes are sent only
    /// while a task waits here. That one cannot be sent is an event, too.
    /// Errors: cancelled, deadline; those of a socket that is broken.
    Task<Result<std::optional<PingEvent>>> next();

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
    Task<Result<std::optional<PingEvent>>> send();
    Task<Result<std::optional<PingEvent>>> receive(Time now);

    RawSocket socket_;
    PingSession session_;
    SocketAddress to_;
    std::vector<std::byte> room_;
    PingMeans means_ = PingMeans::ping_socket;
    std::string because_;
};

}  // namespace fivetuple

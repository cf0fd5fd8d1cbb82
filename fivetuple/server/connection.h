#pragma once

#include "fivetuple/base/list.h"
#include "fivetuple/base/result.h"
#include "fivetuple/os/ip_address.h"
#include "fivetuple/server/watch.h"
#include "fivetuple/task/event.h"
#include "fivetuple/transport/socket_stream.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace fivetuple {

class Server;
class Holding;

/// A connection that a server serves: a stream, and what the server knows of it. Lives as long as
/// its handler, and is closed in good order behind it: what the handler has sent arrives even where
/// it has not read all that came.
class Connection final : public SocketStream, public Linked<Connection> {
public:
    Connection(Server& server, SocketStream stream, std::uint64_t id,
               std::optional<IpAddress> counted_by);
    Connection(Connection&&) = delete;
    Connection& operator=(Connection&&) = delete;
    ~Connection();

    /// From 1 on, in the order of acceptance; no other of the same server or workers has it.
    std::uint64_t id() const { return id_; }

    /// What the handler does now has to be over in so long, or the connection ends: that a request
    /// has come whole, for instance. Replaces an earlier one.
    void due_within(Duration limit);
    void no_longer_due() { watch_.clear_due(); }

    /// Whether the server drains: the handler should say so to its peer, and end when it can.
    bool is_draining() const;
    /// The same to wait for.
    Event& draining() const;

    /// Notes that the handler holds so much memory for its peer, until the Holding ends.
    /// Errors: limit, where ServerLimits::held_each or held_all would be exceeded.
    Result<Holding> hold(std::size_t bytes);

    /// The peer is a proxy, and speaks for a client of this address, by which the connection counts
    /// from now on. Errors: limit, where that client has too many.
    Result<void> speaks_for(const IpAddress& client);

    Server& server() const { return server_; }
    Watch& watch() { return watch_; }

private:
    friend class Holding;

    Server& server_;
    std::uint64_t id_;
    std::size_t held_ = 0;
    std::optional<IpAddress> counted_by_;
    Watch watch_;
};

/// Memory that a handler has accounted for; ends before its connection does.
class Holding {
public:
    Holding(Holding&& other) noexcept
        : of_(std::exchange(other.of_, nullptr)), bytes_(other.bytes_) {}
    Holding& operator=(Holding&& other) noexcept {
        std::swap(of_, other.of_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~Holding();
    std::size_t bytes() const { return bytes_; }

private:
    friend class Connection;
    Holding(Connection& of, std::size_t bytes) : of_(&of), bytes_(bytes) {}

    Connection* of_;
    std::size_t bytes_;
};

/// What can be said of a connection from outside.
struct ConnectionReport {
    std::uint64_t id = 0;
    std::string five_tuple;  ///< Or what is known of it.
    Duration age{};
    std::string awaits;                ///< "input", "room to write", or empty: something else.
    Duration since{};                  ///< How long it has waited for that.
    std::uint64_t bytes_received = 0;  ///< Of TCP only, like all that follows.
    std::uint64_t bytes_sent = 0;      ///< Acknowledged.
    std::uint64_t unsent = 0;          ///< Written, and not yet sent.
};

}  // namespace fivetuple

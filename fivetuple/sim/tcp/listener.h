#pragma once

#include "fivetuple/base/time.h"
#include "fivetuple/os/five_tuple.h"
#include "fivetuple/sim/tcp/connection.h"
#include "fivetuple/sim/tcp/handshake.h"
#include "fivetuple/sim/tcp/limits.h"
#include "fivetuple/sim/tcp/ports.h"
#include "fivetuple/sim/tcp/secrets.h"
#include "fivetuple/sim/tcp/settings.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <utility>

namespace fivetuple::sim::tcp {

/// A socket that listens: a queue of handshakes that are not done, and one of connections that
/// nobody has accepted yet, which takes one more than the backlog. A connection that comes to be is
/// handed out and its owner puts it in. listen(2)
class Listener {
public:
    Listener(const Limits& limits, const Settings& settings, const Secrets& secrets,
             std::unique_ptr<Binding> binding, unsigned backlog);

    /// A segment that belongs to no connection; `mtu` is the way's. What is handed out is a new
    /// connection, which gets the same segment as its first input if that was no SYN.
    std::unique_ptr<Connection> input(const FiveTuple& tuple, const Segment& segment,
                                      std::uint16_t mtu, Time now,
                                      std::optional<Sequence> sequence = std::nullopt);
    /// What it answers, and to whom.
    std::optional<std::pair<FiveTuple, Segment>> output();
    Time next_deadline() const;
    void advance(Time now);

    /// The accept queue's side.
    void enqueue(Connection& connection) { ready_.push_back(&connection); }
    Connection* accept();
    void set_backlog(unsigned backlog) { backlog_ = std::min(backlog, limits_->most_backlog); }
    bool has_waiting() const { return !ready_.empty(); }
    std::size_t waiting() const { return ready_.size(); }
    std::size_t half_open() const { return requests_.size(); }
    unsigned backlog() const { return backlog_; }
    /// For one that takes over: everything that waits here.
    void hand_over(Listener& heir);
    std::deque<Connection*> take_waiting() { return std::exchange(ready_, {}); }
    /// One that was made by fast open has left the handshake, or is over.
    void early_one_settled() {
        if (early_ > 0) --early_;
    }

    const Binding& binding() const { return *binding_; }
    Settings& settings() { return settings_; }
    TcpInfo info() const;

    struct Counters {
        std::uint64_t overflows = 0;  ///< ListenOverflows: the accept queue was full.
        std::uint64_t dropped = 0;    ///< ListenDrops: SYNs that got no answer, and those.
        std::uint64_t cookies_sent = 0;
        std::uint64_t cookies_received = 0;
        std::uint64_t cookies_failed = 0;
    };
    const Counters& counters() const { return counters_; }

private:
    struct Request {
        Handshake agreed;
        std::uint16_t mtu = 0;
        Time at;
        Duration timeout;
        unsigned repeats = 0;
        bool was_acknowledged = false;
        std::optional<FastOpenCookie> cookie;
    };
    using Requests = std::map<FiveTuple, Request>;

    void set_deadline(Request& request, Time at);
    void erase(Requests::iterator request);

    bool is_full() const { return ready_.size() > backlog_; }
    std::unique_ptr<Connection> input_syn(const FiveTuple& tuple, const Segment& syn,
                                          std::uint16_t mtu, Time now,
                                          std::optional<Sequence> sequence);
    std::unique_ptr<Connection> input_request(Requests::iterator request, const Segment& segment,
                                              Time now);
    std::unique_ptr<Connection> input_cookie(const FiveTuple& tuple, const Segment& segment,
                                             std::uint16_t mtu, Time now);
    std::unique_ptr<Connection> open_early(const FiveTuple& tuple, const Segment& syn,
                                           const Request& request, Time now);
    std::unique_ptr<Connection> make_connection(const FiveTuple& tuple, const Handshake& agreed,
                                                std::uint16_t mtu, Time now) const;
    Handshake offer(const FiveTuple& tuple, const Segment& syn, std::uint16_t mtu) const;
    void send_answer(const FiveTuple& tuple, Request& request, Time now);
    void send_cookie(const FiveTuple& tuple, Request& request, const Segment& syn, Time now);
    void send_reset(const FiveTuple& tuple, const Segment& segment);
    Segment make_answer(const FiveTuple& tuple, const Request& request, Time now) const;

    const Limits* limits_;
    Settings settings_;
    const Secrets* secrets_;
    std::unique_ptr<Binding> binding_;
    unsigned backlog_;
    Requests requests_;
    mutable std::optional<Time> first_at_ = kNever;  // The earliest of theirs, where it is known.
    std::deque<Connection*> ready_;
    std::deque<std::pair<FiveTuple, Segment>> outbox_;
    unsigned early_ = 0;
    std::optional<Time> last_cookie_;
    Counters counters_;
};

/// What one who has no connection, and no listener, answers: a reset that the sender of `segment`
/// will believe. Nothing where that is a reset itself. RFC 9293, section 3.10.7.1
std::optional<Segment> refuse(const Segment& segment);

}  // namespace fivetuple::sim::tcp

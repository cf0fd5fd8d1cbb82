#pragma once

#include "fivetuple/base/fifo.h"
#include "fivetuple/base/heap.h"
#include "fivetuple/base/random.h"
#include "fivetuple/base/result.h"
#include "fivetuple/base/time.h"
#include "fivetuple/os/five_tuple.h"
#include "fivetuple/sim/tcp/connection.h"
#include "fivetuple/sim/tcp/limits.h"
#include "fivetuple/sim/tcp/listener.h"
#include "fivetuple/sim/tcp/ports.h"
#include "fivetuple/sim/tcp/secrets.h"
#include "fivetuple/sim/tcp/segment.h"
#include "fivetuple/sim/tcp/settings.h"
#include "fivetuple/sim/tcp/tuple_key.h"

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace fivetuple::sim::tcp {

/// A segment on its way, between addresses.
struct Addressed {
    IpAddress from;
    IpAddress to;
    Segment segment;
    std::uint8_t hops = 64;
    std::uint8_t traffic_class = 0;  ///< Without the bits of ECN, which the segment has.
};

/// TCP of one host: its listeners, its connections and its ports. Segments, calls and the time go
/// in; segments and the next deadline come out. It does no I/O and has no clock; all chance comes
/// from the generator that it is given. The order of calls is all that decides what it does.
class Stack {
public:
    /// `limits` must live as long as the stack. `mtu` is the interface's.
    Stack(const Limits& limits, Random random, std::uint16_t mtu = 1500);
    Stack(const Stack&) = delete;
    Stack& operator=(const Stack&) = delete;
    ~Stack();

    // The network's side.
    void input(const IpAddress& from, const IpAddress& to, Segment segment, Time now);
    /// The next segment to send; to be asked after every call until it has none.
    std::optional<Addressed> output();
    Time next_deadline() const;
    void advance(Time now);
    /// Of connections that begin from now on.
    void set_mtu(std::uint16_t mtu) { mtu_ = mtu; }
    /// What ICMP said of a segment that this host had sent. `code` is the errno for it.
    void unreachable(const FiveTuple& tuple, int code, Time now);
    void packet_too_big(const FiveTuple& tuple, std::uint16_t mtu, Time now);

    // The program's side. What is handed out belongs to the stack, and is good until it is closed.
    /// What is handed out ends before the stack does. Errors: EADDRINUSE. bind(2)
    Result<std::unique_ptr<Binding>> bind(const SocketAddress& local, const Settings& settings);
    /// Errors: EADDRINUSE. listen(2)
    Result<Listener*> listen(std::unique_ptr<Binding> binding, const Settings& settings,
                             unsigned backlog);
    /// Begins a handshake from `local`, whose port may be 0, or from what was bound before.
    /// Errors: EADDRNOTAVAIL: no port is left, or that connection exists. connect(2)
    Result<Connection*> connect(const SocketAddress& local, const SocketAddress& peer,
                                const Settings& settings, Time now,
                                std::unique_ptr<Binding> binding = nullptr);
    /// The connection that has waited longest; null where none does. It may be over already: its
    /// peer may have reset it. accept(2)
    Connection* accept(Listener& listener);
    /// The program has done with it. A connection goes on by itself for as long as it must.
    void close(Connection& connection, Time now);
    /// Connections that nobody has accepted are reset.
    void close(Listener& listener, Time now);
    /// To be called after any other call on a connection, so that its segments go out.
    void changed(Connection& connection);

    /// A connection that something has happened to since it was last told here; null where there is
    /// none. Those that were closed are not told.
    Connection* next_touched();
    /// The same of listeners that have connections to accept.
    Listener* next_ready();

    Connection* find(const FiveTuple& tuple);
    std::vector<const Connection*> connections() const;
    std::vector<const Listener*> listeners() const;

private:
    struct Entry : HeapPlace {
        std::uint64_t number = 0;  // Decides between equal deadlines.
        Time at = kNever;
        std::unique_ptr<Connection> connection;
        std::unique_ptr<Binding> binding;
        Listener* waits_at = nullptr;  // It stands in that accept queue, or will.
        Listener* early_at = nullptr;  // It counts there as made by fast open.
        bool is_mapped = false;
        bool is_touched = false;
        // Its place in in_time_wait_, while it is there.
        std::optional<std::list<Entry*>::iterator> waits_in;
    };
    struct Sooner {
        bool operator()(const Entry& a, const Entry& b) const {
            return a.at != b.at ? a.at < b.at : a.number < b.number;
        }
    };

    Listener* find_listener(const SocketAddress& local, const FiveTuple& tuple);
    Entry& adopt(std::unique_ptr<Connection> connection, std::unique_ptr<Binding> binding);
    Entry& entry_of(const Connection& connection);
    void to_listener(Listener& listener, const FiveTuple& tuple, const Segment& segment, Time now,
                     std::optional<Sequence> sequence);
    void settle(Entry& entry);
    void note_time_wait(Entry& entry);
    void forget(Entry& entry);
    void drain(Listener& listener);
    bool may_reuse(const FiveTuple& tuple, Time now);
    std::uint16_t mtu_to(const IpAddress& peer) const;
    void limit_time_wait();

    const Limits* limits_;
    Random random_;
    Secrets secrets_;
    Ports ports_;
    std::uint16_t mtu_;
    std::uint64_t numbers_ = 0;
    // What follows is looked up, and never gone through where the order matters.
    std::unordered_map<std::uint64_t, std::unique_ptr<Entry>> entries_;
    std::unordered_map<const Connection*, Entry*> entry_of_;
    std::unordered_map<TupleKey, Entry*, TupleKey::Hash> by_tuple_;
    std::map<std::uint64_t, std::unique_ptr<Listener>> listeners_;
    Heap<Entry, Sooner> deadlines_;
    Fifo<Addressed> outbox_;
    Fifo<std::uint64_t> touched_;
    Fifo<std::uint64_t> ready_;
    std::map<IpAddress, std::uint16_t> path_mtu_;
    std::map<IpAddress, FastOpenCookie> cookies_;
    std::list<Entry*> in_time_wait_;  // The oldest first.
};

}  // namespace fivetuple::sim::tcp

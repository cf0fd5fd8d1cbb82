#include "fivetuple/sim/tcp/stack.h"

#include "fivetuple/base/assert.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace fivetuple::sim::tcp {

namespace {

constexpr std::uint16_t kLoopbackMtu = 65535;

// How well a listener fits: one for exactly this address goes before one for all.
int fit(const Binding& binding, const SocketAddress& local) {
    const IpAddress bound = binding.local().ip().unmapped(), wanted = local.ip().unmapped();
    if (binding.local().port() != local.port()) return 0;
    if (bound == wanted) return 3;
    if (!bound.is_unspecified()) return 0;
    if (bound.is_v4() == wanted.is_v4()) return 2;
    return bound.is_v6() && !binding.is_v6_only() ? 1 : 0;
}

}  // namespace

Stack::Stack(const Limits& limits, Random random, std::uint16_t mtu)
    : limits_(&limits), random_(random), secrets_(random_), ports_(limits, random_), mtu_(mtu) {}

Stack::~Stack() {
    // Bindings leave the ports before those end.
    while (!entries_.empty()) forget(*entries_.begin()->second);
    listeners_.clear();
}

std::uint16_t Stack::mtu_to(const IpAddress& peer) const {
    const auto known = path_mtu_.find(peer);
    if (known != path_mtu_.end()) return known->second;
    return peer.is_loopback() ? kLoopbackMtu : mtu_;
}

Stack::Entry& Stack::adopt(std::unique_ptr<Connection> connection,
                           std::unique_ptr<Binding> binding) {
    auto entry = std::make_unique<Entry>();
    entry->number = ++numbers_;
    entry->connection = std::move(connection);
    entry->binding = std::move(binding);
    entry->is_mapped = true;
    by_tuple_.insert_or_assign(TupleKey(entry->connection->tuple()), entry.get());
    entry_of_[entry->connection.get()] = entry.get();
    return *(entries_[entry->number] = std::move(entry));
}

Stack::Entry& Stack::entry_of(const Connection& connection) {
    const auto found = entry_of_.find(&connection);
    FT_ASSERT(found != entry_of_.end(), "the connection is one of this stack's");
    return *found->second;
}

Connection* Stack::find(const FiveTuple& tuple) {
    const auto found = by_tuple_.find(TupleKey(tuple));
    return found == by_tuple_.end() ? nullptr : found->second->connection.get();
}

Listener* Stack::find_listener(const SocketAddress& local, const FiveTuple& tuple) {
    std::vector<Listener*> best;
    int best_fit = 1;
    for (const auto& [number, listener] : listeners_) {
        const int fits = fit(listener->binding(), local);
        if (fits < best_fit || fits == 0) continue;
        if (fits > best_fit) best.clear();
        best_fit = fits;
        best.push_back(listener.get());
    }
    if (best.empty()) return nullptr;
    // Those of one SO_REUSEPORT group share by hash.
    if (best.size() == 1) return best.front();
    return best[secrets_.initial_sequence(tuple, Time{}).number() % best.size()];
}

// After whatever has happened to a connection: its segments, its deadline, its place.
void Stack::settle(Entry& entry) {
    Connection& connection = *entry.connection;
    const FiveTuple& tuple = connection.tuple();
    while (auto segment = connection.output()) {
        const Settings& settings = connection.settings();
        outbox_.push_back({tuple.local.ip(), tuple.peer.ip(), std::move(*segment), settings.hops,
                           settings.traffic_class});
    }
    if (connection.fresh_cookie() && connection.fresh_cookie()->size > 0) {
        cookies_[tuple.peer.ip()] = *connection.fresh_cookie();
    }
    if (entry.early_at != nullptr && connection.state() != TcpState::syn_received) {
        std::exchange(entry.early_at, nullptr)->early_one_settled();
    }
    const Time at = connection.next_deadline();
    if (at != entry.at || entry.is_in_heap() != (at != kNever)) {
        if (entry.is_in_heap()) deadlines_.erase(entry);
        entry.at = at;
        if (at != kNever) deadlines_.push(entry);
    }
    note_time_wait(entry);
    if (connection.is_over() && entry.is_mapped) {
        by_tuple_.erase(TupleKey(tuple));
        entry.is_mapped = false;
        entry.binding.reset();
    }
    if (connection.is_orphan()) {
        if (connection.is_over()) forget(entry);
        return;
    }
    if (!entry.is_touched) {
        entry.is_touched = true;
        touched_.push_back(entry.number);
    }
}

void Stack::note_time_wait(Entry& entry) {
    const bool waits = entry.connection->state() == TcpState::time_wait;
    if (waits == entry.waits_in.has_value()) return;
    if (waits) {
        entry.waits_in = in_time_wait_.insert(in_time_wait_.end(), &entry);
    } else {
        in_time_wait_.erase(*std::exchange(entry.waits_in, std::nullopt));
    }
}

void Stack::forget(Entry& entry) {
    if (entry.is_in_heap()) deadlines_.erase(entry);
    if (entry.is_mapped) by_tuple_.erase(TupleKey(entry.connection->tuple()));
    if (entry.waits_in) in_time_wait_.erase(*entry.waits_in);
    entry_of_.erase(entry.connection.get());
    entries_.erase(entry.number);
}

void Stack::limit_time_wait() {
    while (in_time_wait_.size() > limits_->most_in_time_wait) {
        Entry& entry = *in_time_wait_.front();
        entry.connection->abort(Time{});
        settle(entry);
    }
}

void Stack::drain(Listener& listener) {
    while (auto answer = listener.output()) {
        outbox_.push_back({answer->first.local.ip(), answer->first.peer.ip(),
                           std::move(answer->second), listener.settings().hops,
                           listener.settings().traffic_class});
    }
}

void Stack::to_listener(Listener& listener, const FiveTuple& tuple, const Segment& segment,
                        Time now, std::optional<Sequence> sequence) {
    auto made = listener.input(tuple, segment, mtu_to(tuple.peer.ip()), now, sequence);
    drain(listener);
    if (!made) return;
    const bool is_early = made->is_made_by_fast_open();
    auto binding = std::make_unique<Binding>(ports_, tuple.local, listener.settings(), true);
    Entry& entry = adopt(std::move(made), std::move(binding));
    listener.enqueue(*entry.connection);
    entry.waits_at = &listener;
    if (is_early) {
        entry.early_at = &listener;
    } else {
        entry.connection->input(segment, now);
    }
    for (const auto& [number, each] : listeners_) {
        if (each.get() == &listener) ready_.push_back(number);
    }
    settle(entry);
}

void Stack::input(const IpAddress& from, const IpAddress& to, Segment segment, Time now) {
    const auto found =
        by_tuple_.find(TupleKey(to, segment.destination_port, from, segment.source_port));
    const auto make_tuple = [&] {
        return FiveTuple{Protocol::tcp, SocketAddress(to, segment.destination_port),
                         SocketAddress(from, segment.source_port)};
    };
    std::optional<Sequence> sequence;
    if (found != by_tuple_.end()) {
        Entry& entry = *found->second;
        const bool gives_way =
            entry.connection->gives_way_to(segment) &&
            find_listener(SocketAddress(to, segment.destination_port), make_tuple()) != nullptr;
        if (!gives_way) {
            entry.connection->input(std::move(segment), now);
            settle(entry);
            limit_time_wait();
            return;
        }
        sequence = entry.connection->sequence_beyond();
        entry.connection->abort(now);
        settle(entry);
    }
    const FiveTuple tuple = make_tuple();
    if (Listener* listener = find_listener(tuple.local, tuple)) {
        to_listener(*listener, tuple, segment, now, sequence);
    } else if (auto reset = refuse(segment)) {
        outbox_.push_back({to, from, std::move(*reset)});
    }
}

std::optional<Addressed> Stack::output() {
    if (outbox_.empty()) return std::nullopt;
    return outbox_.take_front();
}

Time Stack::next_deadline() const {
    Time first = deadlines_.empty() ? kNever : deadlines_.top().at;
    for (const auto& [number, listener] : listeners_) {
        first = std::min(first, listener->next_deadline());
    }
    return first;
}

void Stack::advance(Time now) {
    while (!deadlines_.empty() && deadlines_.top().at <= now) {
        Entry& entry = deadlines_.top();
        entry.connection->advance(now);
        settle(entry);
    }
    for (const auto& [number, listener] : listeners_) {
        listener->advance(now);
        drain(*listener);
    }
}

void Stack::unreachable(const FiveTuple& tuple, int code, Time now) {
    const auto found = by_tuple_.find(TupleKey(tuple));
    if (found == by_tuple_.end()) return;
    found->second->connection->unreachable(code, now);
    settle(*found->second);
}

void Stack::packet_too_big(const FiveTuple& tuple, std::uint16_t mtu, Time now) {
    const std::uint16_t least = tuple.peer.ip().is_v6() ? 1280 : 576;
    mtu = std::max(mtu, least);
    if (mtu >= mtu_to(tuple.peer.ip())) return;
    path_mtu_[tuple.peer.ip()] = mtu;
    const auto found = by_tuple_.find(TupleKey(tuple));
    if (found == by_tuple_.end()) return;
    found->second->connection->packet_too_big(mtu, now);
    settle(*found->second);
}

Result<std::unique_ptr<Binding>> Stack::bind(const SocketAddress& local, const Settings& settings) {
    return ports_.bind(local, settings);
}

Result<Listener*> Stack::listen(std::unique_ptr<Binding> binding, const Settings& settings,
                                unsigned backlog) {
    FT_TRY_VOID(ports_.listen(*binding));
    auto listener =
        std::make_unique<Listener>(*limits_, settings, secrets_, std::move(binding), backlog);
    return (listeners_[++numbers_] = std::move(listener)).get();
}

// A connection in TIME_WAIT may give way to a new one from here, with timestamps that tell their
// segments apart. tcp_tw_reuse in tcp(7)
bool Stack::may_reuse(const FiveTuple& tuple, Time now) {
    const auto found = by_tuple_.find(TupleKey(tuple));
    if (found == by_tuple_.end()) return true;
    const Connection& old = *found->second->connection;
    if (old.state() != TcpState::time_wait || !old.has_timestamps()) return false;
    if (limits_->time_wait_reuse == Limits::Reuse::never) return false;
    if (limits_->time_wait_reuse == Limits::Reuse::loopback && !tuple.peer.ip().is_loopback()) {
        return false;
    }
    return now - old.time_wait_since() >= limits_->time_wait_reuse_delay;
}

Result<Connection*> Stack::connect(const SocketAddress& local, const SocketAddress& peer,
                                   const Settings& settings, Time now,
                                   std::unique_ptr<Binding> binding) {
    FiveTuple tuple;
    tuple.peer = peer;
    tuple.local = local;
    if (binding) tuple.local = local.with_port(binding->local().port());
    const auto is_free = [&](std::uint16_t port) {
        tuple.local = tuple.local.with_port(port);
        return may_reuse(tuple, now);
    };
    if (tuple.local.port() == 0) {
        FT_TRY(const std::uint16_t port, ports_.choose(is_free));
        tuple.local = tuple.local.with_port(port);
    } else if (!is_free(tuple.local.port())) {
        return std::unexpected(Error::system(EADDRNOTAVAIL, "connect"));
    }
    if (!binding) binding = std::make_unique<Binding>(ports_, tuple.local, settings, false);
    Sequence initial = secrets_.initial_sequence(tuple, now);
    if (const auto old = by_tuple_.find(TupleKey(tuple)); old != by_tuple_.end()) {
        Entry& entry = *old->second;
        initial = entry.connection->sequence_beyond();
        entry.connection->abort(now);
        settle(entry);
    }
    Entry& entry = adopt(std::make_unique<Connection>(*limits_, settings, tuple, mtu_to(peer.ip()),
                                                      secrets_.clock(tuple)),
                         std::move(binding));
    const auto cookie = cookies_.find(peer.ip());
    if (!settings.fast_open_connect || !limits_->fast_open_client) {
        entry.connection->connect(initial, now);
    } else if (cookie == cookies_.end()) {
        entry.connection->connect(initial, now, FastOpenCookie{});
    } else {
        entry.connection->connect_with_data(initial, cookie->second);
    }
    settle(entry);
    return entry.connection.get();
}

Connection* Stack::accept(Listener& listener) {
    Connection* connection = listener.accept();
    if (connection == nullptr) return nullptr;
    entry_of(*connection).waits_at = nullptr;
    return connection;
}

void Stack::close(Connection& connection, Time now) {
    Entry& entry = entry_of(connection);
    connection.close(now);
    settle(entry);
    limit_time_wait();
}

void Stack::close(Listener& listener, Time now) {
    auto self = std::ranges::find_if(
        listeners_, [&listener](const auto& each) { return each.second.get() == &listener; });
    FT_ASSERT(self != listeners_.end(), "the listener is one of this stack's");
    const std::unique_ptr<Listener> ending = std::move(self->second);
    listeners_.erase(self);
    for (const auto& [number, entry] : entries_) {
        if (entry->early_at == &listener) entry->early_at = nullptr;
    }
    if (limits_->migrate_requests && ending->binding().reuses_port()) {
        FiveTuple any;
        any.local = ending->binding().local();
        any.peer = any.local;
        if (Listener* heir = find_listener(ending->binding().local(), any)) {
            ending->hand_over(*heir);
            for (const auto& [number, entry] : entries_) {
                if (entry->waits_at == &listener) entry->waits_at = heir;
            }
            return;
        }
    }
    for (Connection* each : ending->take_waiting()) {
        Entry& entry = entry_of(*each);
        entry.waits_at = nullptr;
        each->abort(now);
        each->close(now);
        settle(entry);
    }
}

void Stack::changed(Connection& connection) { settle(entry_of(connection)); }

Connection* Stack::next_touched() {
    while (!touched_.empty()) {
        const auto found = entries_.find(touched_.front());
        touched_.pop_front();
        if (found == entries_.end()) continue;
        found->second->is_touched = false;
        // One that nobody has accepted is nobody's to be told of.
        if (found->second->connection->is_orphan() || found->second->waits_at != nullptr) continue;
        return found->second->connection.get();
    }
    return nullptr;
}

Listener* Stack::next_ready() {
    while (!ready_.empty()) {
        const auto found = listeners_.find(ready_.front());
        ready_.pop_front();
        if (found != listeners_.end() && found->second->has_waiting()) return found->second.get();
    }
    return nullptr;
}

std::vector<const Connection*> Stack::connections() const {
    std::vector<const Connection*> all;
    all.reserve(by_tuple_.size());
    for (const auto& [key, entry] : by_tuple_) all.push_back(entry->connection.get());
    std::ranges::sort(all, {}, [](const Connection* each) { return each->tuple(); });
    return all;
}

std::vector<const Listener*> Stack::listeners() const {
    std::vector<const Listener*> all;
    all.reserve(listeners_.size());
    for (const auto& [number, listener] : listeners_) all.push_back(listener.get());
    return all;
}

}  // namespace fivetuple::sim::tcp

#include "fivetuple/os/tcp_info.h"
#include "fivetuple/server/lingering.h"
#include "fivetuple/server/server.h"
#include "fivetuple/task/within.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>

// How a Server serves one connection, from its first byte to its close.
namespace fivetuple {
namespace {

/// The kernel is asked how long one connection of so many has waited.
constexpr std::uint64_t kAskedOf = 8;

std::uint64_t nanoseconds(Duration length) {
    return static_cast<std::uint64_t>(std::max(length, Duration::zero()).count());
}

}  // namespace

Task<void> Server::serve_one(SocketStream stream, std::optional<IpAddress> from) {
    Connection connection(*this, std::move(stream), census_->next_id(), from);
    Node& node = co_await this_node();
    Watch& watch = connection.watch();
    watch.begin(node);
    note_start(connection);
    try {
        auto handling = options_.admit ? admit_and_handle(connection) : handler_(connection);
        co_await InNode<void>(watch.node(), std::move(handling));
    } catch (...) {
        // Whose handler it is has nobody to tell: it is counted, and the others go on.
        counters_.threw++;
    }
    watch.end();
    counters_.active--;
    if (node.is_stopped()) counters_.cut_off++;
    counters_.handler_time.record(nanoseconds(loop_.turn_began() - watch.began()));
    if (watch.stopped_for()) counters_.reasons[*watch.stopped_for()]++;
    const int failure = connection.last_failure();
    if (failure != 0) counters_.broken[failure]++;
    if (connection && failure == 0 && (!connection.has_ended() || watch.stopped_for())) {
        counters_.lingering++;
        co_await close_in_order(connection);
        counters_.lingering--;
    }
    note_end(connection, watch.began());
}

Task<void> Server::admit_and_handle(Connection& connection) {
    auto admitted = co_await options_.admit(connection);
    if (admitted) {
        counters_.served++;
        co_return co_await handler_(connection);
    }
    if (connection.watch().is_stopped()) co_return;
    counters_.reasons[Reason::not_admitted]++;
    if (!options_.farewell) co_return close_by_reset(connection);
    const std::string text = farewell_for(Reason::not_admitted);
    auto sent = co_await within(std::chrono::seconds(1), connection.write_all(bytes_of(text)));
    if (!sent) close_by_reset(connection);
}

// What the peer is told of a limit, and then the close that its state allows.
Task<void> Server::close_in_order(Connection& connection) {
    const auto why = connection.watch().stopped_for();
    // What it has not taken so far it would not take now.
    if (why == Reason::write || why == Reason::killed) co_return close_by_reset(connection);
    if (why && options_.farewell) {
        const std::string text = farewell_for(*why);
        auto sent = co_await within(std::chrono::seconds(1), connection.write_all(bytes_of(text)));
        if (!sent) co_return close_by_reset(connection);
    }
    // Of a silent peer nothing is unread.
    if (why == Reason::idle || why == Reason::first_byte || connection.has_ended()) co_return;
    co_await linger_at_end(connection, options_.limits);
}

void Server::note_start(const Connection& connection) {
    counters_.active++;
    if (!options_.admit) counters_.served++;
    if (counters_.accepted % kAskedOf != 1) return;
    const auto info = get<TcpInfo>(connection);
    if (!info) return;
    counters_.accept_delay.record(nanoseconds(info->since_acknowledgement_received));
}

void Server::note_loop(ServerCounters& counters, BackendStats& noted) const {
    const BackendStats now = loop_.backend().stats();
    counters.system_calls += now.calls - noted.calls;
    counters.waits += now.waits - noted.waits;
    counters.buffers_short += now.buffers_short - noted.buffers_short;
    counters.overflows += now.overflows - noted.overflows;
    noted = now;
}

void Server::note_end(Connection& connection, Time accepted) {
    note_loop(counters_, noted_);
    counters_.connection_time.record(nanoseconds(loop_.turn_began() - accepted));
    if (!connection) return;
    if (const auto info = get<TcpInfo>(connection)) {
        counters_.bytes_received += info->bytes_received.value_or(0);
        counters_.bytes_sent += info->bytes_acknowledged.value_or(0);
    }
}

}  // namespace fivetuple

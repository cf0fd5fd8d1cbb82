#include "fivetuple/blocking/ping.h"

#include "fivetuple/os/clock.h"
#include "fivetuple/os/ping_socket.h"

#include <algorithm>

namespace fivetuple::blocking {

Result<Ping> Ping::open(const IpAddress& to, const PingOptions& options) {
    FT_TRY(PingSocket opened, open_ping_socket(to, options));
    const Family family = to.is_v6() ? Family::ipv6 : Family::ipv4;
    Ping ping(RawSocket::adopt(std::move(opened.socket), true),
              PingSession(family, opened.means, opened.identifier, opened.mark, options), to);
    ping.room_.resize(ping.session_.room());
    ping.means_ = opened.means;
    ping.because_ = std::move(opened.because);
    return ping;
}

// What is known already.
std::optional<PingEvent> Ping::take_event(Time now) {
    while (const auto failure = socket_.take_failure()) {
        auto event = session_.read(*failure, now);
        if (event) return event;
    }
    return session_.take_silent(now);
}

// The event, where the probe could not be sent.
Result<std::optional<PingEvent>> Ping::send(Time deadline) {
    const Bytes probe = session_.make_probe(monotonic_now(), wall_now());
    auto sent = socket_.send_to(probe, to_, deadline);
    // The error may be that of an earlier probe, which it then says no more.
    if (!sent && is_of_a_probe(sent.error())) sent = socket_.send_to(probe, to_, deadline);
    if (sent) return std::nullopt;
    if (sent.error().is_deadline()) return std::unexpected(std::move(sent).error());
    return session_.not_sent(sent.error());
}

// The event, where something came that is one.
Result<std::optional<PingEvent>> Ping::receive(Time deadline) {
    const Time due = session_.next_due();
    const auto got = socket_.receive(room_, WhenCut::keep, std::min(due, deadline));
    if (got) return session_.read(*got, monotonic_now());
    if (is_of_a_probe(got.error())) return std::nullopt;
    const bool is_ours = got.error().is_deadline() && due <= deadline;
    if (!is_ours) return std::unexpected(got.error());
    return std::nullopt;
}

Result<std::optional<PingEvent>> Ping::next(Time deadline) {
    while (true) {
        const Time now = monotonic_now();
        auto event = take_event(now);
        if (event) return event;
        if (session_.is_over()) return std::nullopt;
        auto came = session_.should_send(now) ? send(deadline) : receive(deadline);
        if (!came || *came) return came;
    }
}

}  // namespace fivetuple::blocking

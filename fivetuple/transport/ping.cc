#include "fivetuple/transport/ping.h"

#include "fivetuple/os/ping_socket.h"
#include "fivetuple/task/within.h"

namespace fivetuple {

Result<Ping> Ping::open(Loop& loop, const IpAddress& to, const PingOptions& options) {
    FT_TRY(PingSocket opened, open_ping_socket(to, options));
    FT_TRY(RawSocket socket, RawSocket::adopt(loop, std::move(opened.socket), true));
    const Family family = to.is_v6() ? Family::ipv6 : Family::ipv4;
    Ping ping(std::move(socket),
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
Task<Result<std::optional<PingEvent>>> Ping::send() {
    const Bytes probe = session_.make_probe(socket_.loop().now(), wall_now());
    auto sent = co_await socket_.send_to(probe, to_);
    if (!sent && is_of_a_probe(sent.error())) {
        // The error may be that of an earlier probe, which it then says no more.
        sent = co_await socket_.send_to(probe, to_);
    }
    if (sent) co_return std::nullopt;
    if (sent.error().is_cancelled() || sent.error().is_deadline()) {
        co_return std::unexpected(std::move(sent).error());
    }
    co_return session_.not_sent(sent.error());
}

// The event, where something came that is one.
Task<Result<std::optional<PingEvent>>> Ping::receive(Time now) {
    const Time due = session_.next_due();
    const Duration limit = due == kNever ? Duration::max() : std::max(due - now, Duration::zero());
    auto got = co_await within(limit, socket_.receive(room_, WhenCut::keep));
    if (got) co_return session_.read(*got, socket_.loop().now());
    if (is_of_a_probe(got.error())) co_return std::nullopt;
    // Whose time is over: the next probe's, or the caller's?
    const bool is_ours = got.error().is_deadline() && socket_.loop().now() >= due;
    if (!is_ours) co_return std::unexpected(std::move(got).error());
    co_return std::nullopt;
}

Task<Result<std::optional<PingEvent>>> Ping::next() {
    while (true) {
        const Time now = socket_.loop().now();
        auto event = take_event(now);
        if (event) co_return event;
        if (session_.is_over()) co_return std::nullopt;
        const bool is_due = session_.should_send(now);
        Result<std::optional<PingEvent>> came;
        if (is_due) {
            came = co_await send();
        } else {
            came = co_await receive(now);
        }
        if (!came || *came) co_return came;
    }
}

}  // namespace fivetuple

#include "tools/load_client.h"

#include "fivetuple/task/all_of.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/tcp.h"
#include "fivetuple/transport/unix.h"

#include <algorithm>
#include <cstring>

namespace ft_tool {

namespace ft = fivetuple;

namespace {

// More at once would overflow the accept queue of a server that has just been started.
constexpr std::size_t kConnectingAtOnce = 128;

// What is longer than this might fill both directions of a connection, if nobody read meanwhile.
constexpr std::size_t kSentBlindly = std::size_t{32} * 1024;

}  // namespace

Pattern::Pattern(std::size_t longest) : bytes_(longest + kShifts) {
    ft::Random random(20240229);
    for (std::byte& each : bytes_) each = static_cast<std::byte>(random.next());
}

LoadClient::LoadClient(const LoadOptions& options, unsigned index, unsigned connections)
    : options_(options),
      index_(index),
      connections_(connections),
      pattern_(options.size * options.pipeline),
      connecting_(kConnectingAtOnce) {
    if (options.rate > 0) {
        const double each = options.rate / options.connections;
        interval_ = ft::Duration(static_cast<std::int64_t>(1e9 / each));
    }
}

ft::Task<ft::Result<void>> LoadClient::run(ft::Loop& loop) {
    result_.backend = loop.backend().name();
    auto body = [this](ft::Scope& scope) { return measure(scope); };
    FT_CO_TRY_VOID(co_await ft::with_scope(body));
    if (result_.connected == 0 && first_error_) co_return std::unexpected(*first_error_);
    co_return {};
}

ft::Task<ft::Result<void>> LoadClient::measure(ft::Scope& scope) {
    for (unsigned index = 0; index < connections_; ++index) {
        scope.spawn(options_.churn ? drive_by_connection(index) : drive(index));
    }
    FT_CO_TRY_VOID(co_await all_connected_.wait());
    if (standing_ == 0 && !options_.churn) co_return {};
    FT_CO_TRY_VOID(co_await ft::sleep(options_.warm_up));
    if (options_.begins && index_ == 0) options_.begins();
    const ft::Time begin = scope.loop().now();
    is_measuring_ = true;
    FT_CO_TRY_VOID(co_await ft::sleep(options_.duration));
    is_measuring_ = false;
    result_.elapsed = scope.loop().now() - begin;
    if (options_.ends && index_ == 0) options_.ends();
    scope.cancel();
    co_return {};
}

void LoadClient::note(const ft::Error& error) {
    if (error.is_cancelled()) return;  // The run is over.
    result_.errors[error.message()]++;
    if (!first_error_) first_error_ = error;
}

void LoadClient::answered(ft::Time asked, ft::Time now, unsigned messages) {
    total_.store(total_.load(std::memory_order_relaxed) + messages, std::memory_order_relaxed);
    if (!is_measuring_) return;
    result_.messages += messages;
    result_.latency.record(static_cast<std::uint64_t>((now - asked).count()), messages);
}

ft::Task<ft::Result<ft::SocketStream>> LoadClient::connect() {
    FT_CO_TRY(const auto permit, co_await connecting_.acquire());
    if (options_.to.is_unix()) co_return co_await ft::UnixStream::connect(options_.to);
    ft::TcpStream::ConnectOptions from;
    if (options_.churn && options_.to.ip().is_v4() && options_.to.ip().is_loopback()) {
        // Whoever closes first keeps the port for a minute. Loopback has addresses to spare.
        const std::uint32_t source = next_source_++;
        from.from = ft::SocketAddress(
            ft::IpAddress(ft::IpAddress::V4Bytes{127, static_cast<std::uint8_t>(1 + index_ % 200),
                                                 static_cast<std::uint8_t>(source >> 8),
                                                 static_cast<std::uint8_t>(1 + source % 250)}),
            0);
    }
    co_return co_await ft::TcpStream::connect(options_.to, from);
}

// A connection that stands for the whole run.
ft::Task<void> LoadClient::drive(unsigned index) {
    auto stream = co_await ft::within(options_.connect_limit, connect());
    if (stream) {
        result_.connected++;
        standing_++;
    } else {
        note(stream.error());
    }
    if (++tried_ == connections_) all_connected_.set();
    if (!stream) co_return;
    auto waited = co_await all_connected_.wait();
    if (!waited) co_return;
    auto asked = co_await keep_asking(*stream, index);
    if (!asked) note(asked.error());
}

ft::Time LoadClient::first_turn(unsigned index, ft::Time now) const {
    return now + interval_ * index / connections_;
}

ft::Task<ft::Result<void>> LoadClient::keep_asking(ft::SocketStream& stream, unsigned index) {
    ft::Loop& loop = stream.loop();
    ft::Time turn = first_turn(index, loop.now());
    while (true) {
        const bool by_rate = options_.rate > 0;
        if (by_rate && loop.now() < turn) FT_CO_TRY_VOID(co_await ft::sleep_until(turn));
        // At a rate, the clock begins when the message was due, sent or not.
        const ft::Time asked = by_rate ? turn : loop.now();
        const ft::Bytes batch = pattern_.of(next_number_++, options_.size * options_.pipeline);
        FT_CO_TRY_VOID(co_await ask(stream, batch));
        answered(asked, loop.now(), options_.pipeline);
        turn += interval_ * options_.pipeline;
    }
}

ft::Task<ft::Result<void>> LoadClient::ask(ft::SocketStream& stream, ft::Bytes batch) {
    if (batch.size() > kSentBlindly) {
        auto both = co_await ft::all_of(stream.write_all(batch), read_back(stream, batch));
        if (!both) co_return std::unexpected(std::move(both).error());
        if (!both->get<0>()) co_return std::unexpected(both->get<0>().error());
        co_return {};
    }
    FT_CO_TRY(ft::Lease got, co_await stream.write_then_read(batch));
    if (got.empty()) co_return std::unexpected(ft::Error::ended("recv"));
    if (!check(got.bytes(), batch)) {
        co_return std::unexpected(ft::Error::malformed("echo", "other bytes came back"));
    }
    if (batch.empty()) co_return {};
    co_return co_await read_back(stream, batch);
}

ft::Task<ft::Result<void>> LoadClient::read_back(ft::SocketStream& stream, ft::Bytes expected) {
    while (!expected.empty()) {
        FT_CO_TRY(ft::Lease got, co_await stream.read());
        if (got.empty()) co_return std::unexpected(ft::Error::ended("recv"));
        if (!check(got.bytes(), expected)) {
            co_return std::unexpected(ft::Error::malformed("echo", "other bytes came back"));
        }
    }
    co_return {};
}

// Takes what came off the front of what was expected.
bool LoadClient::check(ft::Bytes got, ft::Bytes& expected) {
    if (got.size() <= expected.size() &&
        std::memcmp(got.data(), expected.data(), got.size()) == 0) {
        expected = expected.subspan(got.size());
        return true;
    }
    result_.wrong++;
    return false;
}

// A connection for each message.
ft::Task<void> LoadClient::drive_by_connection(unsigned index) {
    ft::Loop& loop = co_await ft::this_loop();
    if (++tried_ == connections_) all_connected_.set();
    ft::Time turn = first_turn(index, loop.now());
    while (true) {
        const bool by_rate = options_.rate > 0;
        if (by_rate && loop.now() < turn) {
            auto slept = co_await ft::sleep_until(turn);
            if (!slept) co_return;
        }
        const ft::Time asked = by_rate ? turn : loop.now();
        turn += interval_;
        auto stream = co_await ft::within(options_.connect_limit, connect());
        ft::Result<void> done;
        if (stream) {
            result_.connected++;
            done = co_await ask(*stream, pattern_.of(next_number_++, options_.size));
        } else {
            done = std::unexpected(stream.error());
        }
        if (done) {
            answered(asked, loop.now(), 1);
            continue;
        }
        note(done.error());
        // A server that refuses is not to be hammered.
        auto slept = co_await ft::sleep(std::chrono::milliseconds(10));
        if (!slept) co_return;
    }
}

}  // namespace ft_tool

#pragma once

#include "fivetuple/sim/tcp/stack.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

// One simulated host whose peer is the test itself: it says, segment by segment, what comes, and
// looks at each that goes, in virtual time.
namespace fivetuple::testing_help {

using namespace std::chrono_literals;

class TcpScript {
public:
    static constexpr std::uint16_t kHostPort = 80;
    static constexpr std::uint16_t kPeerPort = 5000;

    explicit TcpScript(sim::tcp::Limits chosen = {}, sim::tcp::Settings settings = {})
        : limits(chosen), host(limits, Random(1)), settings_(settings) {}

    // What the peer says; numbers count from its SYN, and from the host's.
    sim::tcp::Segment say(sim::tcp::Flags flags, std::uint32_t at = 0, std::uint32_t ack = 0,
                          std::string_view text = {}) const {
        sim::tcp::Segment segment;
        segment.source_port = kPeerPort;
        segment.destination_port = host_port;
        segment.flags = flags;
        segment.sequence = mine + at;
        if (flags.ack) segment.acknowledgement = theirs + ack;
        segment.window = window;
        const Bytes bytes = bytes_of(text);
        segment.payload.assign(bytes);
        if (has_timestamps) {
            segment.options.timestamps = sim::tcp::Timestamps{peer_clock, last_timestamp};
        }
        return segment;
    }
    void give(const sim::tcp::Segment& segment) { host.input(peer_ip, host_ip, segment, now); }
    void give(sim::tcp::Flags flags, std::uint32_t at = 0, std::uint32_t ack = 0,
              std::string_view text = {}) {
        give(say(flags, at, ack, text));
    }

    /// The next segment that goes; the test fails where there is none.
    sim::tcp::Segment take() {
        auto next = host.output();
        EXPECT_TRUE(next.has_value()) << "a segment was expected";
        if (!next) return {};
        if (next->segment.options.timestamps) {
            last_timestamp = next->segment.options.timestamps->value;
        }
        return std::move(next->segment);
    }
    bool is_quiet() {
        auto next = host.output();
        if (next) ADD_FAILURE() << "went: " << next->segment.to_string();
        return !next;
    }
    void drop_all() {
        while (host.output()) {
        }
    }
    std::uint32_t at_of(const sim::tcp::Segment& segment) const {
        return bytes_between(theirs, segment.sequence);
    }
    std::uint32_t ack_of(const sim::tcp::Segment& segment) const {
        return bytes_between(mine, segment.acknowledgement);
    }

    /// Lets so much time pass, with all that happens in it.
    void pass(Duration duration) {
        const Time until = now + duration;
        while (host.next_deadline() <= until) {
            now = std::max(now, host.next_deadline());
            host.advance(now);
        }
        now = until;
        peer_clock += static_cast<std::uint32_t>(duration / 1ms);
    }
    /// Goes to the next deadline, and says how long that took.
    Duration pass_to_next() {
        const Time from = now;
        const Time next = host.next_deadline();
        EXPECT_NE(next, kNever) << "nothing will ever happen";
        if (next == kNever) return Duration::zero();
        now = std::max(now, next);
        host.advance(now);
        return now - from;
    }

    sim::tcp::Listener& listen(unsigned backlog = 8) {
        auto binding = host.bind(SocketAddress(host_ip, kHostPort), settings_);
        EXPECT_TRUE(binding.has_value());
        listener = *host.listen(std::move(*binding), settings_, backlog);
        return *listener;
    }
    /// The peer connects, and the program accepts.
    sim::tcp::Connection& accept_one() {
        if (listener == nullptr) listen();
        give(syn());
        const auto answer = take();
        EXPECT_TRUE(answer.flags.syn && answer.flags.ack);
        theirs = answer.sequence;
        if (!answer.options.timestamps) has_timestamps = false;
        give({.ack = true}, 1, 1);
        connection = host.accept(*listener);
        EXPECT_NE(connection, nullptr);
        return *connection;
    }
    /// The program connects, and the peer answers.
    sim::tcp::Connection& connect_one() {
        begin_connect();
        auto answer = syn();
        answer.flags.ack = true;
        answer.acknowledgement = theirs + 1;
        answer.destination_port = host_port;
        give(answer);
        const auto last = take();
        EXPECT_TRUE(last.flags.ack && !last.flags.syn);
        EXPECT_EQ(connection->state(), TcpState::established);
        return *connection;
    }
    sim::tcp::Segment begin_connect() {
        auto made = host.connect(SocketAddress(host_ip, 0), SocketAddress(peer_ip, kPeerPort),
                                 settings_, now);
        EXPECT_TRUE(made.has_value());
        connection = *made;
        host_port = connection->tuple().local.port();
        auto first = take();
        theirs = first.sequence;
        return first;
    }
    sim::tcp::Segment syn() const {
        auto first = say({.syn = true});
        first.options.max_segment = max_segment;
        first.options.window_scale = window_scale;
        first.options.sack_permitted = has_sack;
        return first;
    }

    // The program's calls, and what goes after them.
    std::size_t write(std::string_view text, bool more = false) {
        const auto sent = connection->send(bytes_of(text), now, more);
        host.changed(*connection);
        return sent.value_or(0);
    }
    std::size_t write_bytes(std::size_t count) { return write(std::string(count, 'x')); }
    /// All that can be read.
    std::string read(std::size_t most = 1 << 20) {
        std::vector<std::byte> bytes(most);
        const auto got = connection->receive(bytes, now);
        host.changed(*connection);
        return got ? std::string(text_of(Bytes(bytes).first(*got))) : std::string();
    }
    int read_error() {
        std::byte one;
        const auto got = connection->receive(MutableBytes(&one, 1), now);
        return got ? 0 : got.error().code();
    }
    int write_error() {
        const auto sent = connection->send(bytes_of("x"), now);
        host.changed(*connection);
        return sent ? 0 : sent.error().code();
    }
    void close() { host.close(*std::exchange(connection, nullptr), now); }
    void shutdown_write() {
        EXPECT_TRUE(connection->shutdown_write(now).has_value());
        host.changed(*connection);
    }
    const sim::tcp::Connection* found() {
        sim::tcp::Connection* known = host.find(
            {Protocol::tcp, SocketAddress(host_ip, host_port), SocketAddress(peer_ip, kPeerPort)});
        return known;
    }
    TcpState state() {
        const auto* known = found();
        return known != nullptr ? known->state() : TcpState::closed;
    }

    sim::tcp::Limits limits;
    sim::tcp::Stack host;
    Time now{};
    IpAddress host_ip{IpAddress::V4Bytes{10, 0, 0, 1}};
    IpAddress peer_ip{IpAddress::V4Bytes{10, 0, 0, 2}};
    std::uint16_t host_port = kHostPort;
    sim::tcp::Sequence mine{1000};
    sim::tcp::Sequence theirs;
    std::uint16_t window = 65535;
    std::optional<std::uint16_t> max_segment = 1000;
    std::optional<std::uint8_t> window_scale;
    bool has_sack = false;
    bool has_timestamps = false;
    std::uint32_t peer_clock = 50000;
    std::uint32_t last_timestamp = 0;
    sim::tcp::Listener* listener = nullptr;
    sim::tcp::Connection* connection = nullptr;

private:
    sim::tcp::Settings settings_;
};

}  // namespace fivetuple::testing_help

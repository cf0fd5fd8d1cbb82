#pragma once

#include "fivetuple/base/random.h"
#include "fivetuple/sim/tcp/stack.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

// Two simulated hosts and what is between them, in virtual time: all that happens follows from the
// seed.
namespace fivetuple::testing_help {

/// What a wire does to segments, in each direction.
struct WireFaults {
    double loss = 0;
    double duplicate = 0;
    double corrupt = 0;
    double mark = 0;  ///< Congestion, instead of a loss.
    Duration delay = std::chrono::milliseconds(10);
    Duration jitter{};    ///< On top; what draws more than the next is overtaken.
    Duration per_byte{};  ///< How slow the link is,
    Duration most_queued = std::chrono::hours(1);  ///< and when its queue is full.
};

class TcpWire {
public:
    explicit TcpWire(std::uint64_t seed, WireFaults chosen = {}, sim::tcp::Limits a = {},
                     sim::tcp::Limits b = {})
        : faults(chosen),
          limits{a, b},
          random_(seed),
          stacks_{std::make_unique<sim::tcp::Stack>(limits[0], Random(seed * 2 + 1)),
                  std::make_unique<sim::tcp::Stack>(limits[1], Random(seed * 2 + 2))} {}

    sim::tcp::Stack& host(std::size_t which) { return *stacks_[which]; }
    IpAddress ip(std::size_t which) const {
        return IpAddress(IpAddress::V4Bytes{10, 0, 0, static_cast<std::uint8_t>(which + 1)});
    }

    /// Puts on the wire what the hosts have to send.
    void collect() {
        for (std::size_t from = 0; from < 2; ++from) {
            while (auto out = stacks_[from]->output()) carry(from, *out);
        }
    }
    /// Does the next thing that happens; false where nothing ever will.
    bool step() {
        collect();
        Time next = std::min(stacks_[0]->next_deadline(), stacks_[1]->next_deadline());
        if (!flying_.empty()) next = std::min(next, flying_.begin()->first.first);
        if (next == kNever) return false;
        now = std::max(now, next);
        if (!flying_.empty() && flying_.begin()->first.first <= now) {
            const Flight flight = std::move(flying_.begin()->second);
            flying_.erase(flying_.begin());
            arrive(flight);
        } else {
            for (auto& stack : stacks_) stack->advance(now);
        }
        collect();
        return true;
    }
    /// Goes on until `done`; false where that never comes, or not within `limit`.
    bool run_until(const std::function<bool()>& done, Duration limit = std::chrono::hours(10)) {
        const Time end = now + limit;
        while (!done()) {
            if (now > end || !step()) return done();
        }
        return true;
    }
    void pass(Duration duration) {
        const Time end = now + duration;
        while (true) {
            collect();
            Time next = std::min(stacks_[0]->next_deadline(), stacks_[1]->next_deadline());
            if (!flying_.empty()) next = std::min(next, flying_.begin()->first.first);
            if (next > end) break;
            step();
        }
        now = end;
    }

    /// A connection from host 0 to host 1, which accepts it.
    struct Pair {
        sim::tcp::Connection* client = nullptr;
        sim::tcp::Connection* server = nullptr;
    };
    Pair connect(const sim::tcp::Settings& client = {}, const sim::tcp::Settings& server = {}) {
        if (listener == nullptr) {
            auto binding = host(1).bind(SocketAddress(ip(1), 80), server);
            listener = *host(1).listen(std::move(*binding), server, 128);
        }
        Pair pair;
        auto made = host(0).connect(SocketAddress(ip(0), 0), SocketAddress(ip(1), 80), client, now);
        if (!made) return pair;
        pair.client = *made;
        run_until([&] {
            if (pair.server == nullptr) pair.server = host(1).accept(*listener);
            return pair.client->is_over() ||
                   (pair.server != nullptr && pair.client->is_established());
        });
        return pair;
    }

    Time now{};
    WireFaults faults;
    std::array<sim::tcp::Limits, 2> limits;
    sim::tcp::Listener* listener = nullptr;
    std::uint64_t carried = 0;
    std::uint64_t lost = 0;
    std::uint64_t hash = 0;  ///< Of all that was ever carried: the same seed, the same number.
    bool keeps_trace = false;
    std::vector<std::string> trace;

private:
    struct Flight {
        IpAddress from;
        IpAddress to;
        std::size_t target = 0;
        Ecn ecn{};
        std::vector<std::byte> bytes;
    };

    void carry(std::size_t from, const sim::tcp::Addressed& out) {
        ++carried;
        if (keeps_trace) {
            trace.push_back(std::to_string(now.time_since_epoch() / std::chrono::microseconds(1)) +
                            (from == 0 ? " > " : " < ") + out.segment.to_string());
        }
        Flight flight{out.from, out.to, out.to == ip(0) ? 0u : 1u, out.segment.ecn,
                      write_segment(out.segment, out.from, out.to)};
        for (const std::byte each : flight.bytes) {
            hash = (hash ^ std::to_integer<std::uint64_t>(each)) * 0x100000001b3u;
        }
        hash += static_cast<std::uint64_t>(now.time_since_epoch().count());
        if (random_.unit() < faults.loss) {
            ++lost;
            return;
        }
        if (flight.ecn != Ecn::not_capable && random_.unit() < faults.mark) {
            flight.ecn = Ecn::congested;
        }
        if (random_.unit() < faults.corrupt) {
            flight.bytes[random_.below(flight.bytes.size())] ^= std::byte{1};
        }
        Time at = now;
        if (faults.per_byte > Duration::zero()) {
            Time& free_at = free_at_[from];
            if (free_at > now + faults.most_queued) {
                ++lost;
                return;
            }
            const auto bytes = static_cast<std::int64_t>(flight.bytes.size() + 20);
            at = free_at = std::max(free_at, now) + faults.per_byte * bytes;
        }
        const int copies = random_.unit() < faults.duplicate ? 2 : 1;
        for (int copy = 0; copy < copies; ++copy) {
            Time then = at + faults.delay;
            if (faults.jitter > Duration::zero()) {
                then += Duration(static_cast<std::int64_t>(
                    random_.below(static_cast<std::uint64_t>(faults.jitter.count()))));
            }
            flying_[{then, ++order_}] = flight;
        }
    }

    void arrive(const Flight& flight) {
        auto segment = sim::tcp::parse_segment(flight.bytes, flight.from, flight.to);
        if (!segment) return;  // A corrupt one.
        segment->ecn = flight.ecn;
        stacks_[flight.target]->input(flight.from, flight.to, *segment, now);
    }

    Random random_;
    std::array<std::unique_ptr<sim::tcp::Stack>, 2> stacks_;
    std::map<std::pair<Time, std::uint64_t>, Flight> flying_;
    std::array<Time, 2> free_at_{};
    std::uint64_t order_ = 0;
};

}  // namespace fivetuple::testing_help

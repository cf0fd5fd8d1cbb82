#include "tests/testing/tcp_wire.h"
#include "tests/testing/testing.h"
#include <sstream>

namespace fivetuple::sim::tcp {
namespace {

using namespace std::chrono_literals;
using testing_help::some_bytes;
using testing_help::TcpWire;
using testing_help::WireFaults;

// One direction of a conversation: writes all, reads all, closes, and waits for the end.
class Side {
public:
    Side(Stack& stack, Connection& connection, std::vector<std::byte> to_send, std::size_t piece)
        : stack_(&stack), connection_(&connection), to_send_(std::move(to_send)), piece_(piece) {}

    void act(Time now) {
        if (connection_ == nullptr) return;
        read(now);
        write(now);
        if (sent_ == to_send_.size() && !said_end_) {
            said_end_ = true;
            if (!connection_->shutdown_write(now)) broken_ = true;
            stack_->changed(*connection_);
        }
        if (said_end_ && (saw_end_ || broken_)) {
            stack_->close(*connection_, now);
            connection_ = nullptr;
        }
    }
    bool is_done() const { return connection_ == nullptr; }
    bool is_broken() const { return broken_; }
    const std::vector<std::byte>& received() const { return received_; }
    const std::vector<std::byte>& sent() const { return to_send_; }
    std::string describe(Time now) const {
        std::ostringstream out;
        out << "sent " << sent_ << " of " << to_send_.size() << ", got " << received_.size();
        if (connection_ != nullptr) {
            out << ", " << to_string(connection_->state()) << ", "
                << connection_->info(now).to_string();
        }
        return out.str();
    }

private:
    void read(Time now) {
        std::vector<std::byte> room(piece_ * 3);
        while (!saw_end_) {
            const auto got = connection_->receive(room, now);
            if (!got) {
                if (got.error().code() != EAGAIN) broken_ = saw_end_ = true;
                break;
            }
            if (*got == 0) saw_end_ = true;
            received_.insert(received_.end(), room.begin(),
                             room.begin() + static_cast<std::ptrdiff_t>(*got));
        }
        stack_->changed(*connection_);
    }
    void write(Time now) {
        while (sent_ < to_send_.size()) {
            const std::size_t count = std::min(piece_, to_send_.size() - sent_);
            const auto taken = connection_->send(Bytes(to_send_).subspan(sent_, count), now);
            if (!taken) {
                if (taken.error().code() != EAGAIN) {
                    broken_ = true;
                    sent_ = to_send_.size();
                }
                break;
            }
            sent_ += *taken;
        }
        stack_->changed(*connection_);
    }

    Stack* stack_;
    Connection* connection_;
    std::vector<std::byte> to_send_;
    std::vector<std::byte> received_;
    std::size_t piece_;
    std::size_t sent_ = 0;
    bool said_end_ = false;
    bool saw_end_ = false;
    bool broken_ = false;
};

Limits limits_of(Random& random) {
    Limits limits;
    limits.sack = random.below(4) != 0;
    limits.timestamps = random.below(4) != 0;
    limits.window_scaling = random.below(4) != 0;
    limits.rack = random.below(4) != 0;
    limits.tail_probes = random.below(3) != 0;
    limits.ecn = random.below(2) == 0 ? Limits::UseEcn::ask_and_agree : Limits::UseEcn::agree;
    limits.congestion = random.below(2) == 0 ? Limits::Algorithm::reno : Limits::Algorithm::cubic;
    // Nothing gives up in these tests: they are about what is repaired.
    limits.retries = limits.orphan_retries = 100;
    limits.syn_retries = limits.syn_ack_retries = 30;
    return limits;
}

Settings settings_of(Random& random) {
    Settings settings;
    settings.no_delay = random.below(2) == 0;
    if (random.below(3) == 0) settings.receive_buffer = 2000 + random.below(40000);
    if (random.below(3) == 0) settings.send_buffer = 2000 + random.below(40000);
    if (random.below(5) == 0) {
        settings.max_segment = static_cast<std::uint16_t>(100 + random.below(1300));
    }
    if (random.below(8) == 0) settings.pacing_rate = 20'000 + random.below(2'000'000);
    return settings;
}

WireFaults faults_of(Random& random) {
    WireFaults faults;
    faults.loss = random.below(3) == 0 ? 0 : random.unit() * 0.25;
    faults.duplicate = random.below(2) == 0 ? 0 : random.unit() * 0.3;
    faults.corrupt = random.below(3) == 0 ? random.unit() * 0.05 : 0;
    faults.mark = random.below(3) == 0 ? random.unit() * 0.2 : 0;
    faults.delay = Duration(static_cast<std::int64_t>(random.below(100'000'000)));
    if (random.below(2) == 0) {
        faults.jitter = Duration(static_cast<std::int64_t>(1 + random.below(60'000'000)));
    }
    if (random.below(4) == 0) {
        faults.per_byte = Duration(static_cast<std::int64_t>(random.below(2000)));
        faults.most_queued = 50ms;
    }
    return faults;
}

// All that is sent comes, in order and once, and both ends are rid of each other at the end; and
// there is always something that will happen until then.
void converse(std::uint64_t seed, std::uint64_t* hash = nullptr) {
    Random random(seed);
    const WireFaults faults = faults_of(random);
    const Limits one = limits_of(random), other = limits_of(random);
    TcpWire wire(seed, faults, one, other);
    // One after the other: compilers differ in the order of arguments.
    const Settings mine = settings_of(random);
    const Settings yours = settings_of(random);
    const auto pair = wire.connect(mine, yours);
    ASSERT_NE(pair.client, nullptr);
    ASSERT_NE(pair.server, nullptr) << "seed " << seed;
    auto to_server = some_bytes(random.below(60'000), seed);
    auto to_client = some_bytes(random.below(60'000), seed + 1);
    const std::size_t piece = 1 + random.below(5000);
    Side client(wire.host(0), *pair.client, std::move(to_server), piece);
    Side server(wire.host(1), *pair.server, std::move(to_client), 1 + random.below(5000));
    const bool ended = wire.run_until(
        [&] {
            client.act(wire.now);
            server.act(wire.now);
            return client.is_done() && server.is_done();
        },
        100h);
    ASSERT_TRUE(ended) << "seed " << seed << "\nclient: " << client.describe(wire.now)
                       << "\nserver: " << server.describe(wire.now);
    EXPECT_FALSE(client.is_broken() || server.is_broken()) << "seed " << seed;
    EXPECT_TRUE(client.received() == server.sent()) << "seed " << seed;
    EXPECT_TRUE(server.received() == client.sent()) << "seed " << seed;
    const bool gone = wire.run_until(
        [&] { return wire.host(0).connections().empty() && wire.host(1).connections().empty(); },
        100h);
    EXPECT_TRUE(gone) << "seed " << seed;
    if (hash != nullptr) *hash = wire.hash;
}

// A hundred seeds each, so that the tests of many run side by side.
class TcpSeeds : public testing::TestWithParam<std::uint64_t> {
protected:
    template <class Run>
    void each_seed(Run run) {
        for (std::uint64_t seed = GetParam(); seed < GetParam() + 100; ++seed) {
            run(seed);
            if (HasFailure()) break;
        }
    }
};

TEST_P(TcpSeeds, WhateverTheNetworkDoesAllBytesComeAndBothEndsEnd) {
    each_seed([](std::uint64_t seed) { converse(seed); });
}

// Programs that end anyhow, over a network that is away for a while: what has come is the front of
// what was sent, and in the end nothing is left of either connection.
void part(std::uint64_t seed) {
    Random random(seed);
    const WireFaults faults = faults_of(random);
    TcpWire wire(seed, faults);
    Settings one = settings_of(random), other = settings_of(random);
    if (random.below(4) == 0) one.linger = 0s;
    if (random.below(4) == 0) other.user_timeout = 5s;
    const auto pair = wire.connect(one, other);
    if (pair.server == nullptr) return;
    const std::array<Connection*, 2> ends = {pair.client, pair.server};
    std::array<bool, 2> is_closed{};
    std::array<std::vector<std::byte>, 2> sent{some_bytes(40'000, seed), some_bytes(40'000, ~seed)};
    std::array<std::size_t, 2> written{}, got{};
    std::vector<std::byte> room(3000);
    for (int step = 0; step < 200; ++step) {
        wire.pass(Duration(static_cast<std::int64_t>(random.below(200'000'000))));
        if (random.below(60) == 0) wire.faults.loss = wire.faults.loss < 1 ? 1 : faults.loss;
        const std::size_t which = random.below(2);
        if (is_closed[which]) continue;
        Connection& end = *ends[which];
        const std::uint64_t what = random.below(40);
        if (what == 0) {
            is_closed[which] = true;
            wire.host(which).close(end, wire.now);
            continue;
        }
        if (what == 1) static_cast<void>(end.shutdown_write(wire.now).has_value());
        if (what < 20) {
            const auto more = end.send(Bytes(sent[which]).subspan(written[which]), wire.now);
            written[which] += more.value_or(0);
        } else {
            const auto came = end.receive(room, wire.now);
            for (std::size_t at = 0; at < came.value_or(0); ++at, ++got[which]) {
                ASSERT_EQ(room[at], sent[1 - which][got[which]]) << "seed " << seed;
            }
        }
        wire.host(which).changed(end);
    }
    for (std::size_t which = 0; which < 2; ++which) {
        if (!is_closed[which]) wire.host(which).close(*ends[which], wire.now);
    }
    wire.pass(2h);
    for (std::size_t which = 0; which < 2; ++which) {
        EXPECT_TRUE(wire.host(which).connections().empty()) << "seed " << seed;
        EXPECT_EQ(wire.host(which).next_deadline(), kNever) << "seed " << seed;
    }
}

TEST_P(TcpSeeds, HoweverProgramsEndNothingIsLeft) {
    each_seed([](std::uint64_t seed) { part(seed); });
}

std::vector<std::uint64_t> hundreds() {
    std::vector<std::uint64_t> all;
    all.reserve(20);
    for (std::uint64_t seed = 1; seed < 2000; seed += 100) all.push_back(seed);
    return all;
}
INSTANTIATE_TEST_SUITE_P(From, TcpSeeds, testing::ValuesIn(hundreds()));

TEST(TcpTransfer, TheSameSeedIsTheSameRun) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        std::uint64_t first = 0, second = 0;
        converse(seed, &first);
        converse(seed, &second);
        EXPECT_EQ(first, second);
        EXPECT_NE(first, 0u);
    }
}

// Bytes a second of one way, in virtual time.
double throughput(const WireFaults& faults, const Limits& limits, std::size_t size) {
    TcpWire wire(7, faults, limits, limits);
    const auto pair = wire.connect();
    if (pair.server == nullptr) return 0;
    Side client(wire.host(0), *pair.client, some_bytes(size), 16384);
    Side server(wire.host(1), *pair.server, {}, 65536);
    const Time begin = wire.now;
    wire.run_until([&] {
        client.act(wire.now);
        server.act(wire.now);
        return server.received().size() == size;
    });
    EXPECT_EQ(server.received().size(), size);
    return static_cast<double>(size) / std::chrono::duration<double>(wire.now - begin).count();
}

TEST(TcpTransfer, G5_TheLinkIsFilledWhereNothingIsLost) {
    WireFaults faults;
    faults.delay = 10ms;
    faults.per_byte = 800ns;  // 10 Mbit/s
    EXPECT_GT(throughput(faults, {}, 4'000'000), 1'000'000);
}

TEST(TcpTransfer, G5_WithLossesCubicAndRenoStayWithinReason) {
    WireFaults faults;
    faults.delay = 10ms;
    faults.per_byte = 800ns;
    faults.loss = 0.01;
    for (const auto algorithm : {Limits::Algorithm::reno, Limits::Algorithm::cubic}) {
        Limits limits;
        limits.congestion = algorithm;
        // Mathis: about 1.22 segments / round trip / sqrt(loss) is 890 kB/s.
        EXPECT_GT(throughput(faults, limits, 4'000'000), 400'000);
    }
}

}  // namespace
}  // namespace fivetuple::sim::tcp

#include "fivetuple/os/ping_session.h"

#include "fivetuple/os/ip_packet.h"

#include "tests/testing/testing.h"
#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace fivetuple {
namespace {

using namespace std::chrono_literals;
using Kind = PingEvent::Kind;

constexpr std::uint16_t kIdentifier = 77;

// A session, a clock that the test moves, and a host that answers as the test wants it.
class PingSessionTest : public ::testing::Test {
protected:
    PingSession& open(const PingOptions& options, Family family = Family::ipv4,
                      PingMeans means = PingMeans::ping_socket) {
        family_ = family;
        session_.emplace(family, means, kIdentifier, 0x0102030405060708U, options);
        return *session_;
    }
    std::vector<std::byte> send() {
        const Bytes probe = session_->make_probe(now_, wall_);
        return {probe.begin(), probe.end()};
    }
    void pass(Duration time) {
        now_ += time;
        wall_ += time;
    }
    // The answer to a probe, as it lies in the caller's memory.
    std::vector<std::byte> answer_to(const std::vector<std::byte>& probe) const {
        auto echo = *IcmpMessage::parse(family_, probe)->echo();
        echo.is_reply = true;
        std::vector<std::byte> answer(probe.size());
        EXPECT_TRUE(write_echo(family_, echo, answer));
        return answer;
    }
    std::optional<PingEvent> receive(const std::vector<std::byte>& message) {
        Datagram datagram;
        datagram.bytes = message;
        datagram.size = message.size();
        datagram.from = SocketAddress(IpAddress::loopback_v4(), 0);
        datagram.details = details_;
        return session_->read(datagram, now_);
    }

    Time now_{1h};
    WallTime wall_{1000h};
    DatagramDetails details_;
    Family family_ = Family::ipv4;
    std::optional<PingSession> session_;
};

PingOptions probes(std::uint64_t count) {
    PingOptions options;
    options.count = count;
    return options;
}

TEST_F(PingSessionTest, SendsByTheClockAndEndsWhenAllIsAnswered) {
    PingSession& session = open(probes(2));
    EXPECT_TRUE(session.should_send(now_));
    const auto first = send();
    EXPECT_EQ(first.size(), 64U);
    EXPECT_FALSE(session.should_send(now_));
    EXPECT_EQ(session.next_due(), now_ + 1s);
    pass(3ms);
    const auto event = receive(answer_to(first));
    ASSERT_TRUE(event);
    EXPECT_EQ(event->kind, Kind::reply);
    EXPECT_EQ(event->sequence, 1U);
    EXPECT_EQ(event->round_trip, 3ms);
    EXPECT_EQ(event->to_string(), "64 bytes from 127.0.0.1: icmp_seq=1 time=3.00 ms");
    EXPECT_FALSE(session.is_over());
    pass(997ms);
    EXPECT_TRUE(session.should_send(now_));
    const auto second = send();
    EXPECT_FALSE(session.is_over());
    EXPECT_TRUE(receive(answer_to(second)));
    EXPECT_TRUE(session.is_over());
    EXPECT_EQ(session.next_due(), kNever);
    EXPECT_EQ(session.statistics().received, 2U);
}

TEST_F(PingSessionTest, AProbeThatWasLateIsNotFollowedByTwoAtOnce) {
    PingSession& session = open(probes(0));
    send();
    pass(10s);
    EXPECT_TRUE(session.should_send(now_));
    send();
    EXPECT_FALSE(session.should_send(now_));
    EXPECT_TRUE(session.take_silent(now_));
    EXPECT_EQ(session.next_due(), now_ + 1s);
}

TEST_F(PingSessionTest, SilenceLatenessAndDuplicatesAreToldApart) {
    PingSession& session = open(probes(1));
    const auto probe = send();
    pass(1999ms);
    EXPECT_FALSE(session.take_silent(now_));
    EXPECT_EQ(session.next_due(), now_ + 1ms);
    pass(1ms);
    const auto silence = session.take_silent(now_);
    ASSERT_TRUE(silence);
    EXPECT_EQ(silence->to_string(), "no answer for icmp_seq=1 within 2000 ms");
    EXPECT_FALSE(session.take_silent(now_));
    EXPECT_TRUE(session.is_over());
    EXPECT_EQ(session.statistics().loss(), 1);
    pass(1s);
    const auto late = receive(answer_to(probe));
    ASSERT_TRUE(late);
    EXPECT_EQ(late->kind, Kind::late);
    EXPECT_EQ(late->to_string(), "64 bytes from 127.0.0.1: icmp_seq=1 time=3000 ms (late)");
    const auto again = receive(answer_to(probe));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->kind, Kind::duplicate);
    EXPECT_EQ(session.statistics().received, 1U);
    EXPECT_EQ(session.statistics().duplicates, 1U);
    EXPECT_EQ(session.statistics().loss(), 0);
}

TEST_F(PingSessionTest, TheKernelsStampCountsUnlessSomebodySetTheClock) {
    open(probes(0));
    auto probe = send();
    details_.received_at = wall_ + 2ms;
    details_.ttl = 60;
    pass(5ms);
    auto event = receive(answer_to(probe));
    EXPECT_EQ(event->round_trip, 2ms);
    EXPECT_TRUE(event->by_kernel);
    EXPECT_EQ(event->ttl, 60);
    for (const Duration wrong : {Duration(-1h), Duration(6ms), Duration(0)}) {
        probe = send();
        details_.received_at = wall_ + wrong;
        pass(5ms);
        event = receive(answer_to(probe));
        ASSERT_TRUE(event);
        EXPECT_EQ(event->round_trip, 5ms);
        EXPECT_FALSE(event->by_kernel);
    }
}

TEST_F(PingSessionTest, WhatIsNotOursIsNoEvent) {
    open(probes(0));
    const auto probe = send();
    EXPECT_FALSE(receive(probe)) << "a question";
    EXPECT_FALSE(receive({}));
    EXPECT_FALSE(receive(std::vector<std::byte>(7)));
    auto answer = answer_to(probe);
    answer[5] ^= std::byte{1};
    EXPECT_FALSE(receive(answer)) << "another's identifier";
    answer = answer_to(probe);
    answer[7] ^= std::byte{2};
    EXPECT_FALSE(receive(answer)) << "a probe that was never sent";
    answer = answer_to(probe);
    answer[8] ^= std::byte{1};
    EXPECT_FALSE(receive(answer)) << "another's mark";
    answer = answer_to(probe);
    answer[20] ^= std::byte{1};
    const auto damaged = receive(answer);
    ASSERT_TRUE(damaged);
    EXPECT_TRUE(damaged->is_damaged);
    EXPECT_EQ(damaged->to_string(),
              "64 bytes from 127.0.0.1: icmp_seq=1 time=0.000 ms (its payload is damaged)");
}

TEST_F(PingSessionTest, ARawSocketsAnswersComeBehindAnIpHeader) {
    open(probes(0), Family::ipv4, PingMeans::raw_socket);
    const auto probe = send();
    const auto answer = answer_to(probe);
    EXPECT_FALSE(receive(answer)) << "without the header";
    Ipv4Header header;
    header.protocol = 1;
    const auto front = header.write(answer.size()).value();
    std::vector<std::byte> packet(front.begin(), front.end());
    packet.insert(packet.end(), answer.begin(), answer.end());
    const auto event = receive(packet);
    ASSERT_TRUE(event);
    EXPECT_EQ(event->size, 64U);
    packet[9] = std::byte{17};
    EXPECT_FALSE(receive(packet)) << "another protocol";
}

TEST_F(PingSessionTest, AFailureEndsTheWaitForItsProbe) {
    PingSession& session = open(probes(1), Family::ipv6);
    const auto probe = send();
    DatagramFailure failure;
    failure.code = EHOSTUNREACH;
    failure.origin = DatagramFailure::Origin::icmpv6;
    failure.icmp_type = 3;
    failure.told_by = SocketAddress(IpAddress::parse("fd00::2").value(), 0);
    EXPECT_FALSE(session.read(failure, now_)) << "of which probe is not known";
    std::copy_n(probe.begin(), 8, failure.first_bytes.begin());
    failure.first_bytes_size = 8;
    const auto event = session.read(failure, now_);
    ASSERT_TRUE(event);
    EXPECT_EQ(event->to_string(), "From fd00::2 icmp_seq=1 hop limit exceeded");
    EXPECT_FALSE(session.read(failure, now_)) << "it is told once";
    EXPECT_TRUE(session.is_over());
    EXPECT_EQ(session.statistics().failures, 1U);
    EXPECT_EQ(session.statistics().loss(), 1);
}

TEST_F(PingSessionTest, WhatCouldNotBeSentIsNotWaitedFor) {
    PingSession& session = open(probes(1));
    const auto probe = send();
    const auto event = session.not_sent(Error::system(ENETUNREACH, "sendmsg"));
    EXPECT_EQ(event.to_string(), "icmp_seq=1 could not be sent: Network is unreachable");
    EXPECT_TRUE(session.is_over());
    EXPECT_FALSE(receive(answer_to(probe)));
    EXPECT_EQ(session.statistics().sent, 0U);
    EXPECT_EQ(session.statistics().unsent, 1U);
    EXPECT_EQ(session.statistics().loss(), 1);
}

TEST_F(PingSessionTest, SequencesBeyondSixteenBitsAreKeptApart) {
    PingOptions options = probes(0);
    options.size = 8;
    open(options);
    std::vector<std::byte> old;
    for (int at = 0; at < 70000; ++at) {
        const auto probe = send();
        if (at == 0) old = probe;
        const auto event = receive(answer_to(probe));
        ASSERT_TRUE(event);
        ASSERT_EQ(event->sequence, static_cast<std::uint64_t>(at + 1));
        pass(1s);
        ASSERT_FALSE(session_->take_silent(now_));
    }
    EXPECT_FALSE(receive(answer_to(old))) << "long forgotten";
    EXPECT_EQ(session_->statistics().received, 70000U);
}

TEST_F(PingSessionTest, StatisticsAreThoseOfThePlainFormulas) {
    open(probes(0));
    for (const Duration each : {Duration(1ms), Duration(2ms), Duration(3ms), Duration(6ms)}) {
        const auto probe = send();
        pass(each);
        EXPECT_TRUE(receive(answer_to(probe)));
        pass(1s);
    }
    const PingStatistics& all = session_->statistics();
    EXPECT_EQ(all.least(), 1ms);
    EXPECT_EQ(all.mean(), 3ms);
    EXPECT_EQ(all.most(), 6ms);
    EXPECT_NEAR(static_cast<double>(all.deviation().count()), 1870828, 2);
    EXPECT_GE(all.quantile(0.5), 2ms);
    EXPECT_LE(all.quantile(0.5), 2040us);
    EXPECT_EQ(PingStatistics().deviation(), Duration::zero());
    EXPECT_EQ(PingStatistics().loss(), 0);
}

TEST_F(PingSessionTest, StoppedItWaitsForWhatIsUnderWay) {
    PingSession& session = open(probes(0));
    const auto probe = send();
    session.stop();
    pass(1s);
    EXPECT_FALSE(session.should_send(now_));
    EXPECT_FALSE(session.is_over());
    EXPECT_EQ(session.next_due(), now_ + 1s);
    EXPECT_TRUE(receive(answer_to(probe)));
    EXPECT_TRUE(session.is_over());
}

}  // namespace
}  // namespace fivetuple

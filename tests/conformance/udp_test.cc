#include "fivetuple/transport/udp.h"

#include "fivetuple/os/options.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"

#include "tests/testing/world.h"
#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <vector>

namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

class Udp : public TaskTest {
protected:
    UdpSocket bind(const UdpOptions& options = {}) {
        return UdpSocket::bind(loop(), loopback(), options).value();
    }
    UdpSocket bind(const char* at, const UdpOptions& options = {}) {
        return UdpSocket::bind(loop(), SocketAddress::parse(at).value(), options).value();
    }
};
FT_IN_ALL_WORLDS(Udp);

TEST_P(Udp, C4_OneSendIsOneReceiveAndNamesItsSender) {
    UdpSocket here = bind();
    UdpSocket there = bind();
    run(loop(), [&]() -> Task<void> {
        const SocketAddress to = there.local_address().value();
        for (const std::string_view text : {"one", "", "three"}) {
            auto sent = co_await here.send_to(bytes_of(text), to);
            EXPECT_TRUE(sent);
        }
        std::array<std::byte, 100> room;
        for (const std::string_view text : {"one", "", "three"}) {
            auto got = co_await there.receive(room);
            EXPECT_TRUE(got) << got.error().message();
            EXPECT_EQ(text_of(got->bytes), text);
            EXPECT_EQ(got->from, here.local_address().value());
            EXPECT_FALSE(got->is_truncated());
        }
    }());
}

TEST_P(Udp, C4_ADatagramThatDoesNotFitIsAnErrorThatNamesBothSizes) {
    UdpSocket here = bind();
    UdpSocket there = bind();
    run(loop(), [&]() -> Task<void> {
        const SocketAddress to = there.local_address().value();
        const std::string large(3000, 'x');
        std::array<std::byte, 1500> room;
        auto sent = co_await here.send_to(bytes_of(large), to);
        EXPECT_TRUE(sent);
        auto failed = co_await there.receive(room);
        EXPECT_FALSE(failed);
        EXPECT_TRUE(failed.error().is(EMSGSIZE));
        EXPECT_EQ(failed.error().message(),
                  "recvmsg: a datagram of 3000 bytes came, and the buffer holds 1500");
        sent = co_await here.send_to(bytes_of(large), to);
        EXPECT_TRUE(sent);
        auto cut = co_await there.receive(room, WhenCut::keep);
        EXPECT_TRUE(cut);
        EXPECT_TRUE(cut->is_truncated());
        EXPECT_EQ(cut->size, 3000u);
        EXPECT_EQ(cut->bytes.size(), 1500u);
    }());
}

TEST_P(Udp, C4_AConnectedSocketHearsOnlyItsPeer) {
    UdpSocket peer = bind();
    UdpSocket stranger = bind();
    run(loop(), [&]() -> Task<void> {
        auto connected = co_await UdpSocket::connect(peer.local_address().value());
        UdpSocket here = std::move(connected).value();
        const SocketAddress to = here.local_address().value();
        EXPECT_EQ(here.peer_address().value(), peer.local_address().value());
        auto sent = co_await stranger.send_to(bytes_of("no"), to);
        EXPECT_TRUE(sent);
        sent = co_await peer.send_to(bytes_of("yes"), to);
        EXPECT_TRUE(sent);
        std::array<std::byte, 100> room;
        auto got = co_await here.receive(room);
        EXPECT_EQ(text_of(got->bytes), "yes");
        sent = co_await here.send(bytes_of("answer"));
        EXPECT_TRUE(sent);
        got = co_await peer.receive(room);
        EXPECT_EQ(text_of(got->bytes), "answer");
    }());
}

TEST_P(Udp, C4_AConnectedSocketIsToldThatNobodyListens) {
    SocketAddress nowhere;
    {
        const UdpSocket gone = bind();
        nowhere = gone.local_address().value();
    }
    run(loop(), [&]() -> Task<void> {
        UdpOptions options;
        options.report_failures = true;
        auto connected = co_await UdpSocket::connect(nowhere, options);
        UdpSocket here = std::move(connected).value();
        auto sent = co_await here.send(bytes_of("anybody?"));
        EXPECT_TRUE(sent);
        std::array<std::byte, 100> room;
        auto got = co_await within(5s, here.receive(room));
        EXPECT_FALSE(got);
        EXPECT_TRUE(got.error().is(ECONNREFUSED)) << got.error().message();
        const auto failure = here.take_failure();
        EXPECT_TRUE(failure.has_value());
        if (!failure) co_return;
        EXPECT_EQ(failure->code, ECONNREFUSED);
        EXPECT_EQ(failure->origin, DatagramFailure::Origin::icmp);
        EXPECT_EQ(failure->sent_to, nowhere);
        EXPECT_EQ(failure->told_by.ip(), IpAddress::loopback_v4());
        EXPECT_EQ(failure->to_string(), nowhere.to_string() +
                                            ": Connection refused (ICMP type 3 code 3 from "
                                            "127.0.0.1)");
        EXPECT_FALSE(here.take_failure().has_value());
    }());
}

TEST_P(Udp, C4_AnUnconnectedSocketIsToldOnRequestOfWhomItsDatagramsMissed) {
    SocketAddress nowhere;
    {
        const UdpSocket gone = bind("[::1]:0");
        nowhere = gone.local_address().value();
    }
    UdpOptions options;
    options.report_failures = true;
    UdpSocket here = bind("[::1]:0", options);
    run(loop(), [&]() -> Task<void> {
        auto sent = co_await here.send_to(bytes_of("anybody?"), nowhere);
        EXPECT_TRUE(sent);
        std::array<std::byte, 100> room;
        auto got = co_await within(5s, here.receive(room));
        EXPECT_FALSE(got);
        EXPECT_TRUE(got.error().is(ECONNREFUSED)) << got.error().message();
        const auto failure = here.take_failure();
        EXPECT_TRUE(failure.has_value());
        if (!failure) co_return;
        EXPECT_EQ(failure->sent_to, nowhere);
        // The socket is well: it sleeps until something comes, and receives it.
        const std::uint64_t waits = loop().backend().stats().waits;
        got = co_await within(100ms, here.receive(room));
        EXPECT_FALSE(got);
        EXPECT_TRUE(got.error().is_deadline());
        EXPECT_LT(loop().backend().stats().waits - waits, 20u) << "it spins";
        sent = co_await here.send_to(bytes_of("self"), here.local_address().value());
        EXPECT_TRUE(sent);
        got = co_await here.receive(room);
        EXPECT_TRUE(got);
    }());
}

TEST_P(Udp, C5_DetailsOfWhatComesAreToldOnRequest) {
    for (const char* at : {"127.0.0.1:0", "[::1]:0"}) {
        UdpOptions options;
        options.tell = {.packet_info = true, .ttl = true, .tos = true, .received_at = true};
        UdpSocket there = bind(at, options);
        UdpSocket here = bind(at);
        run(loop(), [&]() -> Task<void> {
            SendDetails details;
            details.ttl = 7;
            details.tos = 0xb8 | 1;
            const auto before = std::chrono::system_clock::now();
            auto sent =
                co_await here.send_to(bytes_of("x"), there.local_address().value(), details);
            EXPECT_TRUE(sent) << sent.error().message();
            std::array<std::byte, 10> room;
            auto got = co_await there.receive(room);
            EXPECT_TRUE(got);
            EXPECT_EQ(got->details.sent_to, there.local_address()->ip());
            EXPECT_NE(got->details.interface, 0u);
            EXPECT_EQ(got->details.ttl, 7);
            EXPECT_EQ(got->details.tos, 0xb9);
            EXPECT_EQ(got->details.ecn(), Ecn::capable_1);
            EXPECT_TRUE(got->details.received_at.has_value());
            if (!world().is_kernel()) co_return;  // Its wall clock is its own.
            EXPECT_GT(*got->details.received_at, before - 5s);
            EXPECT_LT(*got->details.received_at, std::chrono::system_clock::now() + 5s);
        }());
    }
}

TEST_P(Udp, C5_ASocketOfBothFamiliesTellsOfIPv4Too) {
    UdpOptions options;
    options.tell = {.packet_info = true, .ttl = true, .tos = true};
    UdpSocket there = bind("*:0", options);
    UdpSocket here = bind("127.0.0.1:0");
    run(loop(), [&]() -> Task<void> {
        const SocketAddress to(IpAddress::loopback_v4(), there.local_address()->port());
        SendDetails details;
        details.ttl = 9;
        auto sent = co_await here.send_to(bytes_of("x"), to, details);
        EXPECT_TRUE(sent);
        std::array<std::byte, 10> room;
        auto got = co_await there.receive(room);
        EXPECT_EQ(got->details.sent_to, IpAddress::loopback_v4());
        EXPECT_EQ(got->details.ttl, 9);
        EXPECT_EQ(got->from.ip().unmapped(), IpAddress::loopback_v4());
    }());
}

TEST_P(Udp, C5_TheAddressToSendFromCanBeChosenForEachDatagram) {
    UdpSocket there = bind("127.0.0.1:0");
    UdpSocket here = bind("0.0.0.0:0");
    run(loop(), [&]() -> Task<void> {
        SendDetails details;
        details.from = IpAddress::parse("127.0.0.7").value();
        auto sent = co_await here.send_to(bytes_of("x"), there.local_address().value(), details);
        EXPECT_TRUE(sent);
        std::array<std::byte, 10> room;
        auto got = co_await there.receive(room);
        EXPECT_EQ(got->from.ip(), *details.from);
        details.from = IpAddress::loopback_v6();
        sent = co_await here.send_to(bytes_of("x"), there.local_address().value(), details);
        EXPECT_FALSE(sent);
        EXPECT_TRUE(sent.error().is(EINVAL));
    }());
}

// Sends `count` datagrams of `size` bytes, each with its number, by one batch; what has come, in
// its order.
Task<std::vector<std::string>> through_batches(UdpSocket& from, UdpSocket& into, std::size_t count,
                                               std::size_t size) {
    std::vector<std::string> texts;
    texts.reserve(count);
    for (std::size_t at = 0; at < count; ++at) {
        std::string text = std::to_string(at);
        text.resize(std::max(size, text.size()), '.');
        texts.push_back(std::move(text));
    }
    SendBatch batch;
    for (const std::string& text : texts) batch.add(bytes_of(text), into.local_address().value());
    EXPECT_EQ(batch.size(), count);
    auto sent = co_await from.send_many(batch);
    EXPECT_TRUE(sent) << sent.error().message();
    EXPECT_EQ(*sent, count);
    std::vector<std::string> came;
    ReceiveBatch received;
    while (came.size() < count) {
        auto got = co_await within(5s, into.receive_many(received));
        EXPECT_TRUE(got) << got.error().message();
        if (!got) break;
        for (const Datagram& datagram : received) {
            EXPECT_EQ(datagram.from, from.local_address().value());
            EXPECT_FALSE(datagram.is_truncated());
            came.emplace_back(text_of(datagram.bytes));
        }
    }
    EXPECT_TRUE(came == texts) << came.size() << " of " << count << " came";
    co_return came;
}

TEST_P(Udp, C6_BatchesMoveManyDatagramsJoinedOrNot) {
    for (const bool sends : {true, false}) {
        for (const bool receives : {true, false}) {
            UdpOptions from_options;
            from_options.join = sends;
            UdpOptions into_options;
            into_options.join = receives;
            UdpSocket from = bind(from_options);
            UdpSocket into = bind(into_options);
            EXPECT_EQ(from.means().sends_joined, sends);
            EXPECT_EQ(into.means().receives_joined, receives);
            // As many as a receive buffer of the usual size holds, at two pages each.
            for (const std::size_t size : {1, 64, 1200}) {
                run(loop(), through_batches(from, into, 40, size));
            }
        }
    }
}

TEST_P(Udp, C6_ABatchOfMixedSizesAndPeersKeepsEachOnesOrder) {
    UdpSocket from = bind();
    std::vector<UdpSocket> into;
    for (int count = 0; count < 3; ++count) into.push_back(bind());
    run(loop(), [&]() -> Task<void> {
        std::vector<std::string> texts;
        std::vector<std::vector<std::string>> expected(into.size());
        for (std::size_t at = 0; at < 120; ++at) {
            texts.push_back(std::string(1 + at * 7 % 50, static_cast<char>('a' + at % 26)));
        }
        SendBatch batch;
        for (std::size_t at = 0; at < texts.size(); ++at) {
            const std::size_t whom = at / 5 % into.size();
            batch.add(bytes_of(texts[at]), into[whom].local_address().value());
            expected[whom].push_back(texts[at]);
        }
        auto sent = co_await from.send_many(batch);
        EXPECT_TRUE(sent);
        ReceiveBatch received(8);
        for (std::size_t whom = 0; whom < into.size(); ++whom) {
            std::vector<std::string> came;
            while (came.size() < expected[whom].size()) {
                auto got = co_await within(5s, into[whom].receive_many(received));
                if (!got) break;
                for (const Datagram& datagram : received)
                    came.emplace_back(text_of(datagram.bytes));
            }
            EXPECT_EQ(came, expected[whom]);
        }
    }());
}

TEST_P(Udp, C6_ACutDatagramInABatchSaysSo) {
    UdpOptions options;
    options.join = false;
    UdpSocket from = bind(options);
    UdpSocket into = bind(options);
    run(loop(), [&]() -> Task<void> {
        const std::string large(500, 'x');
        auto sent = co_await from.send_to(bytes_of(large), into.local_address().value());
        EXPECT_TRUE(sent);
        ReceiveBatch received(4, 100);
        auto got = co_await into.receive_many(received);
        EXPECT_TRUE(got);
        const auto first = received.begin();  // What it refers to lives in it.
        const Datagram& cut = *first;
        EXPECT_TRUE(cut.is_truncated());
        EXPECT_EQ(cut.size, 500u);
        EXPECT_EQ(cut.bytes.size(), 100u);
    }());
}

TEST_P(Udp, C6_ABatchThatFailsInTheMiddleSaysHowManyWent) {
    UdpSocket from = bind();
    UdpSocket into = bind();
    run(loop(), [&]() -> Task<void> {
        const SocketAddress to = into.local_address().value();
        const std::string huge(70000, 'x');
        SendBatch batch;
        batch.add(bytes_of("first"), to);
        batch.add(bytes_of("second"), to);
        batch.add(bytes_of(huge), to);
        batch.add(bytes_of("never"), to);
        auto sent = co_await from.send_many(batch);
        EXPECT_FALSE(sent);
        EXPECT_EQ(sent.bytes_moved(), 2u);
        EXPECT_TRUE(sent.error().is(EMSGSIZE)) << sent.error().message();
        batch.clear();
        sent = co_await from.send_many(batch);
        EXPECT_TRUE(sent);
    }());
}

TEST_P(Udp, C6_AfterReceivingManyASingleReceiveIsRefusedInWords) {
    UdpSocket here = bind();
    run(loop(), [&]() -> Task<void> {
        auto sent = co_await here.send_to(bytes_of("x"), here.local_address().value());
        EXPECT_TRUE(sent);
        ReceiveBatch batch;
        auto many = co_await here.receive_many(batch);
        EXPECT_TRUE(many);
        std::array<std::byte, 10> room;
        auto one = co_await here.receive(room);
        EXPECT_FALSE(one);
        EXPECT_TRUE(one.error().is(EINVAL));
    }());
}

TEST_P(Udp, ReceivingIsCancelledAndLosesNothing) {
    UdpSocket here = bind();
    UdpSocket there = bind();
    run(loop(), [&]() -> Task<void> {
        std::array<std::byte, 10> room;
        ReceiveBatch batch;
        auto none = co_await within(10ms, here.receive(room));
        EXPECT_FALSE(none);
        EXPECT_TRUE(none.error().is_deadline());
        auto many = co_await within(10ms, there.receive_many(batch));
        EXPECT_FALSE(many);
        EXPECT_TRUE(many.error().is_deadline());
        auto sent = co_await there.send_to(bytes_of("kept"), here.local_address().value());
        EXPECT_TRUE(sent);
        auto got = co_await here.receive(room);
        EXPECT_EQ(text_of(got->bytes), "kept");
    }());
}

TEST_P(Udp, MulticastReachesWhoHasJoinedAndNobodyElse) {
    UdpOptions options;
    options.reuse_address = true;
    UdpSocket member = bind("0.0.0.0:0", options);
    const auto group = IpAddress::parse("239.255.77.77").value();
    const SocketAddress to(group, member.local_address()->port());
    const unsigned lo = 1;
    auto joined = set(member, JoinGroup{group, {lo}});
    ASSERT_TRUE(joined) << joined.error().message();
    auto again = set(member, JoinGroup{group, {lo}});
    ASSERT_FALSE(again);
    EXPECT_TRUE(again.error().is(EADDRINUSE));
    UdpSocket from = bind("127.0.0.1:0");
    run(loop(), [&]() -> Task<void> {
        SendDetails by_lo;
        by_lo.interface = lo;
        auto sent = co_await from.send_to(bytes_of("all"), to, by_lo);
        EXPECT_TRUE(sent) << sent.error().message();
        std::array<std::byte, 10> room;
        auto got = co_await within(5s, member.receive(room));
        EXPECT_TRUE(got);
        if (!got) co_return;
        EXPECT_EQ(text_of(got->bytes), "all");
        EXPECT_TRUE(set(member, LeaveGroup{group, {lo}}));
        EXPECT_FALSE(set(member, LeaveGroup{group, {lo}}));
        // From one source only: another's does not arrive, its own does.
        EXPECT_TRUE(set(member, JoinSource{group, IpAddress::parse("127.0.0.9").value(), {lo}}));
        sent = co_await from.send_to(bytes_of("other"), to, by_lo);
        EXPECT_TRUE(sent);
        UdpSocket source = bind("127.0.0.9:0");
        sent = co_await source.send_to(bytes_of("source"), to, by_lo);
        EXPECT_TRUE(sent);
        got = co_await within(5s, member.receive(room));
        EXPECT_TRUE(got);
        if (!got) co_return;
        EXPECT_EQ(text_of(got->bytes), "source");
    }());
}

TEST_P(Udp, BroadcastingNeedsToBeAllowed) {
    UdpSocket timid = bind("0.0.0.0:0");
    UdpOptions options;
    options.broadcast = true;
    UdpSocket bold = bind("0.0.0.0:0", options);
    run(loop(), [&]() -> Task<void> {
        const auto to = SocketAddress::parse("127.255.255.255:9").value();
        auto sent = co_await timid.send_to(bytes_of("x"), to);
        EXPECT_FALSE(sent);
        EXPECT_TRUE(sent.error().is(EACCES)) << sent.error().message();
        sent = co_await bold.send_to(bytes_of("x"), to);
        EXPECT_TRUE(sent) << sent.error().message();
    }());
}

TEST_P(Udp, WrongAddressesAreErrorsInWords) {
    auto path = UdpSocket::bind(loop(), SocketAddress::parse("/tmp/x").value());
    ASSERT_FALSE(path);
    EXPECT_EQ(path.error().message(), "bind unix:/tmp/x: UDP needs an IP address");
    UdpSocket taken = bind();
    auto again = UdpSocket::bind(loop(), taken.local_address().value());
    ASSERT_FALSE(again);
    EXPECT_TRUE(again.error().is(EADDRINUSE));
}

}  // namespace
}  // namespace fivetuple::testing_help

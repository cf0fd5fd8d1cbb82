#include "fivetuple/os/options.h"

#include "tests/testing/world.h"
#include <array>
#include <deque>

namespace fivetuple::testing_help {
namespace {

class SendThenReceive : public OpTest {
protected:
    ~SendThenReceive() override {
        close(pair_);
        settle();
    }
    /// A peer that takes nothing: the send stays under way.
    void block() {
        shrink_buffers(pair_);
        fill(pair_.server);
    }
    void expect_cancelled(NotedOp& op) {
        turn_until([&] { return op.is_done(); });
        EXPECT_EQ(op.result, -ECANCELED);
        EXPECT_EQ(op.times_done, 1);
    }
    Pair pair_ = connect();
};
FT_IN_ALL_WORLDS(SendThenReceive);

TEST_P(SendThenReceive, SendsAndThenGivesWhatComesBack) {
    NotedOp op;
    op.ask_send_then_receive(pair_.server, bytes_of("answer"));
    backend().submit(op);
    settle();
    EXPECT_FALSE(op.is_done());
    EXPECT_EQ(receive_text(pair_.client), "answer");
    EXPECT_EQ(send(pair_.client, bytes_of("next")), 4);
    turn_until([&] { return op.is_done(); });
    ASSERT_EQ(op.result, 4);
    EXPECT_EQ(text_of(op.take_lease().bytes()), "next");
}

TEST_P(SendThenReceive, WithNothingToSendReceives) {
    NotedOp op;
    op.ask_send_then_receive(pair_.server, Bytes());
    EXPECT_EQ(send(pair_.client, bytes_of("first")), 5);
    ASSERT_EQ(complete(op), 5);
    EXPECT_EQ(text_of(op.take_lease().bytes()), "first");
}

TEST_P(SendThenReceive, GivesWhatCameBeforeItWasAsked) {
    EXPECT_EQ(send(pair_.client, bytes_of("early")), 5);
    settle();
    NotedOp op;
    op.ask_send_then_receive(pair_.server, bytes_of("answer"));
    ASSERT_EQ(complete(op), 5);
    EXPECT_EQ(text_of(op.take_lease().bytes()), "early");
    EXPECT_EQ(receive_text(pair_.client), "answer");
}

TEST_P(SendThenReceive, EchoesManyTimesOver) {
    Lease request;
    std::string echoed;
    for (int round = 0; round < 100; ++round) {
        const std::string text = "message " + std::to_string(round);
        NotedOp op;
        op.ask_send_then_receive(pair_.server, std::move(request));
        backend().submit(op);
        if (round > 0) echoed = receive_text(pair_.client);
        EXPECT_EQ(send(pair_.client, bytes_of(text)), static_cast<int>(text.size()));
        turn_until([&] { return op.is_done(); });
        ASSERT_GT(op.result, 0);
        request = op.take_lease();
        EXPECT_EQ(text_of(request.bytes()), text);
        if (round > 0) {
            EXPECT_EQ(echoed, "message " + std::to_string(round - 1));
        }
    }
}

TEST_P(SendThenReceive, TellsTheEndOfTheStream) {
    EXPECT_TRUE(sockets().shutdown(pair_.client, Shutdown::write));
    NotedOp op;
    op.ask_send_then_receive(pair_.server, bytes_of("goodbye"));
    EXPECT_EQ(complete(op), 0);
    EXPECT_EQ(receive_text(pair_.client), "goodbye");
}

TEST_P(SendThenReceive, AnAnswerLargerThanAllBuffersArrivesWhole) {
    shrink_buffers(pair_);
    const auto data = some_bytes(std::size_t{40} * 1024);
    NotedOp op;
    op.ask_send_then_receive(pair_.server, data);
    backend().submit(op);
    std::vector<std::byte> got;
    std::array<std::byte, 10000> room;
    while (got.size() < data.size()) {
        const int count = receive(pair_.client, room);
        ASSERT_GT(count, 0);
        got.insert(got.end(), room.begin(), room.begin() + count);
    }
    EXPECT_EQ(got, data);
    EXPECT_FALSE(op.is_done());
    EXPECT_EQ(send(pair_.client, bytes_of("thanks")), 6);
    turn_until([&] { return op.is_done(); });
    ASSERT_EQ(op.result, 6);
    EXPECT_EQ(text_of(op.take_lease().bytes()), "thanks");
}

TEST_P(SendThenReceive, DoesNotFinishBeforeAllIsSentEvenIfMoreHasCome) {
    block();
    NotedOp op;
    op.ask_send_then_receive(pair_.server, bytes_of("tail"));
    backend().submit(op);
    EXPECT_EQ(send(pair_.client, bytes_of("question")), 8);
    settle();
    EXPECT_FALSE(op.is_done());
    std::vector<std::byte> room(std::size_t{64} * 1024);
    while (!op.is_done()) {
        ASSERT_GT(receive(pair_.client, room), 0);
        settle(2);
    }
    ASSERT_EQ(op.result, 8);
    EXPECT_EQ(text_of(op.take_lease().bytes()), "question");
}

TEST_P(SendThenReceive, IsCancelledBeforeTheLoopHasTurned) {
    NotedOp op;
    op.ask_send_then_receive(pair_.server, bytes_of("either way"));
    backend().submit(op);
    backend().cancel(op);
    expect_cancelled(op);
}

TEST_P(SendThenReceive, CancelledBeforeTheLoopHasTurnedItWaitsForNoNews) {
    NotedOp op;
    op.ask_send_then_receive(pair_.server, bytes_of("either way"));
    backend().submit(op);
    backend().cancel(op);
    const Time began = loop().now();
    for (int turn = 0; turn < 2 && !op.is_done(); ++turn) {
        loop().turn(after(loop().now(), std::chrono::seconds(15)));
    }
    EXPECT_TRUE(op.is_done());
    EXPECT_LT(loop().now() - began, std::chrono::seconds(10)) << "it slept";
}

TEST_P(SendThenReceive, IsCancelledWhileItWaitsForRoom) {
    block();
    NotedOp op;
    op.ask_send_then_receive(pair_.server, bytes_of("never"));
    backend().submit(op);
    settle();
    backend().cancel(op);
    expect_cancelled(op);
}

TEST_P(SendThenReceive, IsCancelledWhileItWaitsToReceive) {
    NotedOp op;
    op.ask_send_then_receive(pair_.server, bytes_of("sent"));
    backend().submit(op);
    settle();
    backend().cancel(op);
    expect_cancelled(op);
    EXPECT_EQ(receive_text(pair_.client), "sent");
    EXPECT_EQ(send(pair_.client, bytes_of("kept")), 4);
    EXPECT_EQ(receive_text(pair_.server), "kept");
}

TEST_P(SendThenReceive, F49_ClosingEndsItInEachOfItsPhases) {
    for (int phase = 0; phase < 3; ++phase) {
        const Pair pair = connect();
        if (phase == 1) {
            shrink_buffers(pair);
            fill(pair.server);
        }
        auto data = some_bytes(100);
        NotedOp op;
        op.ask_send_then_receive(pair.server, data);
        backend().submit(op);
        if (phase > 0) settle();
        backend().close(pair.server);
        expect_cancelled(op);
        backend().close(pair.client);
        settle();
    }
}

TEST_P(SendThenReceive, ALeaseGoesBackInEveryCase) {
    // As many times as there are buffers, and more: none may stay away.
    for (int round = 0; round < 400; ++round) {
        EXPECT_EQ(send(pair_.client, bytes_of("x")), 1);
        NotedOp first;
        first.ask_receive_lease(pair_.server);
        ASSERT_EQ(complete(first), 1);
        NotedOp op;
        op.ask_send_then_receive(pair_.server, first.take_lease());
        backend().submit(op);
        if (round % 3 == 0) settle(1);
        backend().cancel(op);
        turn_until([&] { return op.is_done(); });
        EXPECT_EQ(op.result, -ECANCELED);
    }
    const std::uint64_t short_before = backend().stats().buffers_short;
    EXPECT_EQ(send(pair_.client, bytes_of("y")), 1);
    NotedOp last;
    last.ask_receive_lease(pair_.server);
    ASSERT_EQ(complete(last), 1);
    EXPECT_EQ(text_of(last.take_lease().bytes()), "y");
    EXPECT_EQ(backend().stats().buffers_short, short_before);
}

TEST_P(SendThenReceive, OfAHandleThatWasClosedSaysSo) {
    const Handle stale = open();
    backend().close(stale);
    NotedOp op;
    op.ask_send_then_receive(stale, bytes_of("x"));
    EXPECT_EQ(complete(op), -EBADF);
}

TEST_P(SendThenReceive, ManyConnectionsAtOnceEachGetTheirOwn) {
    constexpr std::size_t kCount = 200;
    const Handle listener = listen(512);
    std::deque<Pair> pairs;
    std::deque<NotedOp> ops(kCount);
    std::deque<std::string> texts;
    for (std::size_t at = 0; at < kCount; ++at) {
        pairs.push_back(connect(listener));
        texts.push_back("for " + std::to_string(at));
        ops[at].ask_send_then_receive(pairs[at].server, bytes_of(texts[at]));
        backend().submit(ops[at]);
    }
    for (std::size_t at = 0; at < kCount; ++at) {
        const std::string got = receive_text(pairs[at].client);
        EXPECT_EQ(got, texts[at]);
        EXPECT_EQ(send(pairs[at].client, bytes_of(got)), static_cast<int>(got.size()));
    }
    turn_until([&] { return std::ranges::all_of(ops, &NotedOp::is_done); });
    for (std::size_t at = 0; at < kCount; ++at) {
        ASSERT_GT(ops[at].result, 0);
        EXPECT_EQ(text_of(ops[at].take_lease().bytes()), texts[at]);
        close(pairs[at]);
    }
    backend().close(listener);
}

}  // namespace
}  // namespace fivetuple::testing_help

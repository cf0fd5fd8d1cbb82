#include "fivetuple/protocol/framing/frame_queue.h"

#include "fivetuple/base/random.h"
#include "fivetuple/protocol/framing/delimiter.h"
#include "fivetuple/protocol/framing/length_prefix.h"

#include "tests/testing/testing.h"
#include <string>

namespace fivetuple {
namespace {

std::string text_of_all(FrameQueue& queue) {
    std::string text;
    for (const Bytes piece : queue.pieces()) text += text_of(piece);
    EXPECT_EQ(text.size(), queue.size());
    return text;
}

FrameBorders around(Bytes payload) { return *LengthPrefix{.width = 1}.enclose(payload); }

TEST(FrameQueue, FramesThatWereCopiedAreOnePiece) {
    FrameQueue queue;
    EXPECT_TRUE(queue.empty());
    EXPECT_TRUE(queue.pieces().empty());
    queue.add(around(bytes_of("one")), bytes_of("one"));
    queue.add(around(bytes_of("two")), bytes_of("two"));
    EXPECT_EQ(queue.pieces().size(), 1u);
    EXPECT_EQ(text_of_all(queue), "\3one\3two");
}

TEST(FrameQueue, OneThatIsLentStaysWhereItIs) {
    FrameQueue queue;
    const std::string payload = "payload";
    queue.add(around(bytes_of("a")), bytes_of("a"));
    queue.lend(around(bytes_of(payload)), bytes_of(payload));
    queue.add(around(bytes_of("b")), bytes_of("b"));
    const auto pieces = queue.pieces();
    ASSERT_EQ(pieces.size(), 3u);
    EXPECT_EQ(static_cast<const void*>(pieces[1].data()), payload.data());
    EXPECT_EQ(text_of_all(queue), "\1a\7payload\1b");
}

TEST(FrameQueue, ATrailerIsCopied) {
    FrameQueue queue;
    const std::string payload = "line";
    {
        const Delimiter framing("\r\n");
        queue.lend(*framing.enclose(bytes_of(payload)), bytes_of(payload));
    }
    EXPECT_EQ(text_of_all(queue), "line\r\n");
}

TEST(FrameQueue, AnEmptyPayloadIsNoPiece) {
    FrameQueue queue;
    queue.lend(around({}), {});
    queue.lend(around({}), {});
    EXPECT_EQ(queue.pieces().size(), 1u);
    EXPECT_EQ(queue.size(), 2u);
}

TEST(FrameQueue, C1_WhatHasGoneIsNotSentAgainHoweverLittleGoesAtOnce) {
    for (std::size_t step = 1; step <= 40; ++step) {
        FrameQueue queue;
        const std::string lent = "lent payload";
        std::string left;
        for (int round = 0; round < 3; ++round) {
            queue.add(around(bytes_of("copied")), bytes_of("copied"));
            queue.lend(around(bytes_of(lent)), bytes_of(lent));
            left += "\6copied\14lent payload";
        }
        while (!left.empty()) {
            ASSERT_EQ(text_of_all(queue), left);
            const std::size_t gone = std::min(step, left.size());
            queue.went(gone);
            left.erase(0, gone);
        }
        EXPECT_TRUE(queue.empty());
        EXPECT_TRUE(queue.pieces().empty());
    }
}

TEST(FrameQueue, WhatIsKeptNeedsItsOwnerNoLonger) {
    FrameQueue queue;
    std::string payload = "payload";
    queue.add(around(bytes_of("a")), bytes_of("a"));
    queue.lend(around(bytes_of(payload)), bytes_of(payload));
    queue.went(4);
    queue.keep();
    payload = "changed";
    EXPECT_EQ(text_of_all(queue), "ayload");
    queue.add(around(bytes_of("b")), bytes_of("b"));
    EXPECT_EQ(text_of_all(queue), "ayload\1b");
    queue.went(queue.size());
    queue.keep();
    EXPECT_TRUE(queue.pieces().empty());
}

TEST(FrameQueue, AnyMixtureComesOutInItsOrder) {
    Random random(11);
    const std::string lent = testing_help::some_text(50);
    FrameQueue queue;
    std::string waits;
    for (int round = 0; round < 5000; ++round) {
        const auto size = static_cast<std::size_t>(random.below(50));
        const Bytes payload = bytes_of(lent).first(size);
        const FrameBorders borders = around(payload);
        switch (random.below(4)) {
            case 0:
                queue.add(borders, payload);
                waits += text_of(borders.front());
                waits += text_of(payload);
                break;
            case 1:
                queue.lend(borders, payload);
                waits += text_of(borders.front());
                waits += text_of(payload);
                break;
            case 2:
                if (size == 7) queue.keep();
                break;
            default: {
                const auto gone = static_cast<std::size_t>(random.below(waits.size() + 1));
                queue.went(gone);
                waits.erase(0, gone);
                break;
            }
        }
        ASSERT_EQ(text_of_all(queue), waits);
    }
}

}  // namespace
}  // namespace fivetuple

#include "fivetuple/base/buffer.h"

#include "fivetuple/base/random.h"

#include "tests/testing/testing.h"
#include <string>

namespace fivetuple {
namespace {

using testing_help::some_text;

TEST(Buffer, WhatComesInAtTheBackGoesOutAtTheFront) {
    Buffer buffer;
    EXPECT_TRUE(buffer.empty());
    buffer.append(bytes_of("abc"));
    buffer.append(bytes_of("def"));
    EXPECT_EQ(text_of(buffer.unread()), "abcdef");
    buffer.used(2);
    EXPECT_EQ(text_of(buffer.unread()), "cdef");
    EXPECT_EQ(buffer.size(), 4u);
    buffer.used(4);
    EXPECT_TRUE(buffer.empty());
}

TEST(Buffer, OnlyWhatWasFilledOfTheRoomIsThere) {
    Buffer buffer;
    const MutableBytes room = buffer.room(100);
    EXPECT_GE(room.size(), 100u);
    std::memcpy(room.data(), "only this", 9);
    buffer.filled(4);
    EXPECT_EQ(text_of(buffer.unread()), "only");
}

TEST(Buffer, NothingCanBeAppendedToNothing) {
    Buffer buffer;
    buffer.append({});
    EXPECT_TRUE(buffer.empty());
    EXPECT_TRUE(buffer.room(0).empty());
    EXPECT_TRUE(buffer.unread().empty());
}

TEST(Buffer, MovesWhatIsLeftToTheFrontBeforeItGrows) {
    Buffer buffer(8);
    buffer.append(bytes_of("12345678"));
    buffer.used(6);
    EXPECT_EQ(buffer.room(6).size(), 6u);
    EXPECT_EQ(text_of(buffer.unread()), "78");
    buffer.append(bytes_of("abcdef"));
    EXPECT_EQ(text_of(buffer.unread()), "78abcdef");
}

TEST(Buffer, MovesNothingWhileThereIsRoomBehind) {
    Buffer buffer(8);
    buffer.append(bytes_of("1234"));
    buffer.used(2);
    const std::byte* front = buffer.unread().data();
    EXPECT_EQ(buffer.room(4).size(), 4u);
    EXPECT_EQ(buffer.unread().data(), front);
}

TEST(Buffer, AllOfItsRoomIsThereAgainWhenAllIsUsed) {
    Buffer buffer(8);
    buffer.append(bytes_of("12345678"));
    buffer.used(8);
    EXPECT_EQ(buffer.room(1).size(), 8u);
    buffer.append(bytes_of("1234567"));
    buffer.clear();
    EXPECT_TRUE(buffer.empty());
    EXPECT_EQ(buffer.room(1).size(), 8u);
}

TEST(Buffer, ViewsOfWhatWasUsedStayGoodUntilRoomIsAskedFor) {
    Buffer buffer(8);
    buffer.append(bytes_of("frame-1!"));
    const Bytes frame = buffer.unread();
    buffer.used(8);
    EXPECT_EQ(text_of(frame), "frame-1!");
}

TEST(Buffer, GrowsTwofoldSoThatAByteAtATimeIsNotSlow) {
    Buffer buffer;
    std::size_t times_grown = 0;
    std::size_t capacity = 0;
    for (int count = 0; count < 100'000; ++count) {
        const std::size_t now = buffer.size() + buffer.room(1).size();
        if (now != capacity) ++times_grown;
        capacity = now;
        buffer.filled(1);
    }
    EXPECT_LE(times_grown, 18u);
    EXPECT_LT(capacity, 300'000u);
}

TEST(Buffer, GrowsToWhatIsAskedForAtOnce) {
    Buffer buffer(16);
    buffer.append(bytes_of("abc"));
    EXPECT_GE(buffer.room(1'000'000).size(), 1'000'000u);
    EXPECT_EQ(text_of(buffer.unread()), "abc");
}

TEST(Buffer, LosesAndInventsNothingWhateverIsDoneToIt) {
    Random random(3);
    Buffer buffer(16);
    std::string model;
    for (int step = 0; step < 20'000; ++step) {
        if (random.below(2) == 0) {
            const std::string more = some_text(random.below(64), random.next());
            buffer.append(bytes_of(more));
            model += more;
        } else {
            const std::size_t count = random.below(model.size() + 1);
            buffer.used(count);
            model.erase(0, count);
        }
        ASSERT_EQ(text_of(buffer.unread()), model) << "at step " << step;
    }
}

}  // namespace
}  // namespace fivetuple

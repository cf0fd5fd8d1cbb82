#include "fivetuple/protocol/framing/blocking_frames.h"

#include "fivetuple/os/clock.h"
#include "fivetuple/os/socket.h"
#include "fivetuple/protocol/framing/checksummed.h"
#include "fivetuple/protocol/framing/delimiter.h"
#include "fivetuple/protocol/framing/length_prefix.h"

#include <sys/socket.h>

#include "tests/testing/testing.h"
#include <string>
#include <thread>

namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

struct Ends {
    Socket left;
    Socket right;
};

Ends connected() {
    auto fds = socket_pair(SocketType::stream);
    EXPECT_TRUE(fds.has_value());
    return {Socket(std::move(fds->first)), Socket(std::move(fds->second))};
}

TEST(BlockingFrames, C3_WhatOneThreadWritesAnotherReads) {
    const NoDescriptorLeaks no_leaks;
    Ends ends = connected();
    constexpr int kCount = 500;
    std::thread writing([&ends] {
        blocking::FrameWriter writer(ends.left, Checksummed{.has_type = true});
        for (int count = 0; count < kCount; ++count) {
            const std::string payload = some_text(static_cast<std::size_t>(count) * 37);
            const auto type = static_cast<std::uint8_t>(count % 256);
            EXPECT_TRUE((count % 2 == 0 ? writer.add(bytes_of(payload), type)
                                        : writer.write(bytes_of(payload), type))
                            .has_value());
        }
        EXPECT_EQ(writer.waiting(), 0u);
        EXPECT_TRUE(ends.left.shutdown_write().has_value());
    });
    blocking::FrameReader reader(ends.right, Checksummed{.has_type = true});
    for (int count = 0; count < kCount; ++count) {
        const auto frame = reader.read();
        ASSERT_TRUE(frame.has_value() && frame->has_value());
        EXPECT_EQ(text_of((*frame)->payload), some_text(static_cast<std::size_t>(count) * 37));
        EXPECT_EQ((*frame)->type, count % 256);
    }
    const auto last = reader.read();
    EXPECT_TRUE(last.has_value() && !last->has_value());
    writing.join();
}

TEST(BlockingFrames, D1_ADeadlineLosesNothing) {
    Ends ends = connected();
    blocking::FrameReader reader(ends.right, Delimiter());
    EXPECT_TRUE(ends.left.write_all(bytes_of("one\ntw")));
    EXPECT_EQ(text_of((*reader.read())->payload), "one");
    const auto none = reader.read(after(monotonic_now(), 10ms));
    ASSERT_FALSE(none.has_value());
    EXPECT_TRUE(none.error().is_deadline());
    EXPECT_EQ(text_of(reader.rest()), "tw");
    EXPECT_TRUE(ends.left.write_all(bytes_of("o\n")));
    EXPECT_EQ(text_of((*reader.read())->payload), "two");
}

TEST(BlockingFrames, C3_AnEndInsideAFrameSaysWhatIsMissing) {
    Ends ends = connected();
    EXPECT_TRUE(ends.left.write_all(bytes_of(std::string_view("\0\5hel", 5))));
    EXPECT_TRUE(ends.left.shutdown_write().has_value());
    blocking::FrameReader reader(ends.right, LengthPrefix{.width = 2});
    const auto frame = reader.read();
    ASSERT_FALSE(frame.has_value());
    EXPECT_EQ(frame.error().message(),
              "frame: the stream ended inside a frame: 5 bytes had come, 2 were missing");
}

TEST(BlockingFrames, WhatADeadlineKeptFromGoingGoesNext) {
    Ends ends = connected();
    blocking::FrameWriter writer(ends.left, LengthPrefix{.limit = 16 << 20});
    const std::string payload = some_text(8 << 20);
    EXPECT_TRUE(writer.lend(bytes_of(payload)).has_value());
    const Transfer sent = writer.flush(after(monotonic_now(), 10ms));
    ASSERT_FALSE(sent);
    EXPECT_TRUE(sent.error().is_deadline());
    EXPECT_EQ(sent.bytes_moved() + writer.waiting(), payload.size() + 4);
    std::thread writing([&writer] { EXPECT_TRUE(writer.flush()); });
    blocking::FrameReader reader(ends.right, LengthPrefix{.limit = 16 << 20});
    const auto frame = reader.read();
    ASSERT_TRUE(frame.has_value() && frame->has_value());
    EXPECT_TRUE(text_of((*frame)->payload) == payload);
    writing.join();
}

TEST(BlockingFrames, ErrorsOfTheStreamComeThrough) {
    Ends ends = connected();
    ends.right = Socket();
    blocking::FrameWriter writer(ends.left, LengthPrefix{});
    EXPECT_TRUE(writer.write(bytes_of("x")).error().is(EPIPE));
}

}  // namespace
}  // namespace fivetuple::testing_help

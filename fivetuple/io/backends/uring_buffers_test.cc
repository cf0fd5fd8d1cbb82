#include "fivetuple/io/backends/uring_buffers.h"

#include "fivetuple/os/fd.h"

#include <sys/socket.h>

#include "tests/testing/testing.h"
#include <array>
#include <optional>
#include <set>

namespace fivetuple {
namespace {

// A ring of its own over a pair of sockets, where this kernel has such.
class UringBuffersTest : public ::testing::Test {
protected:
    static constexpr unsigned kCount = 4;
    static constexpr std::size_t kSize = 8;

    void SetUp() override {
        auto opened = UringRing::open(8);
        if (!opened) GTEST_SKIP() << opened.error().message();
        ring_.emplace(*std::move(opened));
        ASSERT_EQ(buffers_.register_with(*ring_), 0);
        ASSERT_EQ(ring_->enable(), 0);
        std::array<int, 2> raw{};
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, raw.data()), 0);
        here_ = Fd(raw[0]);
        there_ = Fd(raw[1]);
    }

    void send(std::string_view text) {
        ASSERT_EQ(::send(there_.raw(), text.data(), text.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(text.size()));
    }

    struct Received {
        int result = 0;
        std::uint16_t buffer = UringBuffers::kNone;
    };
    /// One receive into a buffer of the kernel's choice.
    Received receive() {
        io_uring_sqe* request = ring_->request();
        ::io_uring_prep_recv(request, here_.raw(), nullptr, 0, 0);
        request->flags |= IOSQE_BUFFER_SELECT;
        request->buf_group = UringBuffers::kGroup;
        buffers_.offer();
        while (ring_->completions() == 0) ring_->enter(true, Time(), kNever);
        const io_uring_cqe done = ring_->completion(0);
        ring_->drop_completion();
        Received received{done.res, UringBuffers::kNone};
        if ((done.flags & IORING_CQE_F_BUFFER) != 0) {
            received.buffer = static_cast<std::uint16_t>(done.flags >> IORING_CQE_BUFFER_SHIFT);
            buffers_.taken(received.buffer, static_cast<std::uint32_t>(done.res));
        }
        return received;
    }
    std::string_view unread(std::uint16_t buffer) { return text_of(buffers_.unread(buffer)); }

    UringBuffers buffers_{kCount, kSize};  // Outlives the ring that it is lent to.
    std::optional<UringRing> ring_;
    Fd here_;
    Fd there_;
};

TEST_F(UringBuffersTest, TheKernelFillsThemAndSaysWhich) {
    send("hello");
    const Received got = receive();
    ASSERT_EQ(got.result, 5);
    ASSERT_LT(got.buffer, kCount);
    EXPECT_EQ(unread(got.buffer), "hello");
    EXPECT_EQ(buffers_.unread(got.buffer).data(), buffers_.data(got.buffer));
}

TEST_F(UringBuffersTest, ReadingTakesFromTheFront) {
    send("hello");
    const Received got = receive();
    buffers_.read(got.buffer, 2);
    EXPECT_EQ(unread(got.buffer), "llo");
    buffers_.read(got.buffer, 3);
    EXPECT_EQ(unread(got.buffer), "");
}

TEST_F(UringBuffersTest, F54_WhenAllAreTakenTheKernelSaysSoAndTheBytesStayInTheSocket) {
    std::set<std::uint16_t> taken;
    send("0123456701234567012345670123456701");
    for (unsigned count = 0; count < kCount; ++count) {
        EXPECT_TRUE(buffers_.any());
        const Received got = receive();
        ASSERT_EQ(got.result, 8);
        EXPECT_EQ(unread(got.buffer), "01234567");
        taken.insert(got.buffer);
    }
    EXPECT_EQ(taken.size(), kCount) << "none is given out twice";
    EXPECT_FALSE(buffers_.any());
    EXPECT_EQ(receive().result, -ENOBUFS);
    buffers_.recycle(*taken.begin());
    EXPECT_TRUE(buffers_.any());
    const Received rest = receive();
    EXPECT_EQ(rest.result, 2);
    EXPECT_EQ(rest.buffer, *taken.begin());
    EXPECT_EQ(unread(rest.buffer), "01") << "what was read of it before is forgotten";
}

TEST_F(UringBuffersTest, GoRoundManyTimes) {
    for (int round = 0; round < 1000; ++round) {
        const std::string text = std::to_string(round);
        send(text);
        const Received got = receive();
        ASSERT_EQ(got.result, static_cast<int>(text.size()));
        ASSERT_EQ(unread(got.buffer), text);
        buffers_.recycle(got.buffer);
    }
}

TEST_F(UringBuffersTest, TakenOnesCanStandInAChain) {
    send("0123456789");
    const Received first = receive();
    const Received second = receive();
    EXPECT_EQ(buffers_.next(first.buffer), UringBuffers::kNone);
    buffers_.next(first.buffer) = second.buffer;
    EXPECT_EQ(unread(buffers_.next(first.buffer)), "89");
    EXPECT_EQ(buffers_.next(second.buffer), UringBuffers::kNone);
}

}  // namespace
}  // namespace fivetuple

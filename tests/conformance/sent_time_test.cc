#include "fivetuple/os/options.h"
#include "fivetuple/task/all_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/udp.h"

#include "tests/testing/world.h"
#include <array>
#include <chrono>
#include <cstdint>

// When datagrams leave, as the kernel tells through the error queue.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

class SentTimes : public TaskTest {
protected:
    UdpSocket bind(const UdpOptions& options = {}) {
        return UdpSocket::bind(loop(), loopback(), options).value();
    }
    UdpSocket bind_telling() { return bind({.tell = {.received_at = true}, .tell_sent = true}); }
};
FT_IN_ALL_WORLDS(SentTimes);

TEST_P(SentTimes, EachDatagramLeavesBeforeItComes) {
    UdpSocket here = bind_telling();
    UdpSocket there = bind_telling();
    run(loop(), [&]() -> Task<void> {
        const SocketAddress to = there.local_address().value();
        std::array<std::byte, 100> room;
        WallTime before{};
        for (std::uint32_t number = 0; number < 5; ++number) {
            auto sent = co_await here.send_to(bytes_of("when?"), to);
            EXPECT_TRUE(sent);
            auto left = co_await within(30s, here.sent_time());
            EXPECT_TRUE(left) << left.error().message();
            EXPECT_EQ(left->number, number);
            EXPECT_GE(left->at, before);
            auto got = co_await within(30s, there.receive(room));
            EXPECT_TRUE(got && got->details.received_at);
            EXPECT_LE(left->at, *got->details.received_at);
            before = left->at;
        }
        EXPECT_GT(before, WallTime(std::chrono::hours(24 * 365 * 40)));
    }());
}

TEST_P(SentTimes, ManyAreTakenLater) {
    UdpSocket here = bind_telling();
    UdpSocket there = bind();
    run(loop(), [&]() -> Task<void> {
        const SocketAddress to = there.local_address().value();
        for (int count = 0; count < 100; ++count) {
            auto sent = co_await here.send_to(bytes_of("one of many"), to);
            EXPECT_TRUE(sent);
        }
        for (std::uint32_t number = 0; number < 100; ++number) {
            auto left = co_await within(30s, here.sent_time());
            EXPECT_TRUE(left && left->number == number);
        }
        auto none = co_await within(5ms, here.sent_time());
        EXPECT_TRUE(!none && none.error().is_deadline());
    }());
}

TEST_P(SentTimes, WhoWaitsIsToldWhenOneLeaves) {
    UdpSocket here = bind_telling();
    UdpSocket there = bind();
    auto wait = [](UdpSocket& socket) -> Task<Result<SentTime>> {
        co_return co_await within(30s, socket.sent_time());
    };
    auto send_soon = [](UdpSocket& socket, SocketAddress to) -> Task<Result<void>> {
        FT_CO_TRY_VOID(co_await sleep(5ms));
        co_return co_await socket.send_to(bytes_of("now"), to);
    };
    run(loop(), [&]() -> Task<void> {
        auto both = co_await all_of(wait(here), send_soon(here, there.local_address().value()));
        EXPECT_TRUE(both) << both.error().message();
        EXPECT_EQ(both->get<0>().number, 0u);
    }());
}

TEST_P(SentTimes, ASocketThatWasNotAskedSaysSo) {
    UdpSocket here = bind();
    run(loop(), [&]() -> Task<void> {
        auto none = co_await here.sent_time();
        EXPECT_TRUE(!none && none.error().is(EINVAL));
        EXPECT_EQ(none.error().message(),
                  "recvmsg: the socket was not opened with UdpOptions::tell_sent");
    }());
}

TEST_P(SentTimes, ADatagramThatCameBackEndsTheWaiting) {
    UdpSocket gone = bind();
    const SocketAddress nobody = gone.local_address().value();
    gone.close();
    run(loop(), [&]() -> Task<void> {
        auto connected = co_await UdpSocket::connect(nobody, {.tell_sent = true});
        EXPECT_TRUE(connected);
        auto sent = co_await connected->send(bytes_of("anybody?"));
        EXPECT_TRUE(sent);
        auto left = co_await within(30s, connected->sent_time());
        EXPECT_TRUE(left && left->number == 0);
        auto none = co_await within(30s, connected->sent_time());
        EXPECT_TRUE(!none && none.error().is(ECONNREFUSED)) << none.error().message();
    }());
}

// A time that nobody takes makes the socket look broken all the while.
TEST_P(SentTimes, AReceiveSleepsWhileTimesComeLate) {
    UdpSocket here = bind_telling();
    UdpSocket there = bind();
    const SocketAddress to = there.local_address().value();
    const SocketAddress own = here.local_address().value();
    auto receive = [](UdpSocket& socket) -> Task<Result<Datagram>> {
        std::array<std::byte, 100> room;
        co_return co_await within(30s, socket.receive(room));
    };
    auto disturb = [](UdpSocket& socket, UdpSocket& peer, SocketAddress where,
                      SocketAddress back) -> Task<Result<void>> {
        Loop& loop = co_await this_loop();
        FT_CO_TRY_VOID(co_await sleep(5ms));
        // Past the socket's own send(), which would look into the queue.
        struct SendOp : Op {
            bool done = false;
        };
        SendOp op;
        DatagramToSend datagram(bytes_of("unseen"), &where);
        op.ask_send_messages(socket.handle(), {&datagram.prepare(), 1});
        op.run = [](Job& job) { static_cast<SendOp&>(static_cast<Op&>(job)).done = true; };
        loop.backend().submit(op);
        const std::uint64_t before = loop.backend().stats().calls;
        FT_CO_TRY_VOID(co_await sleep(50ms));
        EXPECT_TRUE(op.done);
        EXPECT_EQ(op.result, 1);
        EXPECT_LT(loop.backend().stats().calls - before, 50u);
        co_return co_await peer.send_to(bytes_of("at last"), back);
    };
    run(loop(), [&]() -> Task<void> {
        auto both = co_await all_of(receive(here), disturb(here, there, to, own));
        EXPECT_TRUE(both) << both.error().message();
        auto left = co_await within(30s, here.sent_time());
        EXPECT_TRUE(left && left->number == 0);
    }());
}

}  // namespace
}  // namespace fivetuple::testing_help

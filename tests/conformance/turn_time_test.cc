#include "fivetuple/task/all_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/tcp.h"

#include "tests/testing/both_ends.h"
#include "tests/testing/world.h"

// Limits of time go by the time at which a turn began: it is that behind the sleep, not before.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

class TurnTimes : public ConnectionTest {};
FT_IN_ALL_WORLDS(TurnTimes);

Task<Result<void>> write_later(TcpStream& stream, Time& began_to_write) {
    FT_CO_TRY_VOID(co_await sleep(5ms));
    began_to_write = stream.loop().now();
    auto sent = co_await stream.write_all(bytes_of("late"));
    EXPECT_TRUE(sent);
    co_return {};
}

Task<Result<Time>> read_and_look(TcpStream& stream) {
    FT_CO_TRY(const Lease got, co_await within(20s, stream.read()));
    EXPECT_EQ(text_of(got.bytes()), "late");
    co_return stream.loop().turn_began();
}

TEST_P(TurnTimes, F79_WhatEndsASleepIsOfTheTurnBehindIt) {
    on_both_ends([](TcpStream client, TcpStream server) -> Task<void> {
        for (int times = 0; times < 20; ++times) {
            Time began_to_write{};
            auto both = co_await all_of(write_later(client, began_to_write), read_and_look(server));
            EXPECT_TRUE(both);
            if (!both) co_return;
            EXPECT_GE(both->template get<1>(), began_to_write);
        }
    });
}

}  // namespace
}  // namespace fivetuple::testing_help

#include "fivetuple/server/board.h"

#include "tests/testing/child.h"
#include "tests/testing/testing.h"
#include <csignal>
#include <thread>
#include <vector>

namespace fivetuple::testing_help {
namespace {

IpAddress address(unsigned last, unsigned network = 0) {
    return IpAddress(IpAddress::V4Bytes{10, 1, static_cast<std::uint8_t>(network),
                                        static_cast<std::uint8_t>(last)});
}

std::shared_ptr<Board> board_for(const ServerLimits& limits, unsigned workers = 3) {
    auto board = Board::make(workers, limits, 1);
    EXPECT_TRUE(board);
    return board ? *std::move(board) : nullptr;
}

TEST(Board, F95_TheLimitsHoldForAllWorkersTogether) {
    ServerLimits limits;
    limits.connections = 10;
    limits.per_address = 4;
    limits.per_network = 6;
    const auto board = board_for(limits);
    for (unsigned each = 0; each < 4; ++each) EXPECT_FALSE(board->enter(each % 3, address(1)));
    EXPECT_EQ(board->enter(1, address(1)), Reason::address);
    EXPECT_FALSE(board->enter(1, address(2)));
    EXPECT_FALSE(board->enter(2, address(3)));
    EXPECT_EQ(board->enter(2, address(4)), Reason::network);
    for (unsigned each = 0; each < 4; ++each) EXPECT_FALSE(board->enter(0, address(5, each + 1)));
    EXPECT_EQ(board->enter(2, std::nullopt), Reason::connections);
    EXPECT_EQ(board->connections(), 10u);
    board->leave(0, address(1));
    EXPECT_FALSE(board->enter(2, address(1)));
}

TEST(Board, F126_WhatLeavesIsForgottenWhole) {
    ServerLimits limits;
    limits.per_address = 1;
    const auto board = board_for(limits);
    for (unsigned round = 0; round < 3; ++round) {
        for (unsigned each = 0; each < 250; ++each) {
            ASSERT_FALSE(board->enter(each % 3, address(each, each)));
        }
        for (unsigned each = 0; each < 250; ++each) board->leave(each % 3, address(each, each));
    }
    EXPECT_EQ(board->connections(), 0u);
}

TEST(Board, MemoryThatIsHeldIsCountedTogether) {
    ServerLimits limits;
    limits.held_all = 100;
    const auto board = board_for(limits);
    EXPECT_TRUE(board->hold(0, 60));
    EXPECT_TRUE(board->hold(1, 40));
    EXPECT_FALSE(board->hold(2, 1));
    EXPECT_FALSE(board->hold(2, SIZE_MAX));
    board->let_go(0, 10);
    EXPECT_TRUE(board->hold(2, 10));
    EXPECT_EQ(board->held(), 100u);
}

TEST(Board, WhatADeadWorkerHadOpenIsWipedOffAndWhatItCountedStays) {
    ServerLimits limits;
    limits.connections = 3;
    limits.per_address = 2;
    const auto board = board_for(limits);
    EXPECT_FALSE(board->enter(0, address(1)));
    const std::string outcome = in_child([&]() -> std::string {
        if (board->enter(1, address(1)) || board->enter(1, std::nullopt)) return "refused";
        if (!board->hold(1, 1000)) return "no memory";
        board->counters(1).accepted = 2;
        board->counters(1).active = 2;
        board->counters(1).handler_time.record(5);
        ::raise(SIGKILL);
        return "alive";
    });
    EXPECT_EQ(outcome, "the child died");
    EXPECT_EQ(board->connections(), 3u);
    EXPECT_EQ(board->enter(0, std::nullopt), Reason::connections);
    board->wipe(1);
    EXPECT_EQ(board->connections(), 1u);
    EXPECT_EQ(board->held(), 0u);
    EXPECT_FALSE(board->enter(2, address(1)));
    EXPECT_EQ(board->enter(2, address(1)), Reason::address);
    EXPECT_EQ(board->counters(1).accepted, 2u);
    EXPECT_EQ(board->counters(1).active, 0u);
    EXPECT_EQ(board->counters(1).handler_time.count(), 1u);
}

TEST(Board, NumbersOfConnectionsAreNeverTheSame) {
    const auto board = board_for({});
    const std::string childs = in_child([&] { return std::to_string(board->next_id()); });
    EXPECT_EQ(childs, "1");
    EXPECT_EQ(board->next_id(), 2u);
}

TEST(Board, F95_ThoseWhoComeAtOnceNeverPassTheLimit) {
    ServerLimits limits;
    limits.connections = 100;
    const auto board = board_for(limits, 4);
    std::vector<std::thread> threads;
    std::atomic<int> entered = 0;
    for (unsigned worker = 0; worker < 4; ++worker) {
        threads.emplace_back([&, worker] {
            for (int each = 0; each < 1000; ++each) {
                if (board->enter(worker, std::nullopt)) continue;
                entered++;
                EXPECT_LE(board->connections(), 104u)
                    << "those that are turned away count a moment";
            }
        });
    }
    for (std::thread& each : threads) each.join();
    EXPECT_LE(entered, 100);
    EXPECT_EQ(board->connections(), static_cast<std::size_t>(entered.load()));
    while (!board->enter(0, std::nullopt)) entered++;
    EXPECT_EQ(entered, 100);
}

}  // namespace
}  // namespace fivetuple::testing_help

#include "fivetuple/task/tree.h"

#include "fivetuple/task/event.h"
#include "fivetuple/task/first_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/tcp.h"

#include "tests/testing/quiet_loop.h"
#include "tests/testing/world.h"
#include <array>
#include <optional>
#include <regex>
#include <string>
#include <vector>

namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

// With every line number as #, so that the tests may move in their file.
std::string without_lines(const std::string& text) {
    return std::regex_replace(text, std::regex("tree_test.cc:[0-9]+"), "tree_test.cc:#");
}

std::string tree_of(Loop& loop) { return without_lines(to_string(task_tree(loop))); }

// --- Its shape, on a clock that only moves when all wait ----------------------------------------

class TreeShape : public QuietTest {};

Task<std::string> tree_from_inside() {
    Loop& loop = co_await this_loop();
    co_return tree_of(loop);
}

TEST_F(TreeShape, OfALoopOnWhichNothingRunsIsEmpty) {
    EXPECT_TRUE(task_tree(loop()).empty());
    EXPECT_EQ(to_string(std::vector<TaskReport>()), "");
}

TEST_F(TreeShape, WhoAsksIsInItAndAwaitsNothing) {
    EXPECT_EQ(run(loop(), tree_from_inside()), "root of tree_test.cc:#\n");
    EXPECT_TRUE(task_tree(loop()).empty()) << "what has ended is not in it";
}

Task<void> waits(Event& event) { static_cast<void>(co_await event.wait()); }
Task<void> waits_deeply(Event& event, int depth) {
    if (depth == 0) {
        co_await waits(event);
    } else {
        co_await waits_deeply(event, depth - 1);
    }
}
Task<void> waits_in_time(Event& event) { static_cast<void>(co_await within(10s, event.wait())); }

Task<Result<std::string>> three_children(Scope& scope, Event& event) {
    scope.spawn(waits, std::ref(event));
    scope.spawn(waits_deeply, std::ref(event), 2);
    scope.spawn(waits_in_time, std::ref(event));
    FT_CO_TRY_VOID(co_await sleep(1500ms));
    std::string tree = tree_of(scope.loop());
    event.set();
    co_return tree;
}

Task<std::string> scope_with_children() {
    Event event;
    auto tree = co_await with_scope(three_children, std::ref(event));
    co_return tree.value_or("an error");
}

TEST_F(TreeShape, ShowsWhereEachTaskWaitsForWhatAndSinceWhen) {
    EXPECT_EQ(run(loop(), scope_with_children()),
              "root of tree_test.cc:#\n"
              "  scope\n"
              "    task > tree_test.cc:#: wait for an event for 1.500 s\n"
              "    task > tree_test.cc:# > tree_test.cc:# > tree_test.cc:# > tree_test.cc:#: "
              "wait for an event for 1.500 s\n"
              "    task\n"
              "      limit of tree_test.cc:#, 8.500 s left: wait for an event for 1.500 s\n");
}

Task<Result<std::vector<TaskReport>>> reports(Scope& scope, Event& event) {
    scope.spawn(waits_deeply(event, 1));
    FT_CO_TRY_VOID(co_await sleep(250ms));
    auto tree = task_tree(scope.loop());
    event.set();
    co_return tree;
}

Task<std::vector<TaskReport>> reports_of_scope() {
    Event event;
    auto tree = co_await with_scope(reports, std::ref(event));
    co_return tree.value_or(std::vector<TaskReport>());
}

TEST_F(TreeShape, AReportNamesTheLinesThatSpawnedAndThatAwait) {
    const auto tree = run(loop(), reports_of_scope());
    ASSERT_EQ(tree.size(), 3u);
    const TaskReport& child = tree.back();
    EXPECT_EQ(child.depth, 2);
    EXPECT_EQ(child.kind, Node::Kind::task);
    EXPECT_FALSE(child.is_stopping);
    EXPECT_EQ(child.awaits, "wait for an event");
    EXPECT_EQ(child.socket, "");
    EXPECT_EQ(child.since, 250ms);
    EXPECT_EQ(child.time_left, std::nullopt);
    EXPECT_NE(std::string(child.made_at.file_name()).find("tree_test.cc"), std::string::npos);
    ASSERT_EQ(child.stack.size(), 3u);
    // Outermost first: the line of the recursion, the line that awaits waits(), and waits()' own.
    EXPECT_GT(child.stack[0].line(), child.stack[1].line());
    EXPECT_GT(child.stack[1].line(), child.stack[2].line());
}

Task<std::vector<TaskReport>> looks_after(Duration pause) {
    Loop& loop = co_await this_loop();
    static_cast<void>(co_await sleep(pause));
    co_return task_tree(loop);
}

Task<std::vector<TaskReport>> race_with(Event& event) {
    auto won = co_await within(1s, first_of(event.wait(), looks_after(300ms)));
    co_return std::move(won.get<1>());
}

TEST_F(TreeShape, ShowsTheBranchesOfARaceAndTheLimitAboveThem) {
    Event event;
    std::string shape;
    for (const TaskReport& each : run(loop(), race_with(event))) {
        shape += std::string(static_cast<std::size_t>(each.depth), '-');
        shape += each.kind == Node::Kind::root    ? "root"
                 : each.kind == Node::Kind::limit ? "limit"
                                                  : "branch";
        if (!each.awaits.empty()) shape += ": " + each.awaits;
        EXPECT_EQ(each.time_left.value_or(700ms), 700ms);
        shape += '\n';
    }
    EXPECT_EQ(shape,
              "root\n-limit: wait for branches\n--branch\n---branch: wait for an event\n"
              "---branch\n");
}

Task<Result<std::string>> asked_to_end(Scope& scope) {
    scope.cancel();
    co_return tree_of(scope.loop());
}

Task<std::string> cancelled_scope() {
    auto tree = co_await with_scope(asked_to_end);
    co_return tree.value_or("an error");
}

TEST_F(TreeShape, ShowsWhatHasBeenAskedToEnd) {
    EXPECT_EQ(run(loop(), cancelled_scope()), "root of tree_test.cc:#\n  scope, stopping\n");
}

// --- What it says of sockets ---------------------------------------------------------------------

class TreeSockets : public TaskTest {};
FT_IN_ALL_WORLDS(TreeSockets);

struct Seen {
    std::string tree;
    std::string listener;
    std::string server;
};

Task<void> reads(TcpStream stream) {
    std::array<std::byte, 8> room;
    static_cast<void>(co_await stream.read_some(room));
}
Task<void> leases(TcpStream stream) { static_cast<void>(co_await stream.read()); }
Task<void> accepts(TcpListener listener) { static_cast<void>(co_await listener.accept()); }

Task<Result<void>> look_at_sockets(Scope& scope, SocketAddress loopback, Seen& seen) {
    FT_CO_TRY(auto listener, TcpListener::bind(scope.loop(), loopback));
    FT_CO_TRY(const auto address, listener.local_address());
    FT_CO_TRY(auto client, co_await TcpStream::connect(address));
    FT_CO_TRY(auto server, co_await listener.accept());
    seen.listener = address.to_string();
    seen.server = server.five_tuple()->to_string();
    scope.spawn(leases, std::move(server));
    scope.spawn(accepts, std::move(listener));
    FT_CO_TRY_VOID(co_await sleep(1ms));
    seen.tree = to_string(task_tree(scope.loop()));
    scope.cancel();
    co_return {};
}

TEST_P(TreeSockets, H4_EachIsNamedByItsFiveTupleOrItsAddress) {
    Seen seen;
    auto done = run(loop(), with_scope(look_at_sockets, loopback(), std::ref(seen)));
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_NE(seen.tree.find(": recv on " + seen.server + " for "), std::string::npos) << seen.tree;
    EXPECT_NE(seen.tree.find(": accept on " + seen.listener + " for "), std::string::npos)
        << seen.tree;
}

Task<Result<void>> spawn_hundreds(Scope& scope, SocketAddress loopback, std::size_t& nodes) {
    FT_CO_TRY(auto listener, TcpListener::bind(scope.loop(), loopback));
    FT_CO_TRY(const auto address, listener.local_address());
    std::vector<TcpStream> clients;
    clients.reserve(200);
    for (int count = 0; count < 200; ++count) {
        FT_CO_TRY(auto client, co_await TcpStream::connect(address));
        FT_CO_TRY(auto server, co_await listener.accept());
        clients.push_back(std::move(client));
        scope.spawn(reads, std::move(server));
    }
    FT_CO_TRY_VOID(co_await yield());
    // Looking costs the loop nothing: no Op is submitted for it.
    const auto before = scope.loop().backend().stats();
    nodes = task_tree(scope.loop()).size();
    EXPECT_EQ(scope.loop().backend().stats().completions, before.completions);
    scope.cancel();
    co_return {};
}

TEST_P(TreeSockets, H4_HundredsOfTasksAreAllInIt) {
    std::size_t nodes = 0;
    auto done = run(loop(), with_scope(spawn_hundreds, loopback(), std::ref(nodes)));
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_EQ(nodes, 202u) << "the root, the scope and their children";
}

}  // namespace
}  // namespace fivetuple::testing_help

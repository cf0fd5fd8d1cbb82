#include "fivetuple/sim/story/story.h"

#include "fivetuple/sim/story/drawing.h"
#include "fivetuple/sim/story/socket_table.h"
#include "fivetuple/sim/world.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/transport/tcp.h"

#include <gtest/gtest.h>

#include "tests/testing/simulated_peers.h"
#include <algorithm>
#include <string>
#include <vector>

namespace fivetuple::sim {
namespace {

using namespace std::chrono_literals;
using testing_help::at;

Task<void> take_one(SocketAddress where) {
    auto listener = TcpListener::bind(co_await this_loop(), where);
    auto peer = co_await listener->accept();
    while (true) {
        auto got = co_await peer->read();
        if (!got || got->empty()) co_return;
    }
}

Task<void> send_some(SocketAddress whom, std::size_t size) {
    auto stream = co_await TcpStream::connect(whom);
    const std::vector<std::byte> bytes(size);
    auto sent = co_await stream->write_all(bytes);
    EXPECT_TRUE(sent);
    co_await sleep(3s);
}

class StoryTest : public ::testing::Test {
protected:
    void tell(const LinkOptions& link, std::size_t size) {
        world.observe(&story);
        world.link(client, server, link);
        server.run(take_one(at("10.0.0.1:7")));
        client.run(send_some(at("10.0.0.1:7"), size));
        world.run_until_idle();
        text = story.to_string();
    }
    std::size_t count(const std::string& part) const {
        return static_cast<std::size_t>(std::ranges::count_if(
            story.lines(),
            [&](const Story::Line& line) { return line.text.find(part) != std::string::npos; }));
    }

    World world{5};
    Host& server = world.host("server", "10.0.0.1");
    Host& client = world.host("client", "10.0.0.2");
    Story story;
    std::string text;
};

TEST_F(StoryTest, TellsTheLifeOfAConnection) {
    tell({.delay = 10ms}, 1000);
    EXPECT_EQ(count("-> SYN-SENT"), 1u) << text;
    EXPECT_EQ(count("SYN-SENT -> ESTAB"), 1u) << text;
    EXPECT_EQ(count("-> TIME-WAIT"), 1u) << text;
    EXPECT_EQ(count("TIME-WAIT -> gone"), 1u) << text;
    EXPECT_EQ(count("nothing on any cable"), 1u) << text;
    EXPECT_EQ(count("sends again"), 0u) << text;
    EXPECT_EQ(story.counters().lost, 0u);
}

TEST_F(StoryTest, TellsWhatIsLostAndWhatIsSentAgain) {
    tell({.delay = 10ms, .rate = 5'000'000, .queue = 8'000, .loss = 0.02}, 300'000);
    EXPECT_GT(count("lost (loss)"), 3u);
    EXPECT_GT(count("lost (queue)"), 3u);
    EXPECT_GT(count("sends again"), 6u);
    EXPECT_EQ(count("lost ("), story.counters().lost);
    EXPECT_FALSE(story.windows().empty());
    ASSERT_FALSE(story.queues().empty());
    for (const Story::Sample& sample : story.queues().at("client-server")) {
        EXPECT_LE(sample.value, 8'000u);
    }
    const auto arrived = std::ranges::count_if(
        story.arrows(), [](const Story::Arrow& arrow) { return arrow.arrived != kNever; });
    EXPECT_EQ(static_cast<std::uint64_t>(arrived), story.counters().sent - story.counters().lost);
}

TEST_F(StoryTest, LeavesTheMiddleOutOfWhatIsLong) {
    tell({.delay = 10ms}, 1000);
    const std::string some = story.to_string(4);
    EXPECT_EQ(std::ranges::count(some, '\n'), 5) << some;
    EXPECT_NE(some.find("more lines"), std::string::npos) << some;
    EXPECT_NE(some.find("gone"), std::string::npos) << some;
}

TEST_F(StoryTest, IsDrawn) {
    tell({.delay = 10ms, .rate = 5'000'000, .loss = 0.05}, 100'000);
    const std::string svg = draw(story, {.title = "a < b & c"});
    EXPECT_TRUE(svg.starts_with("<svg ")) << svg.substr(0, 100);
    EXPECT_TRUE(svg.ends_with("</svg>\n"));
    EXPECT_NE(svg.find("a &lt; b &amp; c"), std::string::npos);
    for (const char* part : {"congestion window", "queue before", "class=\"lost\"",
                             "class=\"again\"", ">SYN ACK</text>", ">client</text>"}) {
        EXPECT_NE(svg.find(part), std::string::npos) << part;
    }
}

TEST_F(StoryTest, AndNothingIsAPictureToo) {
    EXPECT_TRUE(draw(story).ends_with("</svg>\n"));
    EXPECT_EQ(story.to_string(), "");
}

TEST_F(StoryTest, ATableOfSocketsIsThatOfSs) {
    world.link(client, server, {.delay = 10ms});
    server.run(take_one(at("10.0.0.1:7")));
    client.run(send_some(at("10.0.0.1:7"), 5000));
    world.run_for(1s);
    const std::string table = socket_table(server);
    EXPECT_NE(table.find("LISTEN  0       4096    10.0.0.1:7"), std::string::npos) << table;
    EXPECT_NE(table.find("ESTAB   0       0       10.0.0.1:7"), std::string::npos) << table;
    world.run_until_idle();
    EXPECT_EQ(socket_table(client), "");
}

}  // namespace
}  // namespace fivetuple::sim

#include "fivetuple/os/options.h"

#include "fivetuple/task/run.h"
#include "fivetuple/transport/tcp.h"
#include "fivetuple/transport/unix.h"

#include "tests/testing/world.h"
#include <chrono>

// The options of a loop's streams and listeners; what the options themselves do, the tests beside
// them tell.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class StreamOptions : public TaskTest {
protected:
    /// Runs `body(client, server, listener)` with a connection.
    template <class Body>
    void with_connection(Body body) {
        auto task = [](World& world, Body what) -> Task<void> {
            Loop& here = co_await this_loop();
            auto listener = TcpListener::bind(here, world.loopback());
            auto address = listener->local_address();
            auto client = co_await TcpStream::connect(*address);
            auto server = co_await listener->accept();
            if (!client || !server) {
                ADD_FAILURE() << "no connection";
                co_return;
            }
            what(*client, *server, *listener);
        };
        run(loop(), task(world(), body));
    }
};
FT_IN_ALL_WORLDS(StreamOptions);

TEST_P(StreamOptions, E1_AStreamTakesThemAndTellsThem) {
    with_connection([](TcpStream& client, TcpStream&, TcpListener&) {
        EXPECT_TRUE(get<NoDelay>(client)->on) << "ours are without Nagle's delay";
        ASSERT_TRUE(set(client, UserTimeout{5s}));
        EXPECT_EQ(get<UserTimeout>(client)->value, 5s);
        const OptionReport report = apply(client, ReceiveBuffer{50000}, KeepAlive{},
                                          KeepAliveIdle{30s}, KeepAliveProbes{128});
        EXPECT_EQ(report.outcomes()[0].outcome, Kept::doubled);
        EXPECT_EQ(report.outcomes()[1].outcome, Kept::as_asked);
        EXPECT_EQ(report.outcomes()[2].outcome, Kept::as_asked);
        EXPECT_EQ(report.outcomes()[3].outcome, Kept::refused);
    });
}

TEST_P(StreamOptions, AnAcceptedStreamHasWhatItsListenerHad) {
    with_connection([](TcpStream&, TcpStream& server, TcpListener&) {
        EXPECT_TRUE(get<NoDelay>(server)->on);
        EXPECT_TRUE(get<ReuseAddress>(server)->on);
    });
}

TEST_P(StreamOptions, AStreamTellsItsTcpInfo) {
    with_connection([](TcpStream& client, TcpStream& server, TcpListener& listener) {
        EXPECT_EQ(get<TcpInfo>(client)->state, TcpState::established);
        EXPECT_EQ(get<TcpInfo>(server)->state, TcpState::established);
        EXPECT_EQ(get<TcpInfo>(listener)->state, TcpState::listening);
        EXPECT_TRUE(get<IsListening>(listener)->on);
        EXPECT_NE(get<SocketCookie>(client)->value, get<SocketCookie>(server)->value);
    });
}

TEST_P(StreamOptions, AMissingOptionIsAnErrorWithTheKindOfSocket) {
    FT_NEEDS_KERNEL("Unix sockets");
    const TemporaryFolder folder;
    auto task = [](SocketAddress at) -> Task<std::string> {
        Loop& here = co_await this_loop();
        auto listener = UnixListener::bind(here, at);
        auto done = set(*listener, NoDelay{});
        co_return done ? "it is there" : done.error().message();
    };
    EXPECT_THAT(run(loop(), task(SocketAddress::unix_path(folder.path("socket")).value())),
                HasSubstr("setsockopt TCP_NODELAY: a Unix stream socket has no such option"));
}

TEST_P(StreamOptions, AClosedStreamHasNone) {
    with_connection([](TcpStream& client, TcpStream&, TcpListener&) {
        client.close();
        const auto told = get<NoDelay>(client);
        ASSERT_FALSE(told);
        EXPECT_TRUE(told.error().is(EBADF)) << told.error().message();
        EXPECT_FALSE(apply(client, NoDelay{}).all_set());
    });
}

}  // namespace
}  // namespace fivetuple::testing_help

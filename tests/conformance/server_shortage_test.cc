#include "fivetuple/transport/connect.h"

#include "tests/testing/few_descriptors.h"
#include "tests/testing/served.h"
#include <cerrno>
#include <string>
#include <vector>

// A server without descriptors.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

class ServerShortage : public ServedTest {
    FewDescriptors few_;
};
FT_IN_KERNEL_WORLDS(ServerShortage);

// A client's socket that was opened before there were none left.
Result<TcpStream> open_early(Loop& loop, const SocketAddress& at) {
    FT_TRY(const Handle socket, loop.sockets().open(at.family(), SocketType::stream, 0));
    return TcpStream(loop, socket);
}

TEST_P(ServerShortage, F01_ItWaitsServesOnSaysSoOnceAndRecovers) {
    ServerOptions with = options();
    with.limits.shortage_patience = ServerLimits::kForever;
    std::vector<std::string> said;
    with.log = [&said](std::string_view line) { said.emplace_back(line); };
    const auto body = [](Server& server, SocketAddress at) -> Task<void> {
        auto early = co_await TcpStream::connect(at);
        const std::string before = co_await answer_to(*early, "before");
        EXPECT_EQ(before, "before");
        auto late = open_early(server.loop(), at);
        {
            const NoDescriptorLeft shortage;
            auto connected = co_await ConnectSocket(late->handle(), at);
            EXPECT_TRUE(connected);
            const bool short_now =
                co_await comes_true([&server] { return server.counters().shortages >= 3; });
            EXPECT_TRUE(short_now);
            const std::string meanwhile = co_await answer_to(*early, "meanwhile");
            EXPECT_EQ(meanwhile, "meanwhile");
        }
        const std::string afterwards = co_await answer_to(*late, "afterwards");
        EXPECT_EQ(afterwards, "afterwards");
    };
    EXPECT_TRUE(serve_beside(with, echo_connection, body));
    EXPECT_EQ(said.size(), 1u);
    EXPECT_EQ(said.front(), "new connections wait: accept: Too many open files");
    EXPECT_EQ(last().reasons[Reason::shortage], 0u);
}

TEST_P(ServerShortage, F01_WhoWaitsTooLongIsTurnedAwayByTheSpareDescriptor) {
    ServerOptions with = options();
    with.limits.shortage_patience = 20ms;
    with.farewell = [](Reason why) { return "no: " + std::string(to_string(why)); };
    const auto body = [](Server& server, SocketAddress at) -> Task<void> {
        auto late = open_early(server.loop(), at);
        auto other = open_early(server.loop(), at);
        {
            const NoDescriptorLeft shortage;
            auto connected = co_await ConnectSocket(late->handle(), at);
            EXPECT_TRUE(connected);
            const std::string heard = co_await all_of_it(*late);
            EXPECT_EQ(heard, "no: shortage");
        }
        auto connected = co_await ConnectSocket(other->handle(), at);
        EXPECT_TRUE(connected);
        const std::string afterwards = co_await answer_to(*other, "afterwards");
        EXPECT_EQ(afterwards, "afterwards");
    };
    EXPECT_TRUE(serve_beside(with, echo_connection, body));
    EXPECT_EQ(last().reasons[Reason::shortage], 1u);
}

}  // namespace
}  // namespace fivetuple::testing_help

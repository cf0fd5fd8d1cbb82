#include "fivetuple/base/pool.h"
#include "fivetuple/os/options.h"
#include "fivetuple/server/activation.h"
#include "fivetuple/server/hand_over.h"
#include "fivetuple/server/lingering.h"
#include "fivetuple/task/all_of.h"
#include "fivetuple/task/first_of.h"
#include "fivetuple/task/scope.h"

#include "tests/testing/served.h"
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

// A server through which many connections go, and servers that succeed each other meanwhile.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

class ServerChurn : public ServedTest {};
FT_IN_KERNEL_WORLDS(ServerChurn);

/// So many connections, one after the other; every second one is ended by a reset.
Task<Result<void>> come_and_go(SocketAddress at, int times) {
    for (int each = 0; each < times; ++each) {
        auto peer = co_await TcpStream::connect(at);
        EXPECT_TRUE(peer) << peer.error().message();
        if (!peer) co_return {};
        const std::string answer = co_await answer_to(*peer, "and gone");
        EXPECT_EQ(answer, "and gone");
        if (each % 2 == 1) close_by_reset(*peer);
    }
    co_return {};
}

TEST_P(ServerChurn, ConnectionsThatCameAndWentLeaveNothingBehind) {
    const auto body = [](Server& server, SocketAddress at) -> Task<void> {
        const auto is_quiet = [&server] {
            const ServerCounters counters = server.counters();
            return counters.active == 0 && counters.lingering == 0;
        };
        // What it takes to have a few at a time is there after some.
        auto first = co_await come_and_go(at, 20);
        EXPECT_TRUE(first);
        bool has_settled = co_await comes_true(is_quiet);
        EXPECT_TRUE(has_settled);
        const std::int64_t before = pool_stats().in_use;
        auto all =
            co_await all_of(come_and_go(at, 100), come_and_go(at, 100), come_and_go(at, 100));
        EXPECT_TRUE(all);
        has_settled = co_await comes_true(is_quiet);
        EXPECT_TRUE(has_settled);
        // The frame of comes_true() itself has been given back.
        EXPECT_EQ(pool_stats().in_use, before);
        EXPECT_TRUE(server.connections().empty());
    };
    EXPECT_TRUE(serve_beside(options(), echo_connection, body));
    EXPECT_EQ(last().accepted, 320u);
    EXPECT_EQ(last().served, 320u);
}

/// A generation of a server: it serves until the next one has taken over, then ends in order.
class Generation {
public:
    Generation(Loop& loop, ServerOptions options)
        : server_(loop, std::move(options), echo_connection) {}
    Server& server() { return server_; }

    Task<Result<void>> begin(std::vector<InheritedSocket> given) {
        FT_CO_TRY_VOID(server_.listen());
        for (InheritedSocket& each : given) {
            FT_CO_TRY(auto listener, adopt_tcp_listener(server_.loop(), std::move(each)));
            server_.add(std::move(listener));
        }
        co_return {};
    }

    Task<Result<void>> serve_until_succeeded(SocketAddress at) {
        FT_CO_TRY(auto successor, HandOver::listen(server_.loop(), at));
        FT_CO_TRY(auto listeners, server_.share_listeners(Server::Domain::any));
        std::vector<HandedSocket> sockets;
        for (const Fd& each : listeners) sockets.push_back({"main", each.raw()});
        FT_CO_TRY_VOID(co_await within(20s, successor.wait(std::move(sockets))));
        Drain how;
        how.quiet = 50ms;
        server_.drain(how);
        co_return {};
    }

private:
    Server server_;
};

/// Serves in its turn; the one before it ends.
Task<Result<void>> succeed(Scope& scope, Generation& next, SocketAddress at) {
    FT_CO_TRY(TakeOver taken, co_await within(20s, TakeOver::ask(at)));
    FT_CO_TRY_VOID(co_await next.begin(std::move(taken.sockets)));
    scope.spawn(next.server().serve());
    FT_CO_TRY_VOID(co_await within(20s, taken.ready()));
    scope.spawn(next.serve_until_succeeded(at));
    co_return {};
}

using Generations = std::vector<std::unique_ptr<Generation>>;

std::uint64_t served_by(const Generations& all) {
    std::uint64_t sum = 0;
    for (const auto& one : all) sum += one->server().counters().served;
    return sum;
}

/// While clients come and go, one server succeeds the other.
Task<Result<void>> take_turns(Scope& scope, const ServerOptions& later, SocketAddress at,
                              Generations& all) {
    for (std::uint64_t each = 1; each < 5; ++each) {
        const bool is_busy = co_await comes_true([&] { return served_by(all) >= 60 * each; });
        EXPECT_TRUE(is_busy);
        all.push_back(std::make_unique<Generation>(scope.loop(), later));
        FT_CO_TRY_VOID(co_await succeed(scope, *all.back(), at));
    }
    co_return {};
}

Task<Result<void>> serve_in_turns(Scope& scope, const ServerOptions& first, SocketAddress at,
                                  Generations& all) {
    ServerOptions later = first;
    later.listen.clear();
    all.push_back(std::make_unique<Generation>(scope.loop(), first));
    FT_CO_TRY_VOID(co_await all.back()->begin({}));
    const SocketAddress where = all.back()->server().addresses().front();
    scope.spawn(all.back()->server().serve());
    scope.spawn(all.back()->serve_until_succeeded(at));
    auto done = co_await all_of(come_and_go(where, 150), come_and_go(where, 150),
                                come_and_go(where, 150), take_turns(scope, later, at, all));
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_EQ(served_by(all), 450u);
    scope.cancel();
    co_return {};
}

TEST_P(ServerChurn, F127_NobodyNoticesThatServersSucceedEachOther) {
    const TemporaryFolder folder;
    const auto at = *SocketAddress::unix_path(folder.path("successor"));
    const ServerOptions first = options();
    Generations all;
    const auto done = run(loop(), with_scope(serve_in_turns, std::cref(first), at, std::ref(all)));
    EXPECT_TRUE(done) << done.error().message();
    ASSERT_EQ(all.size(), 5u);
    for (std::size_t each = 0; each < 4; ++each) {
        EXPECT_TRUE(all[each]->server().is_draining());
        EXPECT_EQ(all[each]->server().counters().active, 0u);
    }
}

}  // namespace
}  // namespace fivetuple::testing_help

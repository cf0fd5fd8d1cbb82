#include "fivetuple/task/all_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/tcp.h"

#include <fcntl.h>

#include "tests/testing/world.h"
#include <array>
#include <vector>

// Whoever stops accepting loses nobody: neither those that the backend has taken off the queue of
// the kernel, nor those that are still there.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;
using StopAccepting = TaskTest;
FT_IN_ALL_WORLDS(StopAccepting);

Task<Result<TcpStream>> accept_one(TcpListener& listener) { co_return co_await listener.accept(); }

// Somebody has accepted from it, so that a backend may have begun to take what comes.
Task<Result<void>> use(TcpListener& listener) {
    FT_CO_TRY(const SocketAddress at, listener.local_address());
    FT_CO_TRY(auto both, co_await all_of(TcpStream::connect(at), accept_one(listener)));
    static_cast<void>(both);
    co_return {};
}

Task<Result<std::vector<TcpStream>>> connect_many(TcpListener& listener, int count) {
    FT_CO_TRY(const SocketAddress at, listener.local_address());
    std::vector<TcpStream> clients;
    for (int each = 0; each < count; ++each) {
        FT_CO_TRY(TcpStream client, co_await within(20s, TcpStream::connect(at)));
        clients.push_back(std::move(client));
    }
    co_return clients;
}

Task<Result<void>> send_to_all(std::vector<TcpStream>& peers) {
    for (TcpStream& each : peers) {
        auto sent = co_await each.write_all(bytes_of("x"));
        EXPECT_TRUE(sent);
    }
    co_return {};
}

Task<Result<void>> expect_from_all(std::vector<TcpStream>& clients) {
    for (TcpStream& each : clients) {
        std::array<std::byte, 1> room;
        auto got = co_await within(20s, each.read_exact(room));
        EXPECT_TRUE(got) << got.error().message();
    }
    co_return {};
}

Task<Result<void>> share(SocketAddress loopback) {
    Loop& loop = co_await this_loop();
    FT_CO_TRY(TcpListener listener, TcpListener::bind(loop, loopback));
    // As a successor has it.
    FT_CO_TRY(const Handle same,
              loop.sockets().adopt(Fd(::fcntl(listener.handle().number, F_DUPFD_CLOEXEC, 0))));
    TcpListener successor(ListeningSocket(loop, same));
    FT_CO_TRY_VOID(co_await use(listener));
    FT_CO_TRY(auto clients, co_await connect_many(listener, 20));
    FT_CO_TRY(auto taken, co_await listener.stop_accepting());
    FT_CO_TRY(auto late, co_await connect_many(listener, 20));
    for (TcpStream& each : late) clients.push_back(std::move(each));
    auto again = co_await listener.stop_accepting();
    EXPECT_TRUE(again && again->empty()) << "whoever came later is still in the queue";
    listener.close();
    EXPECT_LE(taken.size(), 20u);
    while (taken.size() < clients.size()) {
        FT_CO_TRY(TcpStream next, co_await within(20s, successor.accept()));
        taken.push_back(std::move(next));
    }
    FT_CO_TRY_VOID(co_await send_to_all(taken));
    co_return co_await expect_from_all(clients);
}

TEST_P(StopAccepting, F14_WhoSharesTheListenerGetsAllOthers) {
    FT_NEEDS_KERNEL("duplicates of descriptors");
    const auto done = run(loop(), share(loopback()));
    EXPECT_TRUE(done) << done.error().message();
}

Task<Result<void>> stop_unused(SocketAddress loopback) {
    FT_CO_TRY(TcpListener listener, TcpListener::bind(co_await this_loop(), loopback));
    FT_CO_TRY(auto taken, co_await within(20s, listener.stop_accepting()));
    EXPECT_TRUE(taken.empty());
    FT_CO_TRY_VOID(co_await connect_many(listener, 3));
    FT_CO_TRY(taken, co_await within(20s, listener.stop_accepting()));
    EXPECT_TRUE(taken.empty()) << "nobody ever accepted";
    co_return {};
}

TEST_P(StopAccepting, AListenerThatNobodyAcceptsFromHasTakenNobody) {
    const auto done = run(loop(), stop_unused(loopback()));
    EXPECT_TRUE(done) << done.error().message();
}

}  // namespace
}  // namespace fivetuple::testing_help

#include "fivetuple/server/hand_over.h"

#include "fivetuple/blocking/unix_messages.h"
#include "fivetuple/server/activation.h"
#include "fivetuple/task/all_of.h"
#include "fivetuple/task/first_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/testing/world.h"
#include <array>
#include <cerrno>
#include <string>
#include <thread>
#include <vector>

// An old server and its successor on one loop, and successors that are not what they should be.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

class HandingOver : public TaskTest {
protected:
    std::string path() const { return folder_.path("successor"); }
    SocketAddress at() const { return *SocketAddress::unix_path(path()); }
    void expect_done(const Result<void>& done) { EXPECT_TRUE(done) << done.error().message(); }

private:
    TemporaryFolder folder_;
};
FT_IN_KERNEL_WORLDS(HandingOver);

/// What moved the bytes does not matter here.
Result<void> as_void(Transfer transfer) {
    if (!transfer) return std::unexpected(std::move(transfer).error());
    return {};
}

/// An old server: a listener, and what became of its handing over.
struct Old {
    TcpListener listener;
    SocketAddress address;
    HandOver hand_over;
    std::vector<std::string>* failures;
};

Result<Old> open_old(Loop& loop, const SocketAddress& at, std::vector<std::string>* failures) {
    FT_TRY(auto listener, TcpListener::bind(loop, *SocketAddress::parse("127.0.0.1:0")));
    FT_TRY(const SocketAddress address, listener.local_address());
    HandOverOptions options;
    options.limit = 20s;
    options.failed = [failures](const Error& why) { failures->push_back(why.message()); };
    FT_TRY(HandOver hand_over, HandOver::listen(loop, at, std::move(options)));
    return Old{std::move(listener), address, std::move(hand_over), failures};
}

Task<Result<void>> wait(Old& old) {
    std::vector<HandedSocket> sockets;
    sockets.push_back(hand("main", old.listener));
    co_return co_await within(20s, old.hand_over.wait(std::move(sockets)));
}

Task<Result<TcpListener>> succeed(SocketAddress at) {
    Loop& loop = co_await this_loop();
    FT_CO_TRY(TakeOver taken, co_await within(20s, TakeOver::ask(at)));
    EXPECT_EQ(taken.sockets.size(), 1u);
    FT_CO_TRY(InheritedSocket socket, take_named(taken.sockets, "main"));
    FT_CO_TRY(TcpListener listener, adopt_tcp_listener(loop, std::move(socket)));
    FT_CO_TRY_VOID(co_await within(20s, taken.ready()));
    co_return listener;
}

Task<Result<void>> serves(TcpListener& listener, SocketAddress address) {
    FT_CO_TRY(TcpStream client, co_await within(20s, TcpStream::connect(address)));
    FT_CO_TRY(TcpStream server, co_await within(20s, listener.accept()));
    auto sent = co_await server.write_all(bytes_of("hello"));
    EXPECT_TRUE(sent);
    std::array<std::byte, 5> room;
    auto got = co_await within(20s, client.read_exact(room));
    EXPECT_TRUE(got);
    co_return {};
}

Task<Result<void>> hand_over_twice(SocketAddress at) {
    Loop& loop = co_await this_loop();
    std::vector<std::string> failures;
    FT_CO_TRY(Old old, open_old(loop, at, &failures));
    // Somebody waits to be accepted all the while.
    FT_CO_TRY(TcpStream early, co_await TcpStream::connect(old.address));
    FT_CO_TRY(auto both, co_await all_of(succeed(at), wait(old)));
    TcpListener successor = std::move(both.get<0>());
    old.listener.close();
    FT_CO_TRY(const SocketAddress same, successor.local_address());
    EXPECT_EQ(same, old.address);
    FT_CO_TRY(TcpStream accepted, co_await within(20s, successor.accept()));
    FT_CO_TRY_VOID(co_await serves(successor, old.address));
    // The name is free: the successor waits for its own one.
    FT_CO_TRY(HandOver again, HandOver::listen(loop, at));
    EXPECT_TRUE(failures.empty());
    co_return {};
}

TEST_P(HandingOver, F127_ASuccessorGetsTheListenerAndAllWhoWaitThere) {
    expect_done(run(loop(), hand_over_twice(at())));
}

Task<Result<void>> give_up(SocketAddress at, int stage) {
    FT_CO_TRY(UnixSeqpacket peer, co_await UnixSeqpacket::connect(at));
    if (stage == 0) co_return {};
    std::array<std::byte, 400> room;
    FT_CO_TRY_VOID(co_await within(20s, peer.receive(room)));
    if (stage == 1) co_return {};
    FT_CO_TRY_VOID(co_await within(20s, peer.receive(room)));
    if (stage == 2) co_return {};
    FT_CO_TRY_VOID(co_await peer.send(bytes_of("nonsense")));
    auto end = co_await within(20s, peer.receive(room));
    EXPECT_TRUE(end && end->bytes.empty()) << "it is shown the door";
    co_return {};
}

Task<Result<void>> successors_that_fail(SocketAddress at) {
    std::vector<std::string> failures;
    FT_CO_TRY(Old old, open_old(co_await this_loop(), at, &failures));
    const auto sequence = [](SocketAddress where, Old& served) -> Task<Result<TcpListener>> {
        for (int stage = 0; stage < 4; ++stage) {
            FT_CO_TRY_VOID(co_await give_up(where, stage));
            FT_CO_TRY_VOID(co_await serves(served.listener, served.address));
        }
        co_return co_await succeed(where);
    };
    FT_CO_TRY(auto both, co_await all_of(sequence(at, old), wait(old)));
    EXPECT_EQ(failures.size(), 4u);
    EXPECT_THAT(failures.back(), ::testing::HasSubstr("speaks otherwise"));
    old.listener.close();
    FT_CO_TRY_VOID(co_await serves(both.get<0>(), old.address));
    co_return {};
}

TEST_P(HandingOver, F127_ASuccessorThatDiesHalfWayLeavesTheOldOneServing) {
    expect_done(run(loop(), successors_that_fail(at())));
}

Task<Result<void>> slow_successor(SocketAddress at) {
    Loop& loop = co_await this_loop();
    FT_CO_TRY(auto listener, TcpListener::bind(loop, *SocketAddress::parse("127.0.0.1:0")));
    std::string why;
    HandOverOptions options;
    options.limit = 30ms;
    options.failed = [&why](const Error& error) { why = error.message(); };
    FT_CO_TRY(HandOver hand_over, HandOver::listen(loop, at, std::move(options)));
    std::vector<HandedSocket> sockets;
    sockets.push_back(hand("main", listener));
    const auto dawdle = [](SocketAddress where) -> Task<Result<void>> {
        FT_CO_TRY(TakeOver taken, co_await TakeOver::ask(where));
        FT_CO_TRY_VOID(co_await sleep(100ms));
        auto late = co_await within(20s, taken.ready());
        EXPECT_FALSE(late) << "it learns that it is not the one that serves";
        co_return {};
    };
    auto ended = co_await first_of(dawdle(at), hand_over.wait(std::move(sockets)));
    EXPECT_EQ(ended.index(), 0u) << "the old one goes on";
    EXPECT_THAT(why, ::testing::HasSubstr("time limit"));
    co_return {};
}

TEST_P(HandingOver, F127_ASuccessorThatTakesTooLongIsNotWaitedFor) {
    expect_done(run(loop(), slow_successor(at())));
}

TEST_P(HandingOver, WithoutAnOldServerThereIsNothingToTakeOver) {
    const auto taken = run(loop(), TakeOver::ask(at()));
    ASSERT_FALSE(taken);
    EXPECT_TRUE(taken.error().is(ENOENT)) << taken.error().message();
}

/// An old server with a client in the middle of a request.
struct OldWithClient {
    TcpListener listener;
    TcpStream client;
    TcpStream served;
    std::string half;  // Of what the client asks: read, and not answered yet.
};

Task<Result<OldWithClient>> open_old_with_client() {
    Loop& loop = co_await this_loop();
    FT_CO_TRY(auto listener, TcpListener::bind(loop, *SocketAddress::parse("127.0.0.1:0")));
    FT_CO_TRY(TcpStream client, co_await TcpStream::connect(*listener.local_address()));
    FT_CO_TRY(TcpStream served, co_await within(20s, listener.accept()));
    FT_CO_TRY_VOID(as_void(co_await client.write_all(bytes_of("half a "))));
    std::array<std::byte, 7> room;
    FT_CO_TRY_VOID(as_void(co_await within(20s, served.read_exact(room))));
    co_return OldWithClient{std::move(listener), std::move(client), std::move(served),
                            std::string(text_of(room))};
}

HandOverOptions with_connection_of(OldWithClient& old, std::vector<std::string>& failures) {
    HandOverOptions options;
    options.failed = [&failures](const Error& why) { failures.push_back(why.message()); };
    options.connections = [&old]() -> Task<std::vector<HandedConnection>> {
        std::vector<HandedConnection> all;
        all.push_back({"client 1", old.half, old.served.handle().number});
        co_return all;
    };
    return options;
}

// The client says the rest of what it asks, and is answered by `server`, who knows the first half.
Task<Result<void>> finish_request(OldWithClient& old, TcpStream& server, std::string_view half) {
    FT_CO_TRY_VOID(as_void(co_await old.client.write_all(bytes_of("request"))));
    std::array<std::byte, 7> room;
    FT_CO_TRY_VOID(as_void(co_await within(20s, server.read_exact(room))));
    const std::string answer = std::string(half) + std::string(text_of(room));
    FT_CO_TRY_VOID(as_void(co_await server.write_all(bytes_of(answer))));
    std::array<std::byte, 14> heard;
    FT_CO_TRY_VOID(as_void(co_await within(20s, old.client.read_exact(heard))));
    EXPECT_EQ(text_of(heard), "half a request");
    co_return {};
}

Task<Result<TakenConnection>> take_one_connection(SocketAddress at) {
    FT_CO_TRY(TakeOver taken, co_await within(20s, TakeOver::ask(at)));
    EXPECT_TRUE(taken.sockets.empty());
    FT_CO_TRY_VOID(co_await within(20s, taken.ready()));
    EXPECT_EQ(taken.connections.size(), 1u);
    co_return std::move(taken.connections.at(0));
}

Task<Result<void>> hand_over_a_connection(SocketAddress at) {
    Loop& loop = co_await this_loop();
    FT_CO_TRY(OldWithClient old, co_await open_old_with_client());
    std::vector<std::string> failures;
    FT_CO_TRY(HandOver hand_over, HandOver::listen(loop, at, with_connection_of(old, failures)));
    FT_CO_TRY(auto both, co_await all_of(take_one_connection(at), hand_over.wait({})));
    TakenConnection taken = std::move(both.get<0>());
    EXPECT_EQ(taken.connection.name, "client 1");
    FT_CO_TRY(TcpStream served, adopt_tcp_stream(loop, std::move(taken.connection)));
    old.served.close();
    FT_CO_TRY_VOID(co_await finish_request(old, served, taken.state));
    EXPECT_TRUE(failures.empty());
    co_return {};
}

TEST_P(HandingOver, F127_AConnectionGoesOnWithTheSuccessorInTheMiddleOfARequest) {
    expect_done(run(loop(), hand_over_a_connection(at())));
}

// Gets everything, and is gone before it has said so.
Task<Result<void>> die_with_the_connection(SocketAddress at, std::vector<std::string>& failures) {
    FT_CO_TRY(UnixSeqpacket peer, co_await UnixSeqpacket::connect(at));
    std::array<std::byte, 400> room;
    FT_CO_TRY_VOID(co_await within(20s, peer.receive(room)));
    FT_CO_TRY_VOID(co_await peer.send(bytes_of("ready")));
    auto got = co_await within(20s, peer.receive(room));
    EXPECT_TRUE(got && got->files.size() == 1);
    EXPECT_EQ(text_of(got->bytes), "connection 8 client 1half a ");
    got = UnixMessage();
    peer.close();
    while (failures.empty()) FT_CO_TRY_VOID(co_await sleep(5ms));
    co_return {};
}

Task<Result<void>> keep_a_connection(SocketAddress at) {
    FT_CO_TRY(OldWithClient old, co_await open_old_with_client());
    std::vector<std::string> failures;
    FT_CO_TRY(HandOver hand_over,
              HandOver::listen(co_await this_loop(), at, with_connection_of(old, failures)));
    auto ended = co_await first_of(die_with_the_connection(at, failures), hand_over.wait({}));
    EXPECT_EQ(ended.index(), 0u) << "it waits for the next one";
    hand_over.close();
    co_return co_await finish_request(old, old.served, old.half);
}

TEST_P(HandingOver, F127_ASuccessorThatDiesWithAConnectionLeavesItToTheOldOne) {
    expect_done(run(loop(), keep_a_connection(at())));
}

Task<Result<void>> hand_over_too_much(SocketAddress at) {
    std::vector<std::string> failures;
    FT_CO_TRY(OldWithClient old, co_await open_old_with_client());
    old.half.assign(60'001, 'x');
    FT_CO_TRY(HandOver hand_over,
              HandOver::listen(co_await this_loop(), at, with_connection_of(old, failures)));
    auto ended = co_await first_of(take_one_connection(at), hand_over.wait({}));
    EXPECT_EQ(ended.index(), 0u);
    hand_over.close();
    EXPECT_THAT(failures, ::testing::ElementsAre(::testing::HasSubstr("over 60,000")));
    co_return {};
}

TEST_P(HandingOver, AStateThatIsTooLongIsSaidToTheOldOne) {
    expect_done(run(loop(), hand_over_too_much(at())));
}

Task<Result<void>> many_sockets(SocketAddress at) {
    Loop& loop = co_await this_loop();
    std::vector<TcpListener> listeners;
    std::vector<HandedSocket> sockets;
    for (int each = 0; each < 300; ++each) {
        FT_CO_TRY(auto listener, TcpListener::bind(loop, *SocketAddress::parse("127.0.0.1:0")));
        sockets.push_back(hand("listener " + std::to_string(each), listener));
        listeners.push_back(std::move(listener));
    }
    FT_CO_TRY(HandOver hand_over, HandOver::listen(loop, at));
    const auto take = [](SocketAddress where, std::vector<TcpListener>& had) -> Task<Result<void>> {
        FT_CO_TRY(TakeOver taken, co_await within(20s, TakeOver::ask(where)));
        EXPECT_EQ(taken.sockets.size(), had.size());
        FT_CO_TRY(const auto last, take_named(taken.sockets, "listener 299"));
        EXPECT_EQ(last.at, *had.back().local_address());
        EXPECT_FALSE(take_named(taken.sockets, "listener 299"));
        co_return co_await within(20s, taken.ready());
    };
    FT_CO_TRY_VOID(co_await all_of(take(at, listeners), hand_over.wait(std::move(sockets))));
    co_return {};
}

TEST_P(HandingOver, MoreSocketsThanOneMessageCarriesAreHandedOn) {
    expect_done(run(loop(), many_sockets(at())));
}

Task<Result<void>> too_long_a_name(SocketAddress at) {
    FT_CO_TRY(HandOver hand_over, HandOver::listen(co_await this_loop(), at));
    std::vector<HandedSocket> sockets;
    sockets.push_back({std::string(256, 'x'), 0});
    co_return co_await hand_over.wait(std::move(sockets));
}

TEST_P(HandingOver, ANameThatIsTooLongIsSaidBeforeAnybodyComes) {
    const auto waited = run(loop(), too_long_a_name(at()));
    ASSERT_FALSE(waited);
    EXPECT_EQ(waited.error().cause(), Cause::limit);
}

TEST_P(HandingOver, OnlyOurOwnUserReachesThePath) {
    const auto hand_over = HandOver::listen(loop(), at());
    ASSERT_TRUE(hand_over);
    struct stat file{};
    ASSERT_EQ(::stat(path().c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0777, 0600u);
}

// Another user for this thread only, which glibc's own call would be for all of them.
void ask_as_a_stranger(const SocketAddress& at, std::string* got) {
    ::syscall(SYS_setresuid, -1, 65534, -1);
    auto peer = blocking::UnixSeqpacket::connect(at);
    std::array<std::byte, 400> room;
    const auto answer = peer ? peer->receive(room) : std::unexpected(peer.error());
    *got = answer ? std::string(text_of(answer->bytes)) : answer.error().message();
}

Task<Result<void>> refuse_strangers(SocketAddress at, std::string* got) {
    std::vector<std::string> failures;
    FT_CO_TRY(Old old, open_old(co_await this_loop(), at, &failures));
    std::thread stranger(ask_as_a_stranger, at, got);
    const auto until_refused = [](const std::vector<std::string>& seen) -> Task<Result<void>> {
        while (seen.empty()) FT_CO_TRY_VOID(co_await sleep(5ms));
        co_return {};
    };
    auto ended = co_await first_of(until_refused(failures), wait(old));
    EXPECT_EQ(ended.index(), 0u);
    old.hand_over.close();
    stranger.join();
    EXPECT_THAT(failures.at(0), ::testing::HasSubstr("user 65534"));
    co_return {};
}

// A stranger can connect to an abstract name; the kernel says who it is.
TEST_P(HandingOver, I3_AnotherUsersSuccessorGetsNothing) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be another user for a moment";
    std::string got;
    expect_done(
        run(loop(), refuse_strangers(*SocketAddress::unix_abstract("fivetuple-hand-over-" +
                                                                   std::to_string(::getpid())),
                                     &got)));
    EXPECT_THAT(got, ::testing::AnyOf("", ::testing::HasSubstr("Connection reset")));
}

}  // namespace
}  // namespace fivetuple::testing_help

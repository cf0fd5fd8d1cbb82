#include "fivetuple/transport/unix.h"

#include "fivetuple/os/socket.h"
#include "fivetuple/task/all_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tests/testing/child.h"
#include "tests/testing/world.h"
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class UnixStreams : public TaskTest {
protected:
    std::string path() const { return folder_.path("socket"); }
    SocketAddress at_path() const { return SocketAddress::unix_path(path()).value(); }
    std::string message_of(const Result<UnixListener>& listener) const {
        std::string text = listener ? "it listens" : listener.error().message();
        // The folder has another name each time.
        const std::size_t at = text.find(path());
        return at == text.npos ? text : text.replace(at, path().size(), "PATH");
    }

private:
    TemporaryFolder folder_;
};
FT_IN_KERNEL_WORLDS(UnixStreams);

// A name of its own for each test, in a namespace that all of the machine shares.
SocketAddress abstract_name() {
    static int count = 0;
    return SocketAddress::unix_abstract("fivetuple-test-" + std::to_string(::getpid()) + "-" +
                                        std::to_string(count++))
        .value();
}

Task<Result<std::string>> read_all(UnixStream& stream) {
    std::string text;
    std::array<std::byte, 100> room;
    while (true) {
        FT_CO_TRY(const std::size_t count, co_await stream.read_some(room));
        if (count == 0) co_return text;
        text += text_of(Bytes(room).first(count));
    }
}

Task<Result<std::string>> hello(Loop& loop, SocketAddress at) {
    FT_CO_TRY(auto listener, UnixListener::bind(loop, at));
    FT_CO_TRY(const auto address, listener.local_address());
    EXPECT_EQ(address, at);
    FT_CO_TRY(auto client, co_await UnixStream::connect(at));
    FT_CO_TRY(auto server, co_await listener.accept());
    EXPECT_EQ(client.peer_address().value(), at);
    EXPECT_TRUE(server.peer_address()->is_unnamed());
    auto sent = co_await client.write_all(bytes_of("hello"));
    EXPECT_TRUE(sent);
    FT_CO_TRY_VOID(client.shutdown_write());
    FT_CO_TRY(std::string text, co_await read_all(server));
    // The other direction goes on.
    sent = co_await server.write_all(bytes_of(" you"));
    EXPECT_TRUE(sent);
    server.close();
    FT_CO_TRY(const std::string answer, co_await read_all(client));
    co_return text + answer;
}

TEST_P(UnixStreams, B2_ByPathBytesGoBothWays) {
    EXPECT_EQ(run(loop(), hello(loop(), at_path())).value_or("an error"), "hello you");
    EXPECT_FALSE(fs::exists(path())) << "a path goes with its listener";
}

TEST_P(UnixStreams, B2_ByAbstractNameBytesGoBothWays) {
    EXPECT_EQ(run(loop(), hello(loop(), abstract_name())).value_or("an error"), "hello you");
}

TEST_P(UnixStreams, B2_AnAbstractNameMayHoldAnyBytes) {
    const auto zeros = SocketAddress::unix_abstract(std::string("fivetuple\0\xff\n", 12) +
                                                    std::to_string(::getpid()) + GetParam().name);
    EXPECT_EQ(run(loop(), hello(loop(), *zeros)).value_or("an error"), "hello you");
}

Task<Result<std::string>> five_tuple(Loop& loop, SocketAddress at) {
    FT_CO_TRY(auto listener, UnixListener::bind(loop, at));
    FT_CO_TRY(auto client, co_await UnixStream::connect(at));
    FT_CO_TRY(const FiveTuple names, client.five_tuple());
    EXPECT_EQ(names.protocol, Protocol::unix_stream);
    EXPECT_EQ(names.peer, at);
    co_return names.to_string();
}

TEST_P(UnixStreams, A3_AConnectionPrintsItsAddresses) {
    EXPECT_NE(run(loop(), five_tuple(loop(), at_path())).value_or("an error").find(path()),
              std::string::npos);
}

// --- Paths ---------------------------------------------------------------------------------------

Task<std::string> connect_error(SocketAddress to) {
    auto stream = co_await within(20s, UnixStream::connect(to));
    co_return stream ? "it connected" : stream.error().message();
}

TEST_P(UnixStreams, APathWhereNothingIsIsNamed) {
    EXPECT_EQ(run(loop(), connect_error(at_path())),
              "connect unix:" + path() + ": No such file or directory");
}

TEST_P(UnixStreams, F111_APathThatWasLeftBehindMakesRoomUnlessThatIsUnwanted) {
    // As a server that was killed leaves it.
    {
        Socket left = Socket::open(Family::unix_domain, SocketType::stream).value();
        ASSERT_TRUE(left.bind(at_path()));
        ASSERT_TRUE(left.listen());
    }
    ASSERT_TRUE(fs::is_socket(path()));
    EXPECT_EQ(run(loop(), connect_error(at_path())),
              "connect unix:" + path() + ": Connection refused");
    UnixListenOptions careful;
    careful.path.replace_stale = false;
    EXPECT_EQ(message_of(UnixListener::bind(loop(), at_path(), careful)),
              "bind unix:PATH: Address already in use");
    EXPECT_TRUE(fs::is_socket(path()));
    EXPECT_EQ(message_of(UnixListener::bind(loop(), at_path())), "it listens");
}

TEST_P(UnixStreams, F112_AFileOrALinkAtThePathIsNeverTouched) {
    std::ofstream(path()) << "precious";
    EXPECT_EQ(message_of(UnixListener::bind(loop(), at_path())),
              "bind unix:PATH: a file that is no socket has this name");
    EXPECT_EQ(run(loop(), connect_error(at_path())),
              "connect unix:" + path() + ": Connection refused");
    std::string kept;
    std::ifstream(path()) >> kept;
    EXPECT_EQ(kept, "precious");
    fs::remove(path());
    fs::create_symlink(path() + ".target", path());
    EXPECT_EQ(message_of(UnixListener::bind(loop(), at_path())),
              "bind unix:PATH: a file that is no socket has this name");
    EXPECT_TRUE(fs::is_symlink(path()));
    EXPECT_FALSE(fs::exists(path() + ".target"));
}

TEST_P(UnixStreams, APathInAFolderThatIsNotThereIsNamed) {
    const auto at = SocketAddress::unix_path(path() + "/below");
    auto listener = UnixListener::bind(loop(), *at);
    ASSERT_FALSE(listener.has_value());
    EXPECT_EQ(listener.error().message(),
              "bind unix:" + path() + "/below: No such file or directory");
}

TEST_P(UnixStreams, F114_APathThatIsTooLongIsRefusedNotCut) {
    // The longest path works as a whole.
    const std::string longest = path() + std::string(107 - path().size(), 'x');
    EXPECT_EQ(run(loop(), hello(loop(), *SocketAddress::unix_path(longest))).value_or("an error"),
              "hello you");
    const auto too_long = SocketAddress::unix_path(longest + "x");
    ASSERT_FALSE(too_long.has_value());
    EXPECT_EQ(too_long.error().cause(), Cause::limit);
}

TEST_P(UnixStreams, ANameThatIsTakenIsNamed) {
    auto first = UnixListener::bind(loop(), at_path());
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(message_of(UnixListener::bind(loop(), at_path())),
              "bind unix:PATH: somebody listens there");
    EXPECT_TRUE(fs::is_socket(path())) << "the first one's path stays";
    const SocketAddress name = abstract_name();
    auto abstract = UnixListener::bind(loop(), name);
    ASSERT_TRUE(abstract.has_value());
    auto second = UnixListener::bind(loop(), name);
    ASSERT_FALSE(second.has_value());
    EXPECT_TRUE(second.error().is(EADDRINUSE));
}

TEST_P(UnixStreams, AListenerThatMovesKeepsItsPath) {
    {
        auto bound = UnixListener::bind(loop(), at_path());
        ASSERT_TRUE(bound.has_value());
        UnixListener moved = *std::move(bound);
        EXPECT_TRUE(fs::is_socket(path()));
        UnixListener assigned;
        assigned = std::move(moved);
        EXPECT_TRUE(fs::is_socket(path()));
    }
    EXPECT_FALSE(fs::exists(path()));
}

TEST_P(UnixStreams, APathThatAnotherHasTakenOverIsNotRemoved) {
    auto first = UnixListener::bind(loop(), at_path());
    ASSERT_TRUE(first.has_value());
    fs::remove(path());
    auto second = UnixListener::bind(loop(), at_path());
    ASSERT_TRUE(second.has_value());
    first = std::unexpected(Error::cancelled("the first one ends"));
    EXPECT_TRUE(fs::is_socket(path()));
}

TEST_P(UnixStreams, AnAddressOfAnotherFamilyIsRefused) {
    EXPECT_EQ(run(loop(), connect_error(*SocketAddress::parse("127.0.0.1:80"))),
              "connect 127.0.0.1:80: it is not an address in the Unix domain");
    EXPECT_EQ(message_of(UnixListener::bind(loop(), *SocketAddress::parse("[::1]:80"))),
              "bind [::1]:80: it is not an address in the Unix domain");
}

// --- Permissions ---------------------------------------------------------------------------------

// What a process of nobody's gets that connects to `to`.
std::string connect_as_nobody(SocketAddress to) {
    return in_child([&to]() -> std::string {
        constexpr unsigned kNobody = 65534;
        if (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0) return "not allowed to be nobody";
        const auto connected = Socket::connect_to(to);
        return connected ? "connected" : connected.error().reason();
    });
}

TEST_P(UnixStreams, I3_APathObeysItsPermissionsAndAnAbstractNameObeysNone) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
    fs::permissions(fs::path(path()).parent_path(), fs::perms(0755));
    auto listener = UnixListener::bind(loop(), at_path());
    ASSERT_TRUE(listener.has_value());
    fs::permissions(path(), fs::perms(0600));
    EXPECT_EQ(connect_as_nobody(at_path()), "Permission denied");
    fs::permissions(path(), fs::perms(0666));
    EXPECT_EQ(connect_as_nobody(at_path()), "connected");
    fs::permissions(fs::path(path()).parent_path(), fs::perms(0700));
    EXPECT_EQ(connect_as_nobody(at_path()), "Permission denied") << "the folder counts, too";

    const SocketAddress name = abstract_name();
    auto abstract = UnixListener::bind(loop(), name);
    ASSERT_TRUE(abstract.has_value());
    EXPECT_EQ(connect_as_nobody(name), "connected");
}

TEST_P(UnixStreams, I3_TheModeIsThatOfTheCreationMask) {
    const mode_t before = ::umask(0177);
    auto listener = UnixListener::bind(loop(), at_path());
    ::umask(before);
    ASSERT_TRUE(listener.has_value());
    EXPECT_EQ(fs::status(path()).permissions(), fs::perms(0600))
        << "from the first moment on, before anybody can connect";
}

// --- A full queue --------------------------------------------------------------------------------

Task<Result<std::vector<UnixStream>>> connect_several(SocketAddress to, int count) {
    std::vector<UnixStream> streams;
    streams.reserve(static_cast<std::size_t>(count));
    for (int each = 0; each < count; ++each) {
        FT_CO_TRY(auto stream, co_await UnixStream::connect(to));
        streams.push_back(std::move(stream));
    }
    co_return streams;
}

Task<Result<std::vector<UnixStream>>> accept_several(UnixListener& listener, int count) {
    FT_CO_TRY_VOID(co_await sleep(20ms));
    std::vector<UnixStream> streams;
    streams.reserve(static_cast<std::size_t>(count));
    for (int each = 0; each < count; ++each) {
        FT_CO_TRY(auto stream, co_await listener.accept());
        streams.push_back(std::move(stream));
    }
    co_return streams;
}

Task<std::size_t> more_than_the_queue(Loop& loop, SocketAddress at) {
    constexpr int kCount = 8;
    UnixListenOptions options;
    options.backlog = 1;
    auto listener = UnixListener::bind(loop, at, options);
    auto both = co_await all_of(connect_several(at, kCount), accept_several(*listener, kCount));
    co_return both ? both->get<0>().size() + both->get<1>().size() : 0;
}

TEST_P(UnixStreams, F09_WhoComesToAFullQueueWaitsForItsTurn) {
    EXPECT_EQ(run(loop(), more_than_the_queue(loop(), abstract_name())), 16u);
}

Task<std::string> queue_stays_full(Loop& loop, SocketAddress at) {
    UnixListenOptions options;
    options.backlog = 0;
    auto listener = UnixListener::bind(loop, at, options);
    auto first = co_await UnixStream::connect(at);
    EXPECT_TRUE(first);
    auto second = co_await within(50ms, UnixStream::connect(at));
    co_return second ? "it connected" : second.error().message();
}

TEST_P(UnixStreams, F20_WaitingForAFullQueueEndsWithItsDeadline) {
    const SocketAddress at = abstract_name();
    EXPECT_EQ(run(loop(), queue_stays_full(loop(), at)),
              "connect " + at.to_string() + ": the time limit ran out");
}

// --- Ends ----------------------------------------------------------------------------------------

Task<void> peer_goes(Loop& loop, SocketAddress at) {
    auto listener = UnixListener::bind(loop, at);
    auto client = co_await UnixStream::connect(at);
    auto server = co_await listener->accept();
    server->close();
    auto sent = co_await client->write_all(bytes_of("to nobody"));
    EXPECT_TRUE(sent.error().is(EPIPE)) << sent.error().message();
    auto rest = co_await read_all(*client);
    EXPECT_EQ(rest.value_or("an error"), "");
}

TEST_P(UnixStreams, C2_WritingToAPeerThatHasGoneIsABrokenPipe) {
    run(loop(), peer_goes(loop(), abstract_name()));
}

Task<void> unread_is_lost(Loop& loop, SocketAddress at) {
    auto listener = UnixListener::bind(loop, at);
    auto client = co_await UnixStream::connect(at);
    auto server = co_await listener->accept();
    auto sent = co_await client->write_all(bytes_of("nobody reads this"));
    EXPECT_TRUE(sent);
    server->close();
    auto rest = co_await read_all(*client);
    EXPECT_EQ(rest.error().message(), "recv: Connection reset by peer");
}

TEST_P(UnixStreams, G6_DataStillUnreadAtTheCloseMakesAReset) {
    run(loop(), unread_is_lost(loop(), abstract_name()));
}

Task<Result<void>> accept_error(UnixListener& listener, std::string& log) {
    auto stream = co_await listener.accept();
    log = stream ? "accepted" : stream.error().message();
    co_return {};
}

Task<Result<void>> close_later(UnixListener& listener) {
    FT_CO_TRY_VOID(co_await sleep(5ms));
    listener.close();
    co_return {};
}

Task<std::string> close_while_accepting(Loop& loop, SocketAddress at) {
    auto listener = UnixListener::bind(loop, at);
    std::string log;
    auto both = co_await all_of(accept_error(*listener, log), close_later(*listener));
    EXPECT_TRUE(both);
    co_return log;
}

TEST_P(UnixStreams, ClosingTheListenerEndsWhoAccepts) {
    EXPECT_EQ(run(loop(), close_while_accepting(loop(), abstract_name())), "accept: cancelled");
}

}  // namespace
}  // namespace fivetuple::testing_help

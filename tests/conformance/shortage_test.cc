#include "fivetuple/task/all_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/connect.h"
#include "fivetuple/transport/patience.h"
#include "fivetuple/transport/tcp.h"

#include "tests/testing/few_descriptors.h"
#include "tests/testing/world.h"
#include <array>
#include <cerrno>
#include <string>
#include <vector>

namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

class Shortage : public TaskTest {
    FewDescriptors few_;
};
FT_IN_KERNEL_WORLDS(Shortage);

Task<Result<std::string>> ask(TcpStream& stream, std::string_view question) {
    auto sent = co_await stream.write_all(bytes_of(question));
    if (!sent) co_return std::unexpected(std::move(sent).error());
    std::string answer(question.size(), '\0');
    auto got = co_await stream.read_exact(std::as_writable_bytes(std::span(answer)));
    if (!got) co_return std::unexpected(std::move(got).error());
    co_return answer;
}

Task<void> echo(TcpStream stream) {
    auto got = co_await stream.read();
    while (got && !got->empty()) got = co_await stream.write_then_read(*std::move(got));
}

Task<Result<void>> accept_with_patience(Scope& peers, TcpListener& listener, Patience& patience) {
    while (true) {
        auto stream = co_await listener.accept();
        if (stream) {
            patience.relieved();
            peers.spawn(echo, *std::move(stream));
            continue;
        }
        if (!is_shortage(stream.error())) co_return std::unexpected(std::move(stream).error());
        FT_CO_TRY_VOID(co_await patience.wait());
    }
}

Task<Result<void>> serve(TcpListener& listener, Patience& patience) {
    co_return co_await with_scope(accept_with_patience, std::ref(listener), std::ref(patience));
}

Task<Result<void>> some_shortages(Patience& patience) {
    while (patience.shortages() < 3) FT_CO_TRY_VOID(co_await sleep(1ms));
    co_return {};
}

// Runs what is asked beside a server, which ends with it.
Task<Result<void>> with_server(Scope& scope, SocketAddress loopback, Patience& patience) {
    FT_CO_TRY(auto listener, TcpListener::bind(scope.loop(), loopback));
    FT_CO_TRY(const auto address, listener.local_address());
    scope.spawn(serve, std::ref(listener), std::ref(patience));
    FT_CO_TRY(auto early, co_await TcpStream::connect(address));
    FT_CO_TRY(std::string answer, co_await ask(early, "before"));
    EXPECT_EQ(answer, "before");
    // A socket that is connected when nobody can be accepted any more.
    FT_CO_TRY(const Handle late_socket,
              scope.loop().sockets().open(address.family(), SocketType::stream, 0));
    TcpStream late(scope.loop(), late_socket);
    {
        const NoDescriptorLeft shortage;
        auto connected = co_await ConnectSocket(late_socket, address);
        EXPECT_TRUE(connected);
        FT_CO_TRY_VOID(co_await within(20s, some_shortages(patience)));
        // Those that are served already hear nothing of it.
        FT_CO_TRY(answer, co_await ask(early, "meanwhile"));
        EXPECT_EQ(answer, "meanwhile");
    }
    FT_CO_TRY(answer, co_await within(20s, ask(late, "afterwards")));
    EXPECT_EQ(answer, "afterwards");
    scope.cancel();
    co_return {};
}

TEST_P(Shortage, F01_OutOfDescriptorsAServerWaitsServesOnAndRecovers) {
    Patience patience(1);
    const std::uint64_t waits_before = loop().backend().stats().waits;
    auto done = run(loop(), with_scope(with_server, loopback(), std::ref(patience)));
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_GE(patience.shortages(), 3u);
    // It never spins: it waits for its pauses, and for the steps of this test.
    EXPECT_LT(loop().backend().stats().waits - waits_before, 2000u);
}

Task<std::string> accept_error(TcpListener& listener) {
    auto stream = co_await within(20s, listener.accept());
    co_return stream ? "accepted" : stream.error().message();
}

Task<Result<void>> accept_in_vain(Loop& loop, SocketAddress loopback) {
    FT_CO_TRY(auto listener, TcpListener::bind(loop, loopback));
    FT_CO_TRY(const auto address, listener.local_address());
    FT_CO_TRY(auto client, co_await TcpStream::connect(address));
    {
        const NoDescriptorLeft shortage;
        for (int round = 0; round < 3; ++round) {
            const std::string error = co_await accept_error(listener);
            EXPECT_EQ(error, "accept: Too many open files");
        }
    }
    // Whoever waited in the queue is still there.
    const std::string after = co_await accept_error(listener);
    EXPECT_EQ(after, "accepted");
    co_return {};
}

TEST_P(Shortage, F02_TheErrorIsToldEachTimeAndTheQueueIsKept) {
    auto done = run(loop(), accept_in_vain(loop(), loopback()));
    EXPECT_TRUE(done) << done.error().message();
}

Task<std::string> connect_in_vain(Loop& loop, SocketAddress loopback) {
    auto listener = TcpListener::bind(loop, loopback);
    const auto address = listener->local_address();
    const NoDescriptorLeft shortage;
    auto stream = co_await TcpStream::connect(*address);
    auto other = TcpListener::bind(loop, loopback);
    co_return stream.error().message() + ", " + other.error().message();
}

TEST_P(Shortage, F03_ConnectingAndListeningSaySo) {
    EXPECT_EQ(run(loop(), connect_in_vain(loop(), loopback())),
              "socket: Too many open files, socket: Too many open files");
}

}  // namespace
}  // namespace fivetuple::testing_help

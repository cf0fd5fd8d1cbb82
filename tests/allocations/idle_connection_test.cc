#include "fivetuple/os/calls.h"
#include "fivetuple/os/process.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/tcp.h"

#include <malloc.h>
#include <sys/socket.h>

#include "tests/testing/world.h"
#include <vector>

// What a connection that says nothing holds of the program's memory, on any backend.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

using Result0 = Result<void>;

#ifdef __OPTIMIZE__
constexpr std::size_t kFewHundredBytes = 512;
#else  // Then a coroutine's frame has room of its own for each temporary.
constexpr std::size_t kFewHundredBytes = 640;
#endif

std::size_t memory_in_use() {
    const struct mallinfo2 now = ::mallinfo2();
    return now.uordblks + now.hblkhd;
}

Task<void> echo(TcpStream peer) {
    Result<Lease> got;
    do got = co_await peer.write_then_read(*std::move(got));
    while (got && !got->empty());
}

// Peers that own nothing but a descriptor, and have had one answer each.
Task<Result0> add_idle_peers(Loop& loop, Scope& served, TcpListener& listener,
                             std::vector<Fd>& peers, std::size_t up_to) {
    FT_CO_TRY(const SocketAddress address, listener.local_address());
    while (peers.size() < up_to) {
        Fd peer(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (::connect(peer.raw(), address.raw(), address.raw_size()) != 0) {
            co_return std::unexpected(Error::system(errno, "connect"));
        }
        FT_CO_TRY(TcpStream stream, co_await within(10s, listener.accept()));
        served.spawn(echo(std::move(stream)));
        char byte = 'x';
        if (::send(peer.raw(), &byte, 1, 0) != 1) {
            co_return std::unexpected(Error::system(errno, "send"));
        }
        const Time give_up = after(loop.now(), 10s);
        while (::recv(peer.raw(), &byte, 1, MSG_DONTWAIT) != 1) {
            if (loop.now() > give_up) co_return std::unexpected(Error::system(ETIMEDOUT, "recv"));
            co_await yield();
        }
        peers.push_back(std::move(peer));
    }
    co_return Result0();
}

class IdleConnection : public TaskTest {};
FT_IN_KERNEL_WORLDS(IdleConnection);

TEST_P(IdleConnection, D6_HoldsAFewHundredBytes) {
    raise_descriptor_limit();
    // Both ends are descriptors of this process, and select(2) takes none from 1,024 on.
    const bool is_select = GetParam().name == "select";
    const std::size_t few = is_select ? 64 : 256;
    const std::size_t many = is_select ? 448 : 1024;
    std::vector<Fd> peers;
    peers.reserve(many);
    auto listener = TcpListener::bind(loop(), loopback());
    ASSERT_TRUE(listener);
    std::size_t before = 0;
    std::size_t after_all = 0;
    auto measure = [&](Scope& served) -> Task<Result0> {
        FT_CO_TRY_VOID(co_await add_idle_peers(loop(), served, *listener, peers, few));
        before = memory_in_use();
        FT_CO_TRY_VOID(co_await add_idle_peers(loop(), served, *listener, peers, many));
        after_all = memory_in_use();
        peers.clear();
        co_return Result0();
    };
    const auto measured = run(loop(), with_scope(measure));
    ASSERT_TRUE(measured) << measured.error().message();
    const std::size_t each = (after_all - before) / (many - few);
    RecordProperty("bytes_per_connection", static_cast<int>(each));
    EXPECT_LE(each, kFewHundredBytes);
}

}  // namespace
}  // namespace fivetuple::testing_help

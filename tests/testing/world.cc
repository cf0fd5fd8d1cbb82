#include "tests/testing/world.h"

#include "fivetuple/faults/faulty_backend.h"
#include "fivetuple/os/options.h"
#include "fivetuple/os/process.h"
#include "fivetuple/sim/world.h"

#include <array>
#include <cstdlib>
#include <ostream>

namespace fivetuple::testing_help {
namespace {

// FT_FAULTS=SEED or SEED:SHARE runs the suites with so many of all calls disturbed in ways that not
// even who hands Ops to a backend may notice: late, out of order, broken off and begun again.
void disturb(Loop& loop) {
    const char* wish = std::getenv("FT_FAULTS");
    FaultyBackend* backend = faulty_backend(loop);
    if (wish == nullptr || backend == nullptr) return;
    char* end = nullptr;
    const std::uint64_t seed = std::strtoull(wish, &end, 10);
    const double share = *end == ':' ? std::strtod(end + 1, nullptr) : 0.1;
    using enum FaultKind;
    backend->faults().at_random(seed, share,
                                {late, late_start, reordered, interrupted, multishot_ends, no_lease,
                                 cancel_late, wakes_early},
                                std::chrono::microseconds(200));
}

class KernelWorld final : public World {
public:
    explicit KernelWorld(BackendKind kind) : kind_(kind) {}

    std::unique_ptr<Loop> open_loop(const LoopOptions& options) override {
        LoopOptions wanted = options;
        wanted.backend = kind_;
        const bool is_disturbed = std::getenv("FT_FAULTS") != nullptr;
        auto loop = is_disturbed ? open_faulty_loop(wanted) : Loop::open(wanted);
        if (!loop) {
            ADD_FAILURE() << loop.error().message();
            std::abort();
        }
        disturb(**loop);
        return *std::move(loop);
    }
    SocketAddress loopback() const override { return {IpAddress::loopback_v4(), 0}; }
    Duration settling_time() const override { return std::chrono::milliseconds(2); }
    bool is_kernel() const override { return true; }

private:
    BackendKind kind_;
};

// A host alone with itself, in memory and in virtual time.
class SimulatedWorld final : public World {
public:
    SimulatedWorld() : host_(world_.host("host", "10.0.0.1", {.descriptors = kDescriptors})) {}

    std::unique_ptr<Loop> open_loop(const LoopOptions& options) override {
        auto loop = host_.open_loop(options);
        disturb(*loop);
        return loop;
    }
    SocketAddress loopback() const override { return {IpAddress::loopback_v4(), 0}; }
    // Acknowledgements are delayed as in Linux; it costs nothing to wait.
    Duration settling_time() const override { return std::chrono::milliseconds(500); }
    bool is_kernel() const override { return false; }

private:
    static constexpr std::size_t kDescriptors = 20'000;
    sim::World world_;
    sim::Host& host_;
};

std::unique_ptr<World> make_simulated_world() { return std::make_unique<SimulatedWorld>(); }

template <BackendKind kind>
std::unique_ptr<World> make_kernel_world() {
    return std::make_unique<KernelWorld>(kind);
}

// FT_WORLD=epoll runs the suites in that world alone.
void keep_asked_for(std::vector<NamedWorld>& all) {
    const char* only = std::getenv("FT_WORLD");
    if (only == nullptr) return;
    std::erase_if(all, [only](const NamedWorld& world) { return world.name != only; });
}

/// The options of a socket of a backend, by handle.
struct HandleOptions {
    Sockets& sockets;
    Handle socket;
    Result<void> set_option(int level, int number, Bytes value) {
        return sockets.set_option(socket, level, number, value);
    }
    Result<std::size_t> get_option(int level, int number, MutableBytes room) const {
        return sockets.get_option(socket, level, number, room);
    }
};

}  // namespace

void PrintTo(const NamedWorld& world, std::ostream* out) { *out << world.name; }

std::vector<NamedWorld> kernel_worlds() {
    std::vector<NamedWorld> all = {{"io_uring", &make_kernel_world<BackendKind::io_uring>},
                                   {"epoll", &make_kernel_world<BackendKind::epoll>},
                                   {"poll", &make_kernel_world<BackendKind::poll>},
                                   {"select", &make_kernel_world<BackendKind::select>}};
    keep_asked_for(all);
    return all;
}

std::vector<NamedWorld> worlds() {
    std::vector<NamedWorld> all = {{"simulated", &make_simulated_world}};
    keep_asked_for(all);
    for (NamedWorld& each : kernel_worlds()) all.push_back(std::move(each));
    return all;
}

OpTest::OpTest(const LoopOptions& options)
    : world_(GetParam().make()), loop_(world_->open_loop(options)) {
    raise_descriptor_limit();
}

OpTest::~OpTest() = default;

void OpTest::settle(int turns) {
    for (int turn = 0; turn < turns; ++turn) {
        loop_->turn(after(loop_->now(), world_->settling_time()));
    }
}

int OpTest::complete(NotedOp& op) {
    backend().submit(op);
    EXPECT_EQ(op.times_done, 0) << "an Op was finished inside submit()";
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(op.times_done, 1);
    return op.result;
}

int OpTest::receive(Handle socket, MutableBytes into) {
    NotedOp op;
    op.ask_receive(socket, into);
    return complete(op);
}

int OpTest::send(Handle socket, Bytes from) {
    NotedOp op;
    op.ask_send(socket, from);
    return complete(op);
}

std::string OpTest::receive_text(Handle socket, std::size_t most) {
    std::string text(most, '\0');
    const int got = receive(socket, std::as_writable_bytes(std::span(text)));
    EXPECT_GE(got, 0);
    text.resize(static_cast<std::size_t>(std::max(got, 0)));
    return text;
}

Handle OpTest::open() {
    auto socket = sockets().open(world_->loopback().family(), SocketType::stream, 0);
    EXPECT_TRUE(socket) << socket.error().message();
    return socket.value_or(Handle());
}

Handle OpTest::listen(int backlog) {
    const Handle listener = open();
    EXPECT_TRUE(sockets().bind(listener, world_->loopback()));
    EXPECT_TRUE(sockets().listen(listener, backlog));
    return listener;
}

SocketAddress OpTest::address_of(Handle socket) {
    auto address = sockets().local_address(socket);
    EXPECT_TRUE(address) << address.error().message();
    return address.value_or(SocketAddress());
}

Handle OpTest::accept(Handle listener) {
    NotedOp op;
    op.ask_accept(listener);
    EXPECT_GE(complete(op), 0);
    return op.accepted();
}

OpTest::Pair OpTest::connect(Handle listener) {
    const SocketAddress to = address_of(listener);
    Pair pair{open(), {}};
    NotedOp op;
    op.ask_connect(pair.client, to);
    EXPECT_EQ(complete(op), 0);
    pair.server = accept(listener);
    return pair;
}

OpTest::Pair OpTest::connect() {
    const Handle listener = listen();
    const Pair pair = connect(listener);
    backend().close(listener);
    return pair;
}

void OpTest::shrink_buffers(const Pair& pair) {
    for (const Handle socket : {pair.client, pair.server}) {
        HandleOptions options{sockets(), socket};
        EXPECT_TRUE(set(options, SendBuffer{{1}}));
        EXPECT_TRUE(set(options, ReceiveBuffer{{1}}));
    }
}

std::size_t OpTest::fill(Handle from) {
    const auto block = some_bytes(std::size_t{64} * 1024);
    std::size_t moved = 0;
    while (true) {
        NotedOp op;
        op.ask_send(from, block);
        backend().submit(op);
        settle();
        if (!op.is_done()) {
            backend().cancel(op);
            turn_until([&] { return op.is_done(); });
            return moved + static_cast<std::size_t>(std::max(op.result, 0));
        }
        EXPECT_GT(op.result, 0);
        if (op.result <= 0) return moved;
        moved += static_cast<std::size_t>(op.result);
    }
}

void OpTest::close(const Pair& pair) {
    backend().close(pair.client);
    backend().close(pair.server);
}

}  // namespace fivetuple::testing_help

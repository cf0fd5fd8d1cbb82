#pragma once

#include "fivetuple/io/loop.h"
#include "fivetuple/os/address.h"

#include "tests/testing/testing.h"
#include <memory>
#include <string>
#include <vector>

namespace fivetuple::testing_help {

/// Where the conformance suite runs: one backend over some network. A simulated one joins by being
/// added to worlds().
class World {
public:
    virtual ~World() = default;
    /// A loop of this world; several can be had at once.
    virtual std::unique_ptr<Loop> open_loop(const LoopOptions& options) = 0;
    /// An address with port 0 that can be listened on and connected to.
    virtual SocketAddress loopback() const = 0;
    /// Time in which what is under way between two sockets has happened.
    virtual Duration settling_time() const = 0;
    /// Whether sockets are descriptors of this process.
    virtual bool is_kernel() const = 0;
};

struct NamedWorld {
    std::string name;
    std::unique_ptr<World> (*make)();
};
void PrintTo(const NamedWorld& world, std::ostream* out);

/// All there are; FT_WORLD names the only one to use.
std::vector<NamedWorld> worlds();
/// Those of them whose sockets are the kernel's.
std::vector<NamedWorld> kernel_worlds();

/// An Op that remembers what became of it.
struct NotedOp : Op {
    NotedOp() { run = &note; }
    int times_done = 0;
    bool is_done() const { return times_done > 0; }

private:
    static void note(Job& job) { static_cast<NotedOp&>(static_cast<Op&>(job)).times_done++; }
};

/// A test of the seam: a loop, and Ops handed to its backend directly.
class OpTest : public ::testing::TestWithParam<NamedWorld> {
protected:
    explicit OpTest(const LoopOptions& options = {});
    ~OpTest() override;

    Loop& loop() { return *loop_; }
    Backend& backend() { return loop_->backend(); }
    Sockets& sockets() { return loop_->sockets(); }
    World& world() { return *world_; }

    /// Turns the loop until `done`; fails the test when that takes too long.
    template <class Done>
    void turn_until(Done done) {
        const Time give_up = after(loop_->now(), std::chrono::seconds(20));
        while (!done()) {
            ASSERT_LT(loop_->now(), give_up) << "it never happened";
            loop_->turn(after(loop_->now(), std::chrono::milliseconds(50)));
        }
    }
    /// Turns the loop so often that whatever can happen has happened.
    void settle(int turns = 8);

    /// Starts `op` and turns the loop until it is done; its result.
    int complete(NotedOp& op);
    int receive(Handle socket, MutableBytes into);
    int send(Handle socket, Bytes from);
    std::string receive_text(Handle socket, std::size_t most = 4096);

    /// A listener on loopback; its address is in `address()`.
    Handle listen(int backlog = 16);
    SocketAddress address_of(Handle socket);
    Handle open();
    Handle accept(Handle listener);
    /// Both ends of a connection.
    struct Pair {
        Handle client;
        Handle server;
    };
    Pair connect();
    Pair connect(Handle listener);
    /// Makes the buffers between the two as small as can be.
    void shrink_buffers(const Pair& pair);
    /// Fills all that is between the two; returns how many bytes went in.
    std::size_t fill(Handle from);
    void close(const Pair& pair);

private:
    NoDescriptorLeaks no_leaks_;
    std::unique_ptr<World> world_;
    std::unique_ptr<Loop> loop_;
};

/// A test of what stands on tasks: a loop to run them on.
class TaskTest : public ::testing::TestWithParam<NamedWorld> {
protected:
    explicit TaskTest(const LoopOptions& options = {})
        : world_(GetParam().make()), loop_(world_->open_loop(options)) {}

    Loop& loop() { return *loop_; }
    World& world() { return *world_; }
    SocketAddress loopback() const { return world_->loopback(); }

private:
    NoDescriptorLeaks no_leaks_;
    std::unique_ptr<World> world_;
    std::unique_ptr<Loop> loop_;
};

}  // namespace fivetuple::testing_help

/// Runs the tests of `suite` in every world.
#define FT_IN_ALL_WORLDS(suite) FT_IN_WORLDS(suite, worlds)
/// The same in those whose sockets are the kernel's: for what no simulated host has.
#define FT_IN_KERNEL_WORLDS(suite) FT_IN_WORLDS(suite, kernel_worlds)
#define FT_IN_WORLDS(suite, which)                                                             \
    INSTANTIATE_TEST_SUITE_P(, suite, ::testing::ValuesIn(::fivetuple::testing_help::which()), \
                             [](const auto& each) { return each.param.name; })

/// For a test that needs what a simulated host does not have; of a suite that runs in all worlds.
#define FT_NEEDS_KERNEL(what) \
    if (!world().is_kernel()) GTEST_SKIP() << "not on a simulated host: " << (what)

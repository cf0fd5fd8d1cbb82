#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/os/ip_address.h"
#include "fivetuple/os/shared_pages.h"
#include "fivetuple/server/counters.h"
#include "fivetuple/server/limits.h"
#include "fivetuple/server/reason.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace fivetuple {

/// What the worker processes of a server write for each other, in memory that they share: who is
/// there, so that the limits hold for all of them together, and their counters. Each writes a row
/// of its own and reads all, so one that is killed in the middle leaves nothing locked, and what it
/// had can be wiped off.
///
/// Connections and bytes are exact. Those of an address are kept by a hash of it, in two tables of
/// which the lower number counts: never too few, and too many only where both meet others.
class Board {
public:
    /// Errors: as SharedPages::open().
    static Result<std::shared_ptr<Board>> make(unsigned workers, const ServerLimits& limits,
                                               std::uint64_t seed);

    /// Counts one more of `worker`, or says why not. As Census, which keeps to it.
    std::optional<Reason> enter(unsigned worker, const std::optional<IpAddress>& from);
    void enter_anyway(unsigned worker);
    void leave(unsigned worker, const std::optional<IpAddress>& from);
    bool hold(unsigned worker, std::size_t bytes);
    void let_go(unsigned worker, std::size_t bytes);
    std::uint64_t next_id();

    /// Written by the worker alone; another process that reads them sees each number whole.
    ServerCounters& counters(unsigned worker);
    /// It has died: what it had open is nobody's. What it has counted stays.
    void wipe(unsigned worker);

    unsigned workers() const { return workers_; }
    std::size_t connections() const;
    std::size_t held() const;

private:
    static constexpr std::size_t kCells = std::size_t{1} << 16;
    using Table = std::array<std::atomic<std::uint32_t>, kCells>;
    /// Of addresses, or of networks.
    using Tables = std::array<Table, 2>;

    struct alignas(64) Row {
        std::atomic<std::size_t> connections;
        std::atomic<std::size_t> held;
        Tables addresses;
        Tables networks;
        ServerCounters counters;
    };
    struct alignas(64) Head {
        std::atomic<std::uint64_t> last_id;
    };
    static_assert(std::atomic<std::size_t>::is_always_lock_free &&
                  std::atomic<std::uint32_t>::is_always_lock_free);

    Board(SharedPages pages, unsigned workers, const ServerLimits& limits, std::uint64_t seed);
    using Cells = std::array<std::size_t, 2>;
    Cells cells_of(const IpAddress& address) const;
    static void add(Tables& tables, const Cells& cells);
    static void take(Tables& tables, const Cells& cells);
    std::size_t count(Tables Row::* tables, const Cells& cells) const;
    std::size_t sum(std::atomic<std::size_t> Row::* number) const;

    SharedPages pages_;
    Head* head_;
    Row* rows_;
    unsigned workers_;
    ServerLimits limits_;
    std::uint64_t seed_;
};

}  // namespace fivetuple

#pragma once

#include "fivetuple/os/ip_address.h"
#include "fivetuple/server/board.h"
#include "fivetuple/server/limits.h"
#include "fivetuple/server/reason.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

namespace fivetuple {

/// The network that an address is counted with: its IPv4 /24 or IPv6 /56.
IpAddress network_of(const IpAddress& address);

/// Who is there: how many connections a server has, in all, of each address and of each network,
/// and how many bytes their handlers hold. Shared by the workers of a process: any thread may use
/// it. Of a worker process, what it keeps stands on the board that all of them share.
class Census {
public:
    explicit Census(const ServerLimits& limits) : limits_(limits) {}
    Census(const ServerLimits& limits, std::shared_ptr<Board> board, unsigned worker)
        : limits_(limits), board_(std::move(board)), worker_(worker) {}
    Census(const Census&) = delete;
    Census& operator=(const Census&) = delete;

    /// Counts one more, of `from` where it has an address to be counted by; or says why not.
    std::optional<Reason> enter(const std::optional<IpAddress>& from);
    /// Counts one more whatever the limits say, and of no address.
    void enter_anyway();
    /// Takes back what enter() counted.
    void leave(const std::optional<IpAddress>& from);
    /// A number for a connection, from 1 on.
    std::uint64_t next_id() { return board_ != nullptr ? board_->next_id() : ++last_id_; }
    /// Whether connections of this address are counted by it.
    bool counts(const IpAddress& from) const {
        return limits_.count_loopback || !from.is_loopback();
    }

    /// False where this would be more than all may hold.
    bool hold(std::size_t bytes);
    void let_go(std::size_t bytes);

    std::size_t connections() const;
    /// Addresses that are counted; a board does not know how many these are: 0.
    std::size_t addresses() const;
    std::size_t held() const;

private:
    using Counts = std::unordered_map<IpAddress, std::size_t>;
    static bool is_full(const Counts& counts, const IpAddress& key, std::size_t most);
    static void take_one(Counts& counts, const IpAddress& key);

    const ServerLimits limits_;
    const std::shared_ptr<Board> board_;
    const unsigned worker_ = 0;
    mutable std::mutex mutex_;
    std::size_t connections_ = 0;
    std::size_t held_ = 0;
    Counts by_address_;
    Counts by_network_;
    std::atomic<std::uint64_t> last_id_ = 0;
};

/// Lets so many through in a second, evenly but for a burst of at most a tenth of a second's.
class Pace {
public:
    explicit Pace(std::size_t per_second);

    /// Counts one that came at `now`: how long to wait before the next, mostly zero.
    Duration next(Time now);

private:
    Duration each_;
    Duration burst_;
    Time due_ = Time::min();  // When the next one would come if they came evenly.
};

}  // namespace fivetuple

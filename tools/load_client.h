#pragma once

#include "fivetuple/base/random.h"
#include "fivetuple/task/event.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/task/semaphore.h"
#include "fivetuple/transport/socket_stream.h"

#include "tools/load_run.h"
#include <atomic>
#include <vector>

namespace ft_tool {

/// The bytes that are sent: chance, so that an answer which belongs elsewhere is noticed.
class Pattern {
public:
    explicit Pattern(std::size_t longest);
    /// `size` bytes that differ from those of the numbers before and after.
    fivetuple::Bytes of(std::uint64_t number, std::size_t size) const {
        return fivetuple::Bytes(bytes_).subspan(number % kShifts, size);
    }

private:
    static constexpr std::size_t kShifts = 251;
    std::vector<std::byte> bytes_;
};

/// One loop's share of the load.
class LoadClient {
public:
    LoadClient(const LoadOptions& options, unsigned index, unsigned connections);

    /// Connects, warms up, measures, and ends all of its connections.
    /// Errors: those of connecting, where not one connection can be made.
    fivetuple::Task<fivetuple::Result<void>> run(fivetuple::Loop& loop);

    LoadResult& result() { return result_; }
    std::uint64_t messages_so_far() const { return total_.load(std::memory_order_relaxed); }

private:
    fivetuple::Task<fivetuple::Result<void>> measure(fivetuple::Scope& scope);
    fivetuple::Task<void> drive(unsigned index);
    fivetuple::Task<void> drive_by_connection(unsigned index);
    fivetuple::Task<fivetuple::Result<fivetuple::SocketStream>> connect();
    fivetuple::Task<fivetuple::Result<void>> keep_asking(fivetuple::SocketStream& stream,
                                                         unsigned index);
    fivetuple::Task<fivetuple::Result<void>> ask(fivetuple::SocketStream& stream,
                                                 fivetuple::Bytes batch);
    fivetuple::Task<fivetuple::Result<void>> read_back(fivetuple::SocketStream& stream,
                                                       fivetuple::Bytes expected);
    bool check(fivetuple::Bytes got, fivetuple::Bytes& expected);
    void note(const fivetuple::Error& error);
    void answered(fivetuple::Time asked, fivetuple::Time now, unsigned messages);
    fivetuple::Time first_turn(unsigned index, fivetuple::Time now) const;

    const LoadOptions& options_;
    unsigned index_;
    unsigned connections_;
    fivetuple::Duration interval_{};  // From one message of a connection to its next, at a rate.
    Pattern pattern_;
    LoadResult result_;
    std::optional<fivetuple::Error> first_error_;
    fivetuple::Event all_connected_;
    fivetuple::Semaphore connecting_;
    unsigned tried_ = 0;
    unsigned standing_ = 0;
    bool is_measuring_ = false;
    std::uint64_t next_number_ = 0;
    std::uint32_t next_source_ = 0;
    std::atomic<std::uint64_t> total_ = 0;
};

}  // namespace ft_tool

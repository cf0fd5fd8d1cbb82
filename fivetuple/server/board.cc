#include "fivetuple/server/board.h"

#include "fivetuple/base/hash.h"
#include "fivetuple/server/census.h"

#include <algorithm>
#include <new>
#include <utility>

namespace fivetuple {

Result<std::shared_ptr<Board>> Board::make(unsigned workers, const ServerLimits& limits,
                                           std::uint64_t seed) {
    FT_TRY(SharedPages pages, SharedPages::open(sizeof(Head) + workers * sizeof(Row)));
    return std::shared_ptr<Board>(new Board(std::move(pages), workers, limits, seed));
}

// What is all zero needs no more to begin with, and is not touched, so that the kernel needs to
// find no memory for the tables before somebody is counted there.
Board::Board(SharedPages pages, unsigned workers, const ServerLimits& limits, std::uint64_t seed)
    : pages_(std::move(pages)),
      head_(std::launder(reinterpret_cast<Head*>(pages_.bytes().data()))),
      rows_(std::launder(reinterpret_cast<Row*>(pages_.bytes().data() + sizeof(Head)))),
      workers_(workers),
      limits_(limits),
      seed_(seed) {
    for (unsigned each = 0; each < workers; ++each) new (&rows_[each].counters) ServerCounters;
}

Board::Cells Board::cells_of(const IpAddress& address) const {
    const std::uint64_t plain = address.hash();
    const std::uint64_t hash = hash_bytes(&plain, sizeof plain, seed_);
    return {hash % kCells, (hash >> 32) % kCells};
}

void Board::add(Tables& tables, const Cells& cells) {
    for (std::size_t each = 0; each < cells.size(); ++each) tables[each][cells[each]]++;
}

void Board::take(Tables& tables, const Cells& cells) {
    for (std::size_t each = 0; each < cells.size(); ++each) tables[each][cells[each]]--;
}

std::size_t Board::count(Tables Row::* tables, const Cells& cells) const {
    std::size_t least = SIZE_MAX;
    for (std::size_t each = 0; each < cells.size(); ++each) {
        std::size_t all = 0;
        for (unsigned row = 0; row < workers_; ++row) {
            all += (rows_[row].*tables)[each][cells[each]];
        }
        least = std::min(least, all);
    }
    return least;
}

std::size_t Board::sum(std::atomic<std::size_t> Row::* number) const {
    std::size_t all = 0;
    for (unsigned row = 0; row < workers_; ++row) all += rows_[row].*number;
    return all;
}

// Counts first and looks then: of two who come at once neither can miss the other.
std::optional<Reason> Board::enter(unsigned worker, const std::optional<IpAddress>& from) {
    Row& row = rows_[worker];
    row.connections++;
    if (sum(&Row::connections) > limits_.connections) {
        row.connections--;
        return Reason::connections;
    }
    if (!from) return std::nullopt;
    const Cells address = cells_of(*from);
    const Cells network = cells_of(network_of(*from));
    add(row.addresses, address);
    add(row.networks, network);
    std::optional<Reason> why;
    if (count(&Row::networks, network) > limits_.per_network) why = Reason::network;
    if (count(&Row::addresses, address) > limits_.per_address) why = Reason::address;
    if (why) leave(worker, from);
    return why;
}

void Board::enter_anyway(unsigned worker) { rows_[worker].connections++; }

void Board::leave(unsigned worker, const std::optional<IpAddress>& from) {
    Row& row = rows_[worker];
    row.connections--;
    if (!from) return;
    take(row.addresses, cells_of(*from));
    take(row.networks, cells_of(network_of(*from)));
}

bool Board::hold(unsigned worker, std::size_t bytes) {
    Row& row = rows_[worker];
    const std::size_t others = sum(&Row::held);
    if (bytes > limits_.held_all - std::min(others, limits_.held_all)) return false;
    row.held += bytes;
    if (sum(&Row::held) <= limits_.held_all) return true;
    row.held -= bytes;
    return false;
}

void Board::let_go(unsigned worker, std::size_t bytes) { rows_[worker].held -= bytes; }

std::uint64_t Board::next_id() { return ++head_->last_id; }

ServerCounters& Board::counters(unsigned worker) { return rows_[worker].counters; }

void Board::wipe(unsigned worker) {
    Row& row = rows_[worker];
    row.connections = 0;
    row.held = 0;
    for (Tables* tables : {&row.addresses, &row.networks}) {
        for (Table& table : *tables) {
            for (auto& cell : table) {
                if (cell != 0) cell = 0;
            }
        }
    }
    row.counters.active = 0;
    row.counters.lingering = 0;
}

std::size_t Board::connections() const { return sum(&Row::connections); }
std::size_t Board::held() const { return sum(&Row::held); }

}  // namespace fivetuple

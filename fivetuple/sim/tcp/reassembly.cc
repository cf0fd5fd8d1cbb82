#include "fivetuple/sim/tcp/reassembly.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace fivetuple::sim::tcp {

namespace {

// So few bytes go behind those that came before, where these have room.
constexpr std::size_t kFew = 128;

}  // namespace

std::size_t Reassembly::waiting() const {
    std::size_t bytes = 0;
    for (const Range& range : ranges_) bytes += range.bytes.size();
    return bytes;
}

void Reassembly::append(PoolBytes bytes) {
    if (bytes.empty()) return;
    readable_ += bytes.size();
    if (bytes.size() <= kFew && !ready_.empty() && ready_.back().back_room() >= bytes.size()) {
        PoolBytes& last = ready_.back();
        const std::size_t before = last.size();
        last.grow_back(bytes.size());
        std::memcpy(last.bytes().data() + before, bytes.bytes().data(), bytes.size());
        return;
    }
    ready_.push_back(std::move(bytes));
}

Reassembly::Outcome Reassembly::add(Sequence at, PoolBytes bytes) {
    Outcome outcome;
    const Sequence end = at + static_cast<std::uint32_t>(bytes.size());
    if (end <= next_) {
        outcome.duplicate = true;
        if (!bytes.empty()) report_duplicate(at, end);
        return outcome;
    }
    if (at > next_) {
        keep(at, bytes.bytes(), outcome);
        return outcome;
    }
    if (at < next_) report_duplicate(at, next_);
    bytes.drop_front(bytes_between(at, next_));
    outcome.in_order = bytes.size();
    append(std::move(bytes));
    next_ = end;
    take_ranges(outcome);
    return outcome;
}

// Behind a gap: joined with the ranges that it touches.
void Reassembly::keep(Sequence at, Bytes bytes, Outcome& outcome) {
    const Sequence end = at + static_cast<std::uint32_t>(bytes.size());
    auto first = std::ranges::find_if(ranges_, [at](const Range& r) { return r.end() >= at; });
    if (first != ranges_.end() && first->begin <= at && first->end() >= end) {
        outcome.duplicate = true;
        report_duplicate(at, end);
        first->touched = ++touches_;
        return;
    }
    outcome.out_of_order = true;
    if (first == ranges_.end() || first->begin > end) {
        ranges_.insert(first, Range{at, {bytes.begin(), bytes.end()}, ++touches_});
        return;
    }
    Range& range = *first;
    if (range.begin < end && at < range.end()) {
        report_duplicate(later(at, range.begin), earlier(end, range.end()));
    }
    if (at < range.begin) {
        const Bytes front = bytes.first(bytes_between(at, range.begin));
        range.bytes.insert(range.bytes.begin(), front.begin(), front.end());
        range.begin = at;
    }
    range.touched = ++touches_;
    if (end > range.end()) {
        const Bytes back = bytes.subspan(bytes_between(at, range.end()));
        range.bytes.insert(range.bytes.end(), back.begin(), back.end());
    }
    // Those behind it that it reaches now.
    auto behind = first + 1;
    for (; behind != ranges_.end() && behind->begin <= range.end(); ++behind) {
        if (behind->end() <= range.end()) continue;
        const Bytes rest = Bytes(behind->bytes).subspan(bytes_between(behind->begin, range.end()));
        range.bytes.insert(range.bytes.end(), rest.begin(), rest.end());
    }
    ranges_.erase(first + 1, behind);
}

void Reassembly::take_ranges(Outcome& outcome) {
    auto range = ranges_.begin();
    for (; range != ranges_.end() && range->begin <= next_; ++range) {
        outcome.filled_gap = true;
        if (range->end() <= next_) {
            report_duplicate(range->begin, range->end());
            continue;
        }
        if (range->begin < next_) report_duplicate(range->begin, next_);
        const Bytes fresh = Bytes(range->bytes).subspan(bytes_between(range->begin, next_));
        append(PoolBytes::copy_of(fresh));
        outcome.in_order += fresh.size();
        next_ = range->end();
    }
    ranges_.erase(ranges_.begin(), range);
}

std::size_t Reassembly::copy(MutableBytes to) const {
    std::size_t count = 0;
    for (const PoolBytes& piece : ready_) {
        const std::size_t fits = std::min(piece.size(), to.size() - count);
        if (fits == 0) break;
        std::memcpy(to.data() + count, piece.bytes().data(), fits);
        count += fits;
    }
    return count;
}

void Reassembly::consume(std::size_t count) {
    readable_ -= count;
    read_ += static_cast<std::uint32_t>(count);
    while (count > 0) {
        PoolBytes& first = ready_.front();
        const std::size_t taken = std::min(count, first.size());
        count -= taken;
        if (taken == first.size()) {
            ready_.pop_front();
        } else {
            first.drop_front(taken);
        }
    }
}

void Reassembly::purge() {
    ready_.clear();
    readable_ = 0;
    read_ = next_;
    ranges_.clear();
    duplicate_.reset();
}

SackBlocks Reassembly::blocks(std::size_t most) const {
    SackBlocks blocks;
    if (duplicate_ && blocks.size() < most) blocks.add(*duplicate_);
    // The newest few, by looking for the next newest each time: there are at most four to find.
    std::uint64_t below = UINT64_MAX;
    while (blocks.size() < most) {
        const Range* newest = nullptr;
        for (const Range& range : ranges_) {
            if (range.touched >= below) continue;
            if (newest == nullptr || range.touched > newest->touched) newest = &range;
        }
        if (newest == nullptr) break;
        below = newest->touched;
        blocks.add({newest->begin, newest->end()});
    }
    return blocks;
}

}  // namespace fivetuple::sim::tcp

#include "fivetuple/sim/tcp/reassembly.h"

#include <algorithm>
#include <cstring>

namespace fivetuple::sim::tcp {

namespace {

// Memory that an empty buffer holds on to.
constexpr std::size_t kKept = 4096;

}  // namespace

std::size_t Reassembly::waiting() const {
    std::size_t bytes = 0;
    for (const Range& range : ranges_) bytes += range.bytes.size();
    return bytes;
}

Reassembly::Outcome Reassembly::add(Sequence at, Bytes bytes) {
    Outcome outcome;
    const Sequence end = at + static_cast<std::uint32_t>(bytes.size());
    if (end <= next_) {
        outcome.duplicate = true;
        if (!bytes.empty()) report_duplicate(at, end);
        return outcome;
    }
    if (at > next_) {
        keep(at, bytes, outcome);
        return outcome;
    }
    if (at < next_) report_duplicate(at, next_);
    bytes = bytes.subspan(bytes_between(at, next_));
    ready_.insert(ready_.end(), bytes.begin(), bytes.end());
    next_ = end;
    outcome.in_order = bytes.size();
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
        ready_.insert(ready_.end(), fresh.begin(), fresh.end());
        outcome.in_order += fresh.size();
        next_ = range->end();
    }
    ranges_.erase(ranges_.begin(), range);
}

std::size_t Reassembly::copy(MutableBytes to) const {
    const std::size_t count = std::min(to.size(), readable());
    if (count > 0) std::memcpy(to.data(), ready_.data() + used_, count);
    return count;
}

void Reassembly::consume(std::size_t count) {
    used_ += count;
    read_ += static_cast<std::uint32_t>(count);
    if (used_ == ready_.size()) {
        // Memory that was not needed since it was empty last goes.
        const bool is_used = ready_.size() >= ready_.capacity() / 4;
        ready_.clear();
        if (ready_.capacity() > kKept && !is_used) std::vector<std::byte>().swap(ready_);
        used_ = 0;
    } else if (used_ > ready_.size() / 2) {
        ready_.erase(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(used_));
        used_ = 0;
    }
}

void Reassembly::purge() {
    std::vector<std::byte>().swap(ready_);
    used_ = 0;
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

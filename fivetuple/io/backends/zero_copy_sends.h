#pragma once

#include "fivetuple/io/loan.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fivetuple {

/// When a socket should be asked to send without copying, and when that has proved to be in vain:
/// where the kernel made copies all the same, notes are a price without a gain.
class ZeroCopyHabit {
public:
    /// Whether the next send should try.
    bool should_try() {
        if (refused_) return false;
        if (ordinary_left_ == 0) return true;
        --ordinary_left_;
        return false;
    }
    /// The socket, or the kernel, has no such thing.
    void was_refused() { refused_ = true; }
    /// It copied. The next few sends are ordinary ones; routes change, so it is tried again then.
    void was_copied() { ordinary_left_ = kOrdinary; }

private:
    static constexpr std::uint8_t kOrdinary = 63;
    std::uint8_t ordinary_left_ = 0;
    bool refused_ = false;
};

/// What a socket has sent without copying, of which the kernel has not said that it is done: by the
/// number that the kernel has given to each send, from 0.
class ZeroCopySends {
public:
    ZeroCopyHabit habit;
    bool is_allowed = false;  ///< SO_ZEROCOPY has been set.

    bool empty() const { return unfinished_ == 0; }

    /// The next number belongs to a send of `block`.
    void sent(LoanBlock& block) {
        if (used_ == ring_.size()) grow();
        ring_[(begin_ + used_++) % ring_.size()] = &block;
        unfinished_++;
        block.unfinished++;
        block.hold();
    }

    /// The kernel is done with the sends from `first` to `last`; how many of them were not known to
    /// be done.
    std::size_t done(std::uint32_t first, std::uint32_t last) {
        std::size_t count = 0;
        for (std::uint32_t number = first; number - first <= last - first; ++number) {
            const std::uint32_t place = number - first_number_;
            if (place >= used_) break;  // Numbers that were never given.
            LoanBlock*& block = ring_[(begin_ + place) % ring_.size()];
            if (block == nullptr) continue;
            count++;
            finish(block);
        }
        while (used_ > 0 && ring_[begin_] == nullptr) {
            begin_ = (begin_ + 1) % ring_.size();
            first_number_++;
            used_--;
        }
        return count;
    }

    /// No more will be told: their memory is given up.
    void forsake() {
        for (std::size_t place = 0; place < used_; ++place) {
            LoanBlock*& block = ring_[(begin_ + place) % ring_.size()];
            if (block == nullptr) continue;
            block->forsake();
            finish(block);
        }
        first_number_ += static_cast<std::uint32_t>(used_);
        begin_ = used_ = 0;
    }

private:
    void finish(LoanBlock*& place) {
        LoanBlock& block = *place;
        place = nullptr;
        unfinished_--;
        block.unfinished--;
        block.let_go();
    }

    void grow() {
        std::vector<LoanBlock*> larger(ring_.empty() ? 8 : ring_.size() * 2);
        for (std::size_t place = 0; place < used_; ++place) {
            larger[place] = ring_[(begin_ + place) % ring_.size()];
        }
        ring_.swap(larger);
        begin_ = 0;
    }

    std::vector<LoanBlock*> ring_;
    std::size_t begin_ = 0;
    std::size_t used_ = 0;
    std::size_t unfinished_ = 0;
    std::uint32_t first_number_ = 0;
};

}  // namespace fivetuple

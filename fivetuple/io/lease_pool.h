#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace fivetuple {

/// Buffers of one size, the one used last given out first, while it is warm in the cache. Holds on
/// to a few; an idle connection owns none.
class LeasePool {
public:
    /// Holds on to `kept` of those that are given back.
    explicit LeasePool(std::size_t buffer_size, std::size_t kept = 64)
        : buffer_size_(buffer_size), kept_(kept) {}
    LeasePool(const LeasePool&) = delete;
    LeasePool& operator=(const LeasePool&) = delete;
    ~LeasePool() {
        for (std::byte* buffer : free_) delete[] buffer;
    }

    std::size_t buffer_size() const { return buffer_size_; }

    std::byte* take() {
        if (free_.empty()) return new std::byte[buffer_size_];
        std::byte* buffer = free_.back();
        free_.pop_back();
        return buffer;
    }

    void give_back(std::byte* buffer) {
        if (free_.size() < kept_) {
            free_.push_back(buffer);
        } else {
            delete[] buffer;
        }
    }

private:
    std::size_t buffer_size_;
    std::size_t kept_;
    std::vector<std::byte*> free_;
};

}  // namespace fivetuple

#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/result.h"

#include <cstddef>
#include <utility>

namespace fivetuple {

/// Memory in whole pages that this process and those which it forks from now on see alike: what one
/// writes the others read. It goes when the last of them has ended it. mmap(2), MAP_SHARED
class SharedPages {
public:
    SharedPages() = default;
    /// At least `size` bytes, all zero; what is never touched costs nothing. Errors: ENOMEM.
    static Result<SharedPages> open(std::size_t size);
    SharedPages(SharedPages&& other) noexcept
        : begin_(std::exchange(other.begin_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    SharedPages& operator=(SharedPages&& other) noexcept {
        std::swap(begin_, other.begin_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~SharedPages();

    MutableBytes bytes() const { return {begin_, size_}; }

private:
    std::byte* begin_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace fivetuple

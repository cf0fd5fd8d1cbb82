#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/result.h"

#include <cstddef>
#include <utility>

namespace fivetuple {

/// Memory in whole pages of its own, which go when it ends. What the kernel still reads of them
/// stays as it is until the kernel has done so: nobody can get at it any more. mmap(2)
class Pages {
public:
    Pages() = default;
    /// At least `size` bytes, all zero. Errors: ENOMEM, EAGAIN (locked memory).
    static Result<Pages> open(std::size_t size);
    Pages(Pages&& other) noexcept
        : begin_(std::exchange(other.begin_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    Pages& operator=(Pages&& other) noexcept {
        std::swap(begin_, other.begin_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~Pages();

    MutableBytes bytes() const { return {begin_, size_}; }
    explicit operator bool() const { return begin_ != nullptr; }

private:
    std::byte* begin_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace fivetuple

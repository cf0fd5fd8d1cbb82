#pragma once

#include <unistd.h>

#include <utility>

namespace fivetuple {

/// Owns one file descriptor and closes it exactly once. Move-only; costs no more than an int.
class Fd {
public:
    Fd() = default;
    explicit Fd(int raw) : raw_(raw) {}
    Fd(Fd&& other) noexcept : raw_(other.release()) {}
    Fd& operator=(Fd&& other) noexcept {
        Fd(std::move(other)).swap(*this);
        return *this;
    }
    ~Fd() {
        if (raw_ >= 0) ::close(raw_);
    }

    /// The number; -1 where it owns none.
    int raw() const { return raw_; }
    explicit operator bool() const { return raw_ >= 0; }
    /// Gives up the descriptor, which stays open.
    [[nodiscard]] int release() { return std::exchange(raw_, -1); }
    void swap(Fd& other) noexcept { std::swap(raw_, other.raw_); }

private:
    int raw_ = -1;
};

}  // namespace fivetuple

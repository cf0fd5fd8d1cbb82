#pragma once

#include <cstdint>

namespace fivetuple::sim::tcp {

/// A place in a stream of TCP, modulo 2^32: one is before another where the shorter way leads
/// forward. What is compared must lie within 2^31 of each other. RFC 9293, section 3.4
class Sequence {
public:
    constexpr Sequence() = default;
    constexpr explicit Sequence(std::uint32_t number) : number_(number) {}

    constexpr std::uint32_t number() const { return number_; }

    constexpr Sequence& operator+=(std::uint32_t count) {
        number_ += count;
        return *this;
    }
    friend constexpr Sequence operator+(Sequence at, std::uint32_t count) {
        return Sequence(at.number_ + count);
    }
    friend constexpr Sequence operator-(Sequence at, std::uint32_t count) {
        return Sequence(at.number_ - count);
    }
    /// How far `to` is behind `from`; negative where it is in front of it.
    friend constexpr std::int32_t operator-(Sequence to, Sequence from) {
        return static_cast<std::int32_t>(to.number_ - from.number_);
    }

    friend constexpr bool operator==(Sequence a, Sequence b) = default;
    friend constexpr bool operator<(Sequence a, Sequence b) { return a - b < 0; }
    friend constexpr bool operator>(Sequence a, Sequence b) { return b < a; }
    friend constexpr bool operator<=(Sequence a, Sequence b) { return !(b < a); }
    friend constexpr bool operator>=(Sequence a, Sequence b) { return !(a < b); }

private:
    std::uint32_t number_ = 0;
};

/// The bytes from `begin` to `end`, where that is not in front of it.
constexpr std::uint32_t bytes_between(Sequence begin, Sequence end) {
    return end.number() - begin.number();
}

constexpr Sequence earlier(Sequence a, Sequence b) { return b < a ? b : a; }
constexpr Sequence later(Sequence a, Sequence b) { return a < b ? b : a; }

}  // namespace fivetuple::sim::tcp

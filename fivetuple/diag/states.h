#pragma once

#include "fivetuple/os/tcp_info.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fivetuple::diag {

/// `established`, `close-wait`: the words that filters take.
std::string_view name_of(TcpState state);

/// Some of the states. Sockets without connections have states, too: those that are connected are
/// `established`, the others `closed`.
class StateSet {
public:
    constexpr StateSet() = default;
    constexpr explicit StateSet(TcpState one) : bits_(1u << static_cast<unsigned>(one)) {}

    static constexpr StateSet none() { return {}; }
    static constexpr StateSet all() { return StateSet(kAll); }
    /// All but `closed` and `listening`.
    static constexpr StateSet connected() {
        return all() - StateSet(TcpState::closed) - StateSet(TcpState::listening);
    }
    /// Those of them that have heard of their peer: all but `syn-sent`.
    static constexpr StateSet synchronized() { return connected() - StateSet(TcpState::syn_sent); }
    /// Those that the kernel keeps in a small structure: `syn-recv` and `time-wait`.
    static constexpr StateSet bucket() {
        return StateSet(TcpState::syn_received) | StateSet(TcpState::time_wait);
    }
    /// The opposite.
    static constexpr StateSet big() { return all() - bucket(); }
    /// By the name of a state or of one of these groups, in small or capital letters, as `ss` or as
    /// the kernel writes it: `time-wait`, `TIME_WAIT`, `ESTAB`, `connected`. Empty where there is
    /// none.
    static std::optional<StateSet> named(std::string_view name);
    /// All names that named() takes for a state or a group.
    static std::string names();

    constexpr bool contains(TcpState state) const {
        return (bits_ >> static_cast<unsigned>(state) & 1) != 0;
    }
    constexpr bool empty() const { return bits_ == 0; }
    /// A bit for each, as the kernel numbers them.
    constexpr std::uint32_t bits() const { return bits_; }

    friend constexpr StateSet operator|(StateSet a, StateSet b) {
        return StateSet(a.bits_ | b.bits_);
    }
    friend constexpr StateSet operator&(StateSet a, StateSet b) {
        return StateSet(a.bits_ & b.bits_);
    }
    friend constexpr StateSet operator-(StateSet a, StateSet b) {
        return StateSet(a.bits_ & ~b.bits_);
    }
    friend constexpr bool operator==(StateSet, StateSet) = default;

private:
    // From established to closing.
    static constexpr std::uint32_t kAll = 0xffe;
    constexpr explicit StateSet(std::uint32_t bits) : bits_(bits & kAll) {}

    std::uint32_t bits_ = 0;
};

}  // namespace fivetuple::diag

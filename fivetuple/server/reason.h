#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fivetuple {

/// Why a server turned a connection away, or ended one that its handler would have gone on with.
enum class Reason : std::uint8_t {
    // Turned away.
    connections,   ///< ServerLimits::connections are open.
    address,       ///< Those of its address are.
    network,       ///< Those of its network are.
    not_admitted,  ///< ServerOptions::admit said no.
    shortage,      ///< No descriptor, for longer than ServerLimits::shortage_patience.
    // Ended.
    first_byte,  ///< Nothing came within ServerLimits::first_byte.
    idle,        ///< Nothing came or went for ServerLimits::idle.
    write,       ///< The peer did not take what one write had to send in ServerLimits::write.
    due,         ///< What the handler itself set by Connection::due_within() ran out.
    lifetime,    ///< ServerLimits::lifetime is over.
    drained,     ///< The server drains, and it was between requests.
    killed,      ///< Somebody asked for it by Server::kill().
};
inline constexpr std::size_t kReasons = 12;
inline constexpr bool is_refusal(Reason reason) { return reason <= Reason::shortage; }

/// "connections", "first_byte" ...
std::string_view to_string(Reason reason);

/// A number for each reason.
template <class T>
class ByReason {
public:
    T& operator[](Reason reason) { return values_[static_cast<std::size_t>(reason)]; }
    const T& operator[](Reason reason) const { return values_[static_cast<std::size_t>(reason)]; }

private:
    std::array<T, kReasons> values_{};
};

}  // namespace fivetuple

#pragma once

#include "fivetuple/diag/owners.h"
#include "fivetuple/diag/socket.h"
#include "fivetuple/diag/states.h"
#include "fivetuple/os/ip_network.h"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fivetuple::diag {

/// What is wrong with a filter, and where.
struct FilterMistake {
    std::size_t at = 0;  ///< Bytes before the word that is wrong.
    std::string what;
    std::string hint;  ///< The way out; empty where none is known.

    /// The filter, a mark under the place, what is wrong there, and the hint: three lines or four.
    std::string to_string(std::string_view filter) const;
};

/// Which sockets somebody wants to see, in the language of `ss`:
///
///     state established and ( dport = :443 or sport = :443 )
///     dst 10.0.0.0/8 and not sport < 1024
///     exclude time-wait process = nginx
///
/// `state NAME`, `exclude NAME`; `dport`, `sport` with = != < <= > >= and a port or a service's
/// name; `dst`, `src` with an address, a network (10.0.0.0/8), a port behind either, or the name of
/// a Unix socket, where a * is anything; `dev NAME`, `fwmark N/MASK`, `cgroup PATH`; and, beyond
/// `ss`, `process NAME`, `pid N`, `uid N`, `inode N`. They are joined by `and`, `or`, `not`,
/// parentheses; where nothing stands between two, both must be so, but `state A state B` is either.
class Filter {
public:
    /// All sockets.
    Filter() = default;
    /// Nothing but blanks is all sockets.
    static std::expected<Filter, FilterMistake> parse(std::string_view text);
    /// What parse() reads as the same filter; empty for all sockets.
    std::string to_string() const;

    /// Whether it is one of them. What it asks for and the socket does not tell (a port of a Unix
    /// socket, a mark that this user may not see) is not so. `owners` may be null where
    /// needs_owners() is false.
    bool matches(const SeenSocket& socket, const Owners* owners = nullptr) const;

    bool is_empty() const { return nodes_.empty(); }
    /// The states that sockets can have for which it is so.
    StateSet states() const;
    /// Whether it says anything of states.
    bool names_states() const;
    /// Whether it asks for processes.
    bool needs_owners() const;
    /// Whether it asks for marks, which only CAP_NET_ADMIN may see.
    bool needs_marks() const;

    /// A condition, or two joined.
    struct Node {
        enum class What : std::uint8_t {
            both,
            either,
            neither,  ///< Of the one on the left.
            states,
            local_port,
            peer_port,
            local_host,
            peer_host,
            local_name,  ///< Of a Unix socket.
            interface,
            mark,
            cgroup,
            process,
            pid,
            user,
            inode,
        };
        enum class Compare : std::uint8_t { equal, at_most, at_least };

        What what{};
        Compare compare = Compare::equal;  ///< Of ports.
        std::uint32_t left = 0;            ///< Numbers of nodes.
        std::uint32_t right = 0;
        StateSet states;
        std::optional<IpNetwork> network;   ///< Of a host; any where there is none.
        std::optional<std::uint16_t> port;  ///< Of a host; any where there is none.
        std::uint64_t number = 0;
        std::uint32_t mask = UINT32_MAX;  ///< Of a mark.
        std::string text;                 ///< A name; how a number was written.
    };
    /// The last is the whole; each stands behind those it joins.
    const std::vector<Node>& nodes() const { return nodes_; }
    /// A filter has at most so many.
    static constexpr std::size_t kMostNodes = 500;

private:
    friend class FilterParser;

    std::vector<Node> nodes_;
};

}  // namespace fivetuple::diag

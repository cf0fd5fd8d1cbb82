#pragma once

#include "fivetuple/diag/counters.h"
#include "fivetuple/diag/headroom.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// What is wrong with the sockets of a machine, in words.
namespace fivetuple::diag {

/// What is looked at: all sockets of this network and all processes that can be seen, or some.
struct Patients {
    std::optional<std::uint32_t> pid;   ///< Only what this process holds.
    std::optional<std::uint16_t> port;  ///< Only sockets with this port at either end.
};

/// Who holds a socket, as it is said: `nginx pid 17`.
struct Holder {
    std::string process;
    std::uint32_t pid = 0;

    std::string to_string() const;
    friend auto operator<=>(const Holder&, const Holder&) = default;
};

/// What was seen at one moment of all that findings are made of.
struct Look {
    struct Listener {
        std::string local;
        SeenSocket::AcceptQueue queue;
        std::uint32_t user = 0;
        std::vector<Holder> holders;
    };
    /// Connections that their peer has closed and their program has not.
    struct Unclosed {
        std::uint32_t count = 0;
        std::chrono::milliseconds oldest{};  ///< Since anything came over it.
        std::string example;
    };
    struct Datagrams {
        std::string local;
        std::uint32_t drops = 0;
        std::uint32_t queue_bytes = 0;
        std::uint32_t buffer_bytes = 0;
        std::vector<Holder> holders;
    };
    /// A connection whose peer takes nothing more.
    struct Shut {
        std::string local;
        std::string peer;
        std::uint32_t waiting_bytes = 0;
        std::vector<Holder> holders;
    };

    std::vector<Listener> listeners;
    std::map<Holder, Unclosed> unclosed;
    std::map<std::uint64_t, Datagrams> datagrams;  ///< By their cookies; those that have dropped.
    std::vector<Shut> shut;
    std::vector<PortUse::Destination> ports;
    std::uint32_t port_count = 0;  ///< That the kernel chooses from.
    std::vector<DescriptorUse> descriptors;
    NetCounters counters;
    std::int64_t backlog_most = 0;  ///< net.core.somaxconn; 0 where it is not known.
    std::size_t unseen_processes = 0;

    /// Errors: as visit_sockets(), Owners::read() and NetCounters::read().
    static Result<Look> take(const Patients& patients = {});
};

enum class Severity : std::uint8_t { warning, severe };
/// `warning`, `severe`.
std::string_view name_of(Severity severity);

/// An illness that can be found: what it is called, why it hurts, and how it is known.
struct Illness {
    std::string_view name;  ///< `accept-queue-full`
    std::string_view meaning;
    std::string_view harm;
    std::string_view remedy;
    std::string_view sign;  ///< By what it is recognised.
};
/// All that are looked for.
std::span<const Illness> illnesses();

/// One that was found.
struct Finding {
    const Illness* illness = nullptr;
    Severity severity{};
    std::string who;         ///< A process, a listener, a destination.
    std::string evidence;    ///< What was seen, with figures.
    bool is_certain = true;  ///< Else what was seen may have another reason.
};

/// From where on it is an illness.
struct Thresholds {
    double queue_share = 0.75;    ///< Of an accept queue, of which a warning is given.
    std::uint32_t unclosed = 20;  ///< Connections of one process.
    std::chrono::milliseconds unclosed_for = std::chrono::seconds(30);
    double port_share = 0.8;        ///< Of the ports towards a destination; severe from 0.95 on.
    double descriptor_share = 0.8;  ///< Of a process's descriptors; severe from 0.95 on.
};

/// What is wrong now, the severe first. What only grows (drops, overflows) counts from `before` on;
/// a program that was ill before that and is well now is well.
std::vector<Finding> findings(const Look& before, const Look& now,
                              const Thresholds& thresholds = {});

}  // namespace fivetuple::diag

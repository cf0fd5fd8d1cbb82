#pragma once

#include "fivetuple/base/time.h"
#include "fivetuple/sim/ip/header.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace fivetuple::sim {

/// Cuts a packet that is larger than `mtu` into fragments that are not; one that fits is handed
/// back as it is. An IPv4 packet must allow it. `identification` is for IPv6, whose packets have
/// none until they are cut. RFC 791, RFC 8200 4.5
std::vector<Packet> fragment(Packet packet, std::size_t mtu, std::uint32_t identification);

/// Puts fragments together. It holds at most so many bytes and packets (the oldest are given up
/// first) and waits so long for the rest of one; fragments that overlap make the whole packet void.
/// Linux's ipfrag_high_thresh and ipfrag_time; RFC 5722
class Reassembler {
public:
    static constexpr std::size_t kMostBytes = 4 << 20;
    static constexpr std::size_t kMostPackets = 4096;
    static constexpr Duration kPatience = std::chrono::seconds(30);

    /// Takes a fragment; hands out the packet that it has completed, with a header as if it had
    /// never been cut.
    std::optional<Packet> add(const IpView& fragment, Time now);
    /// Gives up what has waited too long.
    void expire(Time now);
    Time next_deadline() const;

    std::size_t bytes() const { return bytes_; }
    std::uint64_t given_up() const { return given_up_; }

private:
    struct Key {
        IpAddress source;
        IpAddress destination;
        IpProtocol protocol;
        std::uint32_t identification;
        auto operator<=>(const Key&) const = default;
    };
    struct Waiting {
        Time since;
        IpHeader first;                         // Of the fragment at offset 0.
        std::map<std::uint32_t, Packet> parts;  // By offset.
        std::size_t bytes = 0;
        std::optional<std::size_t> whole;  // The size, once the last fragment has come.
        bool is_void = false;
    };

    static bool takes(Waiting& waiting, const IpView& fragment);
    static Packet join(Waiting& waiting);
    void make_room();
    void forget(std::map<Key, Waiting>::iterator which);

    std::map<Key, Waiting> waiting_;
    std::size_t bytes_ = 0;
    std::uint64_t given_up_ = 0;
};

}  // namespace fivetuple::sim

#pragma once

#include "fivetuple/sim/link/stage.h"
#include "fivetuple/sim/link/streams.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fivetuple::sim {

/// What happens on one direction of a link, in this order: packets are lost, changed and doubled;
/// wait in the queue and go onto the line; travel; and overtake each other.
struct LinkOptions {
    Duration delay{};                             ///< One way.
    Duration jitter{};                            ///< On top of the delay, drawn for each packet.
    Spread spread = Spread::uniform;              ///< Of the jitter.
    bool may_overtake = false;                    ///< Jitter changes the order, too.
    std::uint64_t rate = 0;                       ///< Bits a second; 0 is without a limit.
    std::size_t queue = std::size_t{256} * 1024;  ///< Bytes that wait for the line at most.
    std::size_t mark_above = SIZE_MAX;            ///< Bytes in the queue from which on ECN marks.
    double loss = 0;                              ///< Probability, of each packet alone.
    Bursts bursts = {};                           ///< Loss in bursts; `begin` above 0 turns it on.
    double duplicate = 0;                         ///< Probability that a packet comes twice.
    double corrupt = 0;                           ///< Probability that one bit of a packet turns.
    double reorder = 0;                           ///< Probability that a packet is held back...
    Duration reorder_by = std::chrono::milliseconds(10);  ///< ... for so long.
    std::size_t mtu = 1500;                               ///< The largest packet, in bytes.
};

/// One direction of a link: a row of stages. It keeps no packets: where one arrives, and when, is
/// known when it is sent.
class Link {
public:
    /// Its chance comes from `streams`, by the names of its stages.
    Link(const LinkOptions& options, const Streams& streams);

    /// A stage behind all others, of the caller's own making.
    void add(std::unique_ptr<Stage> stage) { stages_.push_back(std::move(stage)); }

    /// Sends a packet, which arrives never, once or more often: `arrivals` is told of each at once.
    void send(Packet packet, Time now, Onward& arrivals);

    /// Nothing that is sent from now on arrives; the sender is not told.
    void swallow(bool does) { swallows_ = does; }
    bool swallows() const { return swallows_; }
    /// What is on its way is lost. An arrival counts only where `cuts()` is what it was.
    void lose_all_on_the_way() { ++cuts_; }
    std::uint32_t cuts() const { return cuts_; }

    std::size_t mtu() const { return mtu_; }
    void set_mtu(std::size_t mtu) { mtu_ = mtu; }

    std::uint64_t sent() const { return sent_; }
    std::uint64_t swallowed() const { return swallowed_; }
    const std::vector<std::unique_ptr<Stage>>& stages() const { return stages_; }
    /// As in `120 sent, loss 3, queue 1`.
    std::string to_string() const;

private:
    class Walk;

    std::vector<std::unique_ptr<Stage>> stages_;
    std::size_t mtu_;
    std::uint32_t cuts_ = 0;
    bool swallows_ = false;
    std::uint64_t sent_ = 0;
    std::uint64_t swallowed_ = 0;
};

}  // namespace fivetuple::sim

#pragma once

#include "fivetuple/base/fifo.h"
#include "fivetuple/base/random.h"
#include "fivetuple/base/time.h"
#include "fivetuple/sim/ip/packet.h"

#include <cstdint>

namespace fivetuple::sim {

class Stage;

/// Where a stage hands on what has passed it.
class Onward {
public:
    virtual void forward(Packet packet, Time at) = 0;

protected:
    ~Onward() = default;
};

/// One thing that happens to packets on a link. A packet's whole way is known when it is sent: a
/// stage is told when the packet comes to it, and says when it leaves, once, never, or more often.
class Stage {
public:
    virtual ~Stage() = default;
    virtual void pass(Packet packet, Time at, Onward& onward) = 0;
    /// As in `loss`.
    virtual const char* name() const = 0;

    /// Packets that this stage has done something to: lost, delayed beyond their turn, changed.
    std::uint64_t struck() const { return struck_; }

protected:
    std::uint64_t struck_ = 0;
};

/// Loses each packet with the same probability.
class Loss final : public Stage {
public:
    Loss(double probability, Random random) : probability_(probability), random_(random) {}
    void pass(Packet packet, Time at, Onward& onward) override;
    const char* name() const override { return "loss"; }

private:
    double probability_;
    Random random_;
};

/// Loses packets in bursts: a channel that is good or bad, and changes with each packet by chance.
/// E. N. Gilbert, "Capacity of a burst-noise channel", 1960; E. O. Elliott, 1963
struct Bursts {
    double begin = 0;         ///< Probability that a good channel turns bad.
    double end = 0.5;         ///< That a bad one turns good.
    double loss_within = 1;   ///< Of a packet in a bad channel.
    double loss_between = 0;  ///< Of one in a good channel.
};
class BurstLoss final : public Stage {
public:
    BurstLoss(const Bursts& bursts, Random random) : bursts_(bursts), random_(random) {}
    void pass(Packet packet, Time at, Onward& onward) override;
    const char* name() const override { return "burst loss"; }

private:
    Bursts bursts_;
    Random random_;
    bool is_bad_ = false;
};

/// Sends a packet twice.
class Duplicate final : public Stage {
public:
    Duplicate(double probability, Random random) : probability_(probability), random_(random) {}
    void pass(Packet packet, Time at, Onward& onward) override;
    const char* name() const override { return "duplicate"; }

private:
    double probability_;
    Random random_;
};

/// Turns one bit of a packet, anywhere in it.
class Corrupt final : public Stage {
public:
    Corrupt(double probability, Random random) : probability_(probability), random_(random) {}
    void pass(Packet packet, Time at, Onward& onward) override;
    const char* name() const override { return "corrupt"; }

private:
    double probability_;
    Random random_;
};

/// A line of so many bits a second, and a queue before it that drops what comes when it is full.
/// From `mark_above` bytes on, packets whose ends understand it are marked (ECN) as they come.
class Rate final : public Stage {
public:
    Rate(std::uint64_t bits_a_second, std::size_t queue_bytes, std::size_t mark_above)
        : bits_a_second_(bits_a_second), queue_bytes_(queue_bytes), mark_above_(mark_above) {}
    void pass(Packet packet, Time at, Onward& onward) override;
    const char* name() const override { return "queue"; }

    /// Bytes that wait, or are on their way into the line, at that time.
    std::size_t queued(Time at);
    std::size_t most_queued() const { return most_queued_; }

private:
    struct Leaving {
        Time at;
        std::size_t size;
    };
    std::uint64_t bits_a_second_;
    std::size_t queue_bytes_;
    std::size_t mark_above_;
    Fifo<Leaving> leaving_;
    std::size_t queued_ = 0;
    std::size_t most_queued_ = 0;
    Time free_at_{};
};

/// How delays differ from packet to packet.
enum class Spread : std::uint8_t {
    uniform,      ///< Anything from nothing to the jitter.
    exponential,  ///< The jitter on average.
    heavy_tail    ///< The jitter on average, and now and then a hundred times that (Pareto, 1.5).
};

/// Every packet takes its time. Order is kept unless `may_overtake`.
class Delay final : public Stage {
public:
    Delay(Duration delay, Duration jitter, Spread spread, bool may_overtake, Random random)
        : delay_(delay),
          jitter_(jitter),
          spread_(spread),
          may_overtake_(may_overtake),
          random_(random) {}
    void pass(Packet packet, Time at, Onward& onward) override;
    const char* name() const override { return "delay"; }

private:
    Duration draw();

    Duration delay_;
    Duration jitter_;
    Spread spread_;
    bool may_overtake_;
    Random random_;
    Time last_{};
};

/// Holds single packets back for so long, so that those behind them overtake.
class Reorder final : public Stage {
public:
    Reorder(double probability, Duration by, Random random)
        : probability_(probability), by_(by), random_(random) {}
    void pass(Packet packet, Time at, Onward& onward) override;
    const char* name() const override { return "reorder"; }

private:
    double probability_;
    Duration by_;
    Random random_;
};

}  // namespace fivetuple::sim

#include "fivetuple/sim/link/link.h"

#include <utility>

namespace fivetuple::sim {

// A packet's place in the row of stages.
class Link::Walk final : public Onward {
public:
    Walk(Link& link, std::size_t next, Onward& arrivals)
        : link_(link), next_(next), arrivals_(arrivals) {}

    void forward(Packet packet, Time at) override {
        if (next_ == link_.stages_.size()) return arrivals_.forward(std::move(packet), at);
        Walk rest(link_, next_ + 1, arrivals_);
        link_.stages_[next_]->pass(std::move(packet), at, rest);
    }

private:
    Link& link_;
    std::size_t next_;
    Onward& arrivals_;
};

Link::Link(const LinkOptions& options, const Streams& streams) : mtu_(options.mtu) {
    if (options.loss > 0) add(std::make_unique<Loss>(options.loss, streams.named("loss")));
    if (options.bursts.begin > 0) {
        add(std::make_unique<BurstLoss>(options.bursts, streams.named("bursts")));
    }
    if (options.corrupt > 0) {
        add(std::make_unique<Corrupt>(options.corrupt, streams.named("corrupt")));
    }
    if (options.duplicate > 0) {
        add(std::make_unique<Duplicate>(options.duplicate, streams.named("duplicate")));
    }
    if (options.rate > 0) {
        add(std::make_unique<Rate>(options.rate, options.queue, options.mark_above));
    }
    if (options.delay > Duration::zero() || options.jitter > Duration::zero()) {
        add(std::make_unique<Delay>(options.delay, options.jitter, options.spread,
                                    options.may_overtake, streams.named("delay")));
    }
    if (options.reorder > 0) {
        add(std::make_unique<Reorder>(options.reorder, options.reorder_by,
                                      streams.named("reorder")));
    }
}

void Link::send(Packet packet, Time now, Onward& arrivals) {
    ++sent_;
    if (swallows_) {
        ++swallowed_;
        return;
    }
    Walk(*this, 0, arrivals).forward(std::move(packet), now);
}

std::string Link::to_string() const {
    std::string text = std::to_string(sent_) + " sent";
    if (swallowed_ > 0) text += ", swallowed " + std::to_string(swallowed_);
    for (const auto& stage : stages_) {
        if (stage->struck() == 0) continue;
        text += ", ";
        text += stage->name();
        text += ' ' + std::to_string(stage->struck());
    }
    return text;
}

}  // namespace fivetuple::sim

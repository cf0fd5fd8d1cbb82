#include "fivetuple/server/watch.h"

#include "fivetuple/task/op_wait.h"

#include <algorithm>

namespace fivetuple {
namespace {

enum class Direction : std::uint8_t { none, in, out };

Direction direction_of(const Op& op) {
    switch (op.kind) {
        case OpKind::receive:
        case OpKind::receive_lease:
        case OpKind::receive_messages:
        case OpKind::splice_in:
            return Direction::in;
        case OpKind::send:
        case OpKind::send_gathered:
        case OpKind::send_messages:
        case OpKind::send_zero_copy:
        case OpKind::splice_out:
        case OpKind::send_file:
            return Direction::out;
        case OpKind::send_then_receive:
            return op.answer().empty() ? Direction::in : Direction::out;
        case OpKind::accept:
        case OpKind::connect:
        case OpKind::poll:
            return Direction::none;
    }
    return Direction::none;
}

}  // namespace

void Watch::begin(Node& parent) {
    Deadline::begin(parent, std::min(limits_.first_byte, longest_pause()), {});
    began_ = loop().turn_began();
}

void Watch::stop_for(Reason why) {
    if (is_stopped()) return;
    stopped_for_ = why;
    loop().stop(*this);
    cancel(Stop::deadline);
}

void Watch::set_due(Time due) {
    due_ = due;
    if (is_stopped() || when <= due) return;
    loop().stop(*this);
    loop().start(*this, due);
}

bool Watch::rests_since(Duration quiet) {
    if (due_ != kNever) return false;
    const Waits now = waits();
    return now.reading && !now.writing && loop().now() - *now.reading >= quiet;
}

// So often it looks at least: what it has not seen begin it would notice too late.
Duration Watch::longest_pause() const { return std::min(limits_.idle, limits_.write / 2); }

void Watch::gather(Node& node, Waits& waits) const {
    const Wait* wait = node.current();
    if (wait != nullptr && wait->socket() == stream_.handle()) {
        // Only Ops have a socket.
        const Direction where = direction_of(static_cast<const OpWait&>(*wait));
        if (where == Direction::in) waits.reading = node.since();
        if (where == Direction::out) waits.writing = node.since();
    }
    node.children().for_each([&](Node& child) { gather(child, waits); });
}

Watch::Waits Watch::waits() {
    Waits found;
    if (stream_) gather(*this, found);
    return found;
}

void Watch::look_again(Job& job) {
    auto& self = static_cast<Watch&>(static_cast<Timer&>(job));
    const Time now = self.loop().now();
    self.lag_.record(static_cast<std::uint64_t>(std::max(now - self.when, Duration()).count()));
    self.look(now);
}

void Watch::look(Time now) {
    struct Bound {
        Time at;
        Reason why;
    };
    Bound first{after(began_, limits_.lifetime), Reason::lifetime};
    const auto bound = [&first](Time from, Duration limit, Reason why) {
        const Time at = after(from, limit);
        if (at < first.at) first = {at, why};
    };
    bound(due_, Duration::zero(), Reason::due);
    if (stream_.take_sent_while_reading()) sent_until_ = now;
    const Waits now_waiting = waits();
    if (now_waiting.writing) {
        bound(*now_waiting.writing, limits_.write, Reason::write);
    } else if (now_waiting.reading) {
        if (!stream_.has_received())
            bound(*now_waiting.reading, limits_.first_byte, Reason::first_byte);
        bound(std::max(*now_waiting.reading, sent_until_), limits_.idle, Reason::idle);
    }
    if (first.at <= now) return stop_for(first.why);
    loop().start(*this, std::min(first.at, after(now, longest_pause())));
}

}  // namespace fivetuple

#include "tests/sim/flow.h"

#include "fivetuple/base/assert.h"
#include "fivetuple/sim/stack/stack.h"

#include <poll.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <utility>

namespace fivetuple::testing {
namespace {

// Loses each so-and-so-many-th packet of data, and never another.
class EveryNth final : public sim::Stage {
public:
    explicit EveryNth(std::uint64_t every) : every_(every) {}
    void pass(sim::Packet packet, Time at, sim::Onward& onward) override {
        if (packet.size() > kFullSegment && ++count_ % every_ == 0) {
            ++struck_;
            return;
        }
        onward.forward(std::move(packet), at);
    }
    const char* name() const override { return "every nth"; }

private:
    std::uint64_t every_;
    std::uint64_t count_ = 0;
};

sim::LinkOptions way_back(const sim::LinkOptions& there) {
    sim::LinkOptions back;
    back.delay = there.delay;
    return back;
}

class Flow {
public:
    explicit Flow(const FlowOptions& options)
        : sender_(stack_options(options, {10, 0, 0, 1}, 1)),
          receiver_(stack_options(options, {10, 0, 0, 2}, 2)),
          there_(options.link, sim::Streams(1).child("there")),
          back_(way_back(options.link), sim::Streams(1).child("back")) {
        if (options.lose_every > 0) there_.add(std::make_unique<EveryNth>(options.lose_every));
        const SocketAddress at(IpAddress(IpAddress::V4Bytes{10, 0, 0, 2}), 9);
        listener_ = *receiver_.open(Family::ipv4, SocketType::stream, 0);
        FT_ASSERT(listener_->bind(at) == 0 && listener_->listen(1, now_) == 0, "a free port");
        from_ = *sender_.open(Family::ipv4, SocketType::stream, 0);
        static_cast<void>(from_->connect(at, now_));
        flush();
    }
    ~Flow() {
        for (auto* socket : {&from_, &to_, &listener_}) {
            if (*socket != nullptr) (*socket)->close(now_);
        }
    }
    Flow(const Flow&) = delete;
    Flow& operator=(const Flow&) = delete;

    void run_until(Time end) {
        while (true) {
            Time next = std::min(sender_.next_deadline(), receiver_.next_deadline());
            if (!flying_.empty()) next = std::min(next, flying_.begin()->first);
            if (next > end) break;
            now_ = std::max(now_, next);
            step();
        }
        now_ = end;
    }

    std::uint64_t received() const { return received_; }
    std::uint64_t packets() const { return there_.sent(); }
    double round_trip() const {
        const auto connections = sender_.tcp().connections();
        if (connections.empty()) return 0;
        return std::chrono::duration<double>(connections.front()->info(now_).round_trip).count();
    }
    std::uint64_t repeated() const {
        std::uint64_t count = 0;
        for (const auto* each : sender_.tcp().connections()) {
            count += each->info(now_).total_retransmissions;
        }
        return count;
    }

private:
    struct Arriving {
        sim::Stack* at;
        sim::Packet packet;
    };
    // Where a link lets its packets out.
    class Out final : public sim::Onward {
    public:
        Out(Flow& flow, sim::Stack& at) : flow_(flow), at_(at) {}
        void forward(sim::Packet packet, Time at) override {
            flow_.flying_.emplace(at, Arriving{&at_, std::move(packet)});
        }

    private:
        Flow& flow_;
        sim::Stack& at_;
    };

    static sim::StackOptions stack_options(const FlowOptions& options, IpAddress::V4Bytes address,
                                           std::uint64_t seed) {
        sim::StackOptions made;
        made.addresses = {IpAddress(address)};
        made.seed = seed;
        made.tcp.congestion = options.algorithm;
        return made;
    }

    void step() {
        while (!flying_.empty() && flying_.begin()->first <= now_) {
            Arriving first = std::move(flying_.begin()->second);
            flying_.erase(flying_.begin());
            first.at->input(std::move(first.packet), now_);
        }
        for (sim::Stack* each : {&sender_, &receiver_}) {
            if (each->next_deadline() <= now_) each->advance(now_);
        }
        write();
        read();
        flush();
    }

    void write() {
        iovec piece{room_.data(), room_.size()};
        msghdr message{};
        message.msg_iov = &piece;
        message.msg_iovlen = 1;
        while ((from_->events() & POLLOUT) != 0 && from_->send(message, 0, now_) > 0) continue;
    }

    void read() {
        if (to_ == nullptr) to_ = listener_->accept(now_).socket;
        while (to_ != nullptr && (to_->events() & POLLIN) != 0) {
            iovec piece{room_.data(), room_.size()};
            msghdr message{};
            message.msg_iov = &piece;
            message.msg_iovlen = 1;
            const std::int64_t got = to_->receive(message, 0, now_);
            if (got <= 0) return;
            received_ += static_cast<std::uint64_t>(got);
        }
    }

    void flush() {
        Out to_receiver(*this, receiver_), to_sender(*this, sender_);
        while (auto packet = sender_.output()) {
            there_.send(*std::move(packet), now_, to_receiver);
        }
        while (auto packet = receiver_.output()) back_.send(*std::move(packet), now_, to_sender);
    }

    Time now_{};
    sim::Stack sender_;
    sim::Stack receiver_;
    sim::Link there_;
    sim::Link back_;
    std::unique_ptr<sim::StackSocket> listener_;
    std::unique_ptr<sim::StackSocket> from_;
    std::unique_ptr<sim::StackSocket> to_;
    std::multimap<Time, Arriving> flying_;
    std::array<std::byte, 65536> room_{};
    std::uint64_t received_ = 0;
};

}  // namespace

FlowResult run_flow(const FlowOptions& options) {
    constexpr int kSamples = 1000;
    const auto flow = std::make_unique<Flow>(options);
    flow->run_until(Time{} + options.warm_up);
    const std::uint64_t before = flow->received();
    FlowResult result;
    for (int sample = 1; sample <= kSamples; ++sample) {
        flow->run_until(Time{} + options.warm_up + options.measured * sample / kSamples);
        result.round_trip += flow->round_trip() / kSamples;
    }
    result.bytes = flow->received() - before;
    result.repeated = flow->repeated();
    result.packets = flow->packets();
    const double seconds = std::chrono::duration<double>(options.measured).count();
    const double bytes_a_second = static_cast<double>(result.bytes) / seconds;
    result.kilobits_a_second = bytes_a_second * 8 / 1000;
    result.window = bytes_a_second * result.round_trip / kFullSegment;
    return result;
}

}  // namespace fivetuple::testing

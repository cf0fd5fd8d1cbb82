#include "fivetuple/sim/ip/header.h"
#include "fivetuple/sim/link/stage.h"
#include "fivetuple/sim/tcp/segment.h"

#include "tools/scenarios/programs.h"
#include "tools/scenarios/run.h"
#include <algorithm>
#include <deque>
#include <memory>
#include <optional>

// A scenario about segments that somebody else has made.
namespace ft_scenarios {

using namespace std::chrono_literals;
using ft::sim::Host;
using ft::sim::tcp::Segment;

namespace {

constexpr std::uint64_t kBeginning = 10;

// Sends, in front of some segments, others in the name of their sender: near enough to be taken
// for his, and such as no TCP may believe.
class Forger final : public ft::sim::Stage {
public:
    Forger(double share, ft::Random random, std::uint64_t& forged)
        : share_(share), random_(random), forged_(forged) {}

    void pass(ft::sim::Packet packet, ft::Time at, ft::sim::Onward& onward) override {
        if (auto made = forge(packet)) {
            ++struck_;
            ++forged_;
            onward.forward(*std::move(made), at);
        }
        onward.forward(std::move(packet), at);
    }
    const char* name() const override { return "forger"; }

private:
    std::optional<ft::sim::Packet> forge(const ft::sim::Packet& packet);
    void change(Segment& segment, std::uint64_t how);

    double share_;
    ft::Random random_;
    std::uint64_t& forged_;
    std::uint64_t passed_ = 0;
    std::optional<ft::sim::tcp::Sequence> end_;  // Behind all that has passed.
};

// What is behind all that was ever sent is not what the peer waits for next, and yet in its window.
void Forger::change(Segment& segment, std::uint64_t how) {
    const auto beyond = static_cast<std::uint32_t>(1 + random_.below(5000));
    const std::string_view lie = "nobody has ever sent that";
    segment.sequence = *end_;
    segment.flags.fin = false;
    segment.payload.resize(0);
    switch (how) {
        case 0:  // A reset that only is within the window, RFC 5961, section 3.2;
            segment.flags.rst = true;
            segment.flags.ack = false;
            segment.sequence += beyond;
            break;
        case 1:  // one that is far from it;
            segment.flags.rst = true;
            segment.sequence += 1u << 30;
            break;
        case 2:  // a SYN within it, section 4.2;
            segment.flags.syn = true;
            segment.flags.ack = false;
            segment.sequence += beyond;
            break;
        case 3:  // bytes from long ago, RFC 7323, section 5.3;
            if (segment.options.timestamps) {
                segment.options.timestamps->value -= 200'000;
                segment.payload.assign(ft::bytes_of(lie));
            }
            break;
        case 4:  // bytes that acknowledge what was never sent, RFC 5961, section 5.2;
            segment.acknowledgement += 1u << 24;
            segment.payload.assign(ft::bytes_of(lie));
            break;
        default:  // an end that is far behind the window.
            segment.flags.fin = true;
            segment.sequence += 1u << 29;
            break;
    }
}

std::optional<ft::sim::Packet> Forger::forge(const ft::sim::Packet& packet) {
    const auto view = ft::sim::read_ip(packet.bytes());
    if (!view || view->header.protocol != ft::IpProtocol::tcp) return std::nullopt;
    const ft::sim::IpHeader& header = view->header;
    auto segment = ft::sim::tcp::parse_segment(view->payload, header.source, header.destination);
    if (!segment) return std::nullopt;
    if (!end_ || segment->end() > *end_) end_ = segment->end();
    // Before both ends know of each other a SYN or a reset may end what has begun.
    if (++passed_ < kBeginning) return std::nullopt;
    const bool is_plain = !segment->flags.syn && !segment->flags.rst && segment->flags.ack;
    if (!is_plain || random_.unit() >= share_) return std::nullopt;
    change(*segment, random_.below(6));
    return ft::sim::make_ip(header, ft::sim::tcp::write_in_place(*std::move(segment), header.source,
                                                                 header.destination));
}

}  // namespace

void play_forged(Run& run) {
    const Values& values = run.values();
    ft::sim::World& world = run.world();
    Host& server = world.host("server", "10.0.0.1");
    Host& client = world.host("client", "10.0.0.2");
    ft::sim::Cable& cable = world.link(client, server, {.delay = values.time("delay")});
    auto& forged = run.keep<std::uint64_t>(0);
    for (Host* from : {&client, &server}) {
        cable.from(*from).add(std::make_unique<Forger>(
            values.share("share"), run.random("forger/" + from->name()), forged));
    }
    server.run(serve_echo, at("10.0.0.1:7"), ft::ListenOptions{});
    auto& sender = run.keep<Sender>();
    const std::uint64_t bytes = values.size("bytes");
    client.run(send_and_compare(at("10.0.0.1:7"), bytes, sender));
    world.run_until([&sender] { return sender.is_done; }, 10min);
    run.check(sender.failure.empty(),
              sender.failure.empty()
                  ? "nobody is talked into ending a connection"
                  : "nobody is talked into ending a connection: " + sender.failure);
    run.check(sender.is_done && sender.echoed == bytes && !sender.wrong_at,
              "every byte is one that was sent");
    run.figure("segments that were forged", forged);
    run.figure("bytes each way", bytes);
    run.figure("done after", sender.done_at - ft::Time{});
}

}  // namespace ft_scenarios

#include "fivetuple/sim/tcp/stack.h"

#include "fuzz/input.h"
#include "fuzz/thrown.h"
#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <vector>

using namespace fivetuple;
using namespace fivetuple::sim::tcp;
using namespace std::chrono_literals;

namespace {

fuzzing::Thrown thrown("mutated segments at a live connection");
fuzzing::Thrown thrown_elsewhere("mutated segments at a listener, or at what has ended");

// One host, whose peer and whose program both do what the input says: segments that nearly fit, in
// every state, with calls and time between them.
class Trial {
public:
    explicit Trial(fuzzing::Input& input) : input_(&input) {
        limits_.sack = flag();
        limits_.timestamps = flag();
        limits_.window_scaling = flag();
        limits_.rack = flag();
        limits_.ecn = flag() ? Limits::UseEcn::ask_and_agree : Limits::UseEcn::agree;
        limits_.fast_open_server = flag();
        limits_.syn_cookies = flag() ? Limits::Cookies::always : Limits::Cookies::on_overflow;
        settings_.receive_buffer = 1000 + input.choose(256) * 64;
        settings_.send_buffer = 1000 + input.choose(256) * 64;
        settings_.no_delay = flag();
        settings_.keepalive = flag();
        settings_.urgent_inline = flag();
        settings_.fast_open_queue = 1;
        host_.emplace(limits_, Random(1));
        auto binding = host_->bind(SocketAddress(ours_, 80), settings_);
        listener_ = *host_->listen(std::move(*binding), settings_, 2);
    }

    void run() {
        if (flag()) connect();
        for (int step = 0; step < 300 && !input_->rest().empty(); ++step) {
            act();
            collect();
        }
        finish();
    }

private:
    bool flag() { return choose(2) == 1; }
    // What the input says; in a storm, what follows from two of its bytes.
    std::size_t choose(std::size_t limit) {
        return storm_ ? static_cast<std::size_t>(storm_->below(limit)) : input_->choose(limit);
    }

    void connect() {
        auto made =
            host_->connect(SocketAddress(ours_, 0), SocketAddress(theirs_, 5000), settings_, now_);
        if (!made) return;
        connection_ = *made;
        port_ = connection_->tuple().local.port();
        collect();
    }

    void act() {
        const std::size_t what = choose(256);
        if (what >= 252 && !storm_) return storm();
        switch (what % 10) {
            case 0:
                pass(Duration(1ms) * (std::int64_t{1} << choose(20)));
                return;
            case 1:
                write();
                return;
            case 2:
                read();
                return;
            case 3:
                end();
                return;
            case 4:
                if (connection_ == nullptr) connection_ = host_->accept(*listener_);
                if (connection_ == nullptr && choose(4) == 0) connect();
                return;
            default:
                give();
                return;
        }
    }

    // Hundreds of segments at connections that are alive: one that has ended makes room for
    // another.
    void storm() {
        const std::size_t seed = choose(256) * 256 + choose(256);
        const std::size_t count = std::size_t{64} << choose(4);
        storm_.emplace(seed);
        for (std::size_t at = 0; at < count; ++at) {
            if (connection_ == nullptr || connection_->is_over()) revive();
            if (choose(16) == 0) {
                act();
            } else {
                give();
            }
            collect();
        }
        storm_.reset();
    }

    void revive() {
        if (connection_ != nullptr) host_->close(*connection_, now_);
        connection_ = nullptr;
        connect();
        if (connection_ == nullptr) return pass(Duration(1min));
        Segment answer;
        answer.source_port = 5000;
        answer.destination_port = port_;
        answer.flags = {.syn = true, .ack = true};
        answer.sequence = next_ = Sequence(static_cast<std::uint32_t>(choose(1u << 31)) * 2);
        answer.acknowledgement = acknowledges_;
        answer.window = static_cast<std::uint16_t>(choose(65536));
        answer.options.sack_permitted = flag();
        if (flag()) answer.options.timestamps = Timestamps{1, timestamp_};
        if (flag()) answer.options.window_scale = static_cast<std::uint8_t>(choose(15));
        if (flag()) answer.options.max_segment = static_cast<std::uint16_t>(choose(1461));
        host_->input(theirs_, ours_, answer, now_);
        collect();
    }

    void write() {
        if (connection_ == nullptr) return;
        const std::string text(1 + choose(256) * 16, 'x');
        const auto sent = connection_->send(bytes_of(text), now_, flag(), choose(8) == 0);
        FT_ASSERT(!sent || *sent <= text.size(), "no more is taken than was given");
        FT_ASSERT(connection_->unacknowledged_bytes() <= 20'000, "the send buffer is bounded");
        host_->changed(*connection_);
    }

    void read() {
        if (connection_ == nullptr) return;
        std::array<std::byte, 4096> room;
        const MutableBytes part(room.data(), 1 + choose(256) * 16 % room.size());
        const auto got = connection_->receive(part, now_, choose(4) == 0);
        FT_ASSERT(!got || *got <= part.size(), "no more comes than there is room for");
        if (flag()) static_cast<void>(connection_->receive_urgent().has_value());
        host_->changed(*connection_);
    }

    void end() {
        if (connection_ == nullptr) return;
        if (flag()) {
            static_cast<void>(connection_->shutdown_write(now_).has_value());
            host_->changed(*connection_);
        } else if (flag()) {
            host_->packet_too_big(connection_->tuple(), static_cast<std::uint16_t>(choose(256) * 8),
                                  now_);
        } else {
            host_->close(*connection_, now_);
            connection_ = nullptr;
        }
    }

    // Near what would fit: the numbers that the host is waiting for, and a little off.
    void give() {
        constexpr std::array<std::int32_t, 8> kOff = {0, 0, 1, -1, 100, -100, 70'000, 1 << 30};
        Segment segment;
        segment.source_port = 5000;
        segment.destination_port = port_;
        const std::size_t bits = choose(256);
        segment.flags = {.fin = bits % 8 == 1,
                         .syn = bits % 16 == 2,
                         .rst = bits % 32 == 3,
                         .psh = flag(),
                         .ack = bits % 16 != 2 || bits > 128,
                         .urg = bits % 64 == 4,
                         .ece = bits % 16 == 5,
                         .cwr = bits % 16 == 6};
        segment.sequence = next_ + static_cast<std::uint32_t>(kOff[choose(kOff.size())]);
        segment.acknowledgement =
            acknowledges_ + static_cast<std::uint32_t>(kOff[choose(kOff.size())]);
        segment.window = static_cast<std::uint16_t>(choose(256) * 257);
        segment.urgent_pointer = static_cast<std::uint16_t>(choose(256));
        if (flag()) segment.payload.resize(choose(256) * 8);
        if (flag()) {
            segment.options.timestamps =
                Timestamps{static_cast<std::uint32_t>(choose(256)), timestamp_};
        }
        if (segment.flags.syn) {
            segment.options.sack_permitted = flag();
            segment.options.max_segment = static_cast<std::uint16_t>(choose(256) * 6);
            if (flag()) segment.options.window_scale = 3;
            if (flag()) segment.options.fast_open = FastOpenCookie{};
        } else if (flag()) {
            const Sequence begin = acknowledges_ - static_cast<std::uint32_t>(choose(256)) * 40;
            segment.options.sack.add({begin, begin + static_cast<std::uint32_t>(choose(256)) * 40});
        }
        segment.ecn = flag() ? Ecn::congested : Ecn::not_capable;
        const bool is_live = connection_ != nullptr && !connection_->is_over();
        ++(is_live ? thrown : thrown_elsewhere);
        host_->input(theirs_, ours_, segment, now_);
    }

    void collect() {
        std::size_t count = 0;
        while (auto out = host_->output()) {
            FT_ASSERT(++count < 1000, "what goes at once is bounded");
            const Segment& segment = out->segment;
            const auto bytes = write_segment(segment, out->from, out->to);
            FT_ASSERT(parse_segment(bytes, out->from, out->to).has_value(), "it can be read");
            FT_ASSERT(segment.wire_size() <= 1480, "it fits the interface");
            if (segment.flags.rst) continue;
            acknowledges_ = segment.end();
            if (segment.flags.ack) next_ = segment.acknowledgement;
            if (segment.options.timestamps) timestamp_ = segment.options.timestamps->value;
        }
    }

    void pass(Duration limit) {
        const Time until = now_ + limit;
        for (std::size_t count = 0; host_->next_deadline() <= until; ++count) {
            FT_ASSERT(count < 100'000, "time goes on");
            now_ = std::max(now_, host_->next_deadline());
            host_->advance(now_);
            collect();
        }
        now_ = until;
    }

    // Whatever happened: when the programs are gone, so is everything after a while.
    void finish() {
        if (connection_ != nullptr) host_->close(*connection_, now_);
        host_->close(*listener_, now_);
        collect();
        pass(2h);
        FT_ASSERT(host_->connections().empty(), "nothing stays behind");
        FT_ASSERT(host_->next_deadline() == kNever, "and nothing is awaited");
    }

    fuzzing::Input* input_;
    std::optional<Random> storm_;
    Limits limits_;
    Settings settings_;
    std::optional<Stack> host_;
    Listener* listener_ = nullptr;
    Connection* connection_ = nullptr;
    IpAddress ours_{IpAddress::V4Bytes{10, 0, 0, 1}};
    IpAddress theirs_{IpAddress::V4Bytes{10, 0, 0, 2}};
    std::uint16_t port_ = 80;
    Time now_{};
    Sequence next_{1000};
    Sequence acknowledges_;
    std::uint32_t timestamp_ = 0;
};

}  // namespace

// No segment, in no state, breaks a connection: it ends, its memory is bounded, and its segments
// are such as the wire can carry.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzzing::Input input(data, std::min<std::size_t>(size, 4096));
    Trial(input).run();
    return 0;
}

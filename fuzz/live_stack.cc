#include "fivetuple/base/fifo.h"
#include "fivetuple/os/internet_checksum.h"
#include "fivetuple/sim/stack/stack.h"

#include <poll.h>
#include <sys/uio.h>

#include "fuzz/input.h"
#include "fuzz/thrown.h"
#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

using namespace fivetuple;
using namespace std::chrono_literals;

namespace {

fuzzing::Thrown thrown("mutated or forged packets at live hosts");

// Puts right checksums into a packet, as far as it is one: garbage that is refused for its sum
// reaches nothing.
void seal(sim::Packet& packet) {
    MutableBytes bytes = packet.bytes();
    if (bytes.size() < 20) return;
    if (static_cast<std::uint8_t>(bytes[0]) >> 4 == 4) {
        const std::size_t header = (static_cast<std::uint8_t>(bytes[0]) & 0xfu) * 4;
        if (header < 20 || header > bytes.size()) return;
        put_integer(bytes.subspan(10), std::uint16_t{0});
        put_integer(bytes.subspan(10), internet_checksum(bytes.first(header)));
    }
    const auto view = sim::read_ip(packet.bytes());
    if (!view || view->header.is_fragment()) return;
    std::size_t at = 0;
    const IpProtocol protocol = view->header.protocol;
    if (protocol == IpProtocol::tcp) {
        at = 16;
    } else if (protocol == IpProtocol::udp) {
        at = 6;
    } else if (protocol == IpProtocol::icmp || protocol == IpProtocol::icmpv6) {
        at = 2;
    }
    if (at == 0 || view->payload.size() < at + 2) return;
    const auto start = static_cast<std::size_t>(view->payload.data() - bytes.data());
    const MutableBytes carried = bytes.subspan(start, view->payload.size());
    put_integer(carried.subspan(at), std::uint16_t{0});
    InternetChecksum sum;
    if (protocol != IpProtocol::icmp) {
        sum.add_pseudo_header(view->header.source, view->header.destination,
                              static_cast<std::uint8_t>(protocol),
                              static_cast<std::uint32_t>(carried.size()));
    }
    sum.add(carried);
    put_integer(carried.subspan(at), sum.value());
}

// A host with a program: sockets of TCP and UDP that talk with those of another.
struct Side {
    Side(std::array<IpAddress, 2> own, std::size_t mtu, std::uint64_t seed)
        : addresses(own), stack(options(own, mtu, seed)) {}
    static sim::StackOptions options(const std::array<IpAddress, 2>& own, std::size_t mtu,
                                     std::uint64_t seed) {
        sim::StackOptions made;
        made.addresses = {own.begin(), own.end()};
        made.mtu = mtu;
        made.seed = seed;
        return made;
    }

    std::array<IpAddress, 2> addresses;
    sim::Stack stack;
    std::unique_ptr<sim::StackSocket> listener;
    std::unique_ptr<sim::StackSocket> stream;
    std::unique_ptr<sim::StackSocket> datagrams;
    Fifo<sim::Packet> sent;  // What it has put on the wire.
};

class Trial {
public:
    explicit Trial(fuzzing::Input& input)
        : input_(&input),
          is_v6_(input.choose(2) == 1),
          mtu_(input.choose(2) == 1 ? 1500 : 1280),
          caller_({IpAddress(IpAddress::V4Bytes{10, 0, 0, 1}), *IpAddress::parse("fd00::1")}, mtu_,
                  1),
          server_({IpAddress(IpAddress::V4Bytes{10, 0, 0, 2}), *IpAddress::parse("fd00::2")}, mtu_,
                  2) {
        const Family family = is_v6_ ? Family::ipv6 : Family::ipv4;
        const SocketAddress at(server_.addresses[is_v6_ ? 1 : 0], 7);
        server_.listener = *server_.stack.open(family, SocketType::stream, 0);
        FT_ASSERT(server_.listener->bind(at) == 0, "the port is free");
        FT_ASSERT(server_.listener->listen(4, now_) == 0, "it can listen");
        server_.datagrams = *server_.stack.open(family, SocketType::datagram, 0);
        FT_ASSERT(server_.datagrams->bind(at) == 0, "the port is free");
        caller_.datagrams = *caller_.stack.open(family, SocketType::datagram, 0);
        FT_ASSERT(caller_.datagrams->connect(at, now_) == 0, "there is a way");
        caller_.stream = *caller_.stack.open(family, SocketType::stream, 0);
        static_cast<void>(caller_.stream->connect(at, now_));
        collect();
    }

    void run() {
        if (input_->choose(4) != 0) pump(20);
        for (int step = 0; step < 400 && !input_->rest().empty(); ++step) {
            act();
            collect();
            check();
        }
        finish();
    }

private:
    Side& pick() { return input_->choose(2) == 0 ? caller_ : server_; }
    Side& other(Side& side) { return &side == &caller_ ? server_ : caller_; }

    void act() {
        switch (input_->choose(12)) {
            case 0:
                return pump(1 + input_->choose(8));
            case 1:
                return lose();
            case 2:
            case 3:
            case 4:
                return mutate();
            case 5:
                return repeat();
            case 6:
                return report();
            case 7:
                return forge();
            case 8:
                return talk(pick());
            case 9:
                return read(pick());
            case 10:
                return pass(Duration(1ms) * (std::int64_t{1} << input_->choose(16)));
            default:
                return end(pick());
        }
    }

    // --- What the wire does ---

    void give(Side& to, sim::Packet packet) {
        to.stack.input(std::move(packet), now_);
        collect();
    }

    // So many packets arrive as they are.
    void pump(std::size_t most) {
        for (std::size_t count = 0; count < most; ++count) {
            const bool is_quiet = caller_.sent.empty() && server_.sent.empty();
            if (is_quiet) return;
            for (Side* side : {&caller_, &server_}) {
                if (!side->sent.empty()) give(other(*side), side->sent.take_front());
            }
            accept();
        }
    }

    void lose() {
        Side& side = pick();
        if (!side.sent.empty()) side.sent.pop_front();
    }

    void repeat() {
        Side& side = pick();
        if (side.sent.empty()) return;
        give(other(side), sim::Packet::copy_of(side.sent.front().bytes()));
    }

    // A packet on its way gets other bytes, mostly in its headers; the true one may come, too.
    void mutate() {
        Side& side = pick();
        if (side.sent.empty()) return;
        sim::Packet changed = sim::Packet::copy_of(side.sent.front().bytes());
        const std::size_t front = std::min<std::size_t>(changed.size(), 100);
        for (std::size_t left = 1 + input_->choose(4); left > 0; --left) {
            const std::size_t at = input_->choose(256) % front;
            changed.bytes()[at] = static_cast<std::byte>(input_->choose(256));
        }
        if (input_->choose(8) == 0) {
            changed = sim::Packet::copy_of(changed.bytes().first(input_->choose(256) % front));
        }
        if (input_->choose(8) != 0) seal(changed);
        if (input_->choose(2) == 0) side.sent.pop_front();
        ++thrown;
        give(other(side), std::move(changed));
    }

    // A router says that a packet did not arrive.
    void report() {
        Side& side = pick();
        if (side.sent.empty()) return;
        const auto view = sim::read_ip(side.sent.front().bytes());
        FT_ASSERT(view.has_value(), "a host sends packets");
        if (!sim::deserves_icmp_error(*view)) return;
        const auto reason = static_cast<sim::IcmpReason>(input_->choose(9));
        const auto mtu = static_cast<std::uint32_t>(input_->choose(256) * 8);
        sim::Packet error =
            sim::make_icmp_error(reason, mtu, view->header.destination, side.sent.front().bytes());
        if (input_->choose(4) == 0)
            error.bytes()[input_->choose(256) % error.size()] ^= std::byte{1};
        seal(error);
        ++thrown;
        give(side, std::move(error));
    }

    // A packet of the input's own making, or a part of one.
    void forge() {
        constexpr std::array kProtocols = {IpProtocol::tcp, IpProtocol::udp, IpProtocol::icmp,
                                           IpProtocol::icmpv6};
        Side& to = pick();
        const std::size_t kind = is_v6_ ? 1 : 0;
        sim::IpHeader header{.source = other(to).addresses[kind],
                             .destination = to.addresses[kind],
                             .protocol = kProtocols[input_->choose(kProtocols.size())],
                             .hops = static_cast<std::uint8_t>(input_->choose(256)),
                             .traffic_class = static_cast<std::uint8_t>(input_->choose(256)),
                             .may_fragment = input_->choose(2) == 1,
                             .identification = static_cast<std::uint32_t>(input_->choose(4))};
        if (input_->choose(2) == 1) {
            header.fragment_offset = static_cast<std::uint32_t>(input_->choose(256)) * 64;
            header.more_fragments = input_->choose(4) != 0;
        }
        const std::size_t size = input_->choose(64) * 8;
        const Bytes bytes = input_->take(std::min<std::size_t>(size, 64));
        sim::Packet packet = sim::make_ip(header, size);
        const MutableBytes payload = payload_of(packet, header);
        std::ranges::fill(payload, std::byte{0});
        std::ranges::copy(bytes, payload.begin());
        seal(packet);
        ++thrown;
        give(to, std::move(packet));
    }

    // --- What programs do ---

    void accept() {
        if (server_.stream != nullptr || server_.listener == nullptr) return;
        auto accepted = server_.listener->accept(now_);
        server_.stream = std::move(accepted.socket);
    }

    void talk(Side& side) {
        static const std::array<std::byte, 9000> kBytes{};
        iovec piece{const_cast<std::byte*>(kBytes.data()), 1 + input_->choose(256) * 32};
        msghdr message{};
        message.msg_iov = &piece;
        message.msg_iovlen = 1;
        sim::StackSocket* socket =
            input_->choose(2) == 0 ? side.stream.get() : side.datagrams.get();
        if (socket == nullptr) return;
        const auto sent = socket->send(message, 0, now_);
        FT_ASSERT(sent <= static_cast<std::int64_t>(piece.iov_len), "no more than was given");
    }

    void read(Side& side) {
        std::array<std::byte, 4096> room;
        for (sim::StackSocket* socket : {side.stream.get(), side.datagrams.get()}) {
            if (socket == nullptr) continue;
            iovec piece{room.data(), 1 + input_->choose(256) * 16 % room.size()};
            msghdr message{};
            message.msg_iov = &piece;
            message.msg_iovlen = 1;
            const auto got = socket->receive(message, 0, now_);
            FT_ASSERT(got <= static_cast<std::int64_t>(piece.iov_len), "no more than was asked");
            static_cast<void>(socket->take_failure());
        }
    }

    void end(Side& side) {
        if (side.stream == nullptr) return;
        if (input_->choose(4) != 0) {
            static_cast<void>(side.stream->shutdown(SHUT_WR, now_));
        } else {
            side.stream->close(now_);
            side.stream.reset();
        }
    }

    // --- What must be so ---

    void collect() {
        std::size_t count = 0;
        for (Side* side : {&caller_, &server_}) {
            while (auto packet = side->stack.output()) {
                FT_ASSERT(++count < 5000, "what goes at once is bounded");
                const auto view = sim::read_ip(packet->bytes());
                FT_ASSERT(view.has_value(), "what goes is a packet");
                FT_ASSERT(packet->size() <= mtu_, "it fits the link");
                if (side->sent.size() < 256) side->sent.push_back(*std::move(packet));
            }
        }
    }

    void check() {
        for (Side* side : {&caller_, &server_}) {
            const auto connections = side->stack.tcp().connections();
            FT_ASSERT(connections.size() <= 64, "connections are bounded");
            for (const sim::tcp::Connection* each : connections) {
                FT_ASSERT(each->unacknowledged_bytes() <= 2'097'152, "the send buffer is bounded");
                FT_ASSERT(each->readable_bytes() <= 3'145'728, "the receive buffer is bounded");
                FT_ASSERT(each->segment_bytes() <= mtu_, "segments fit the link");
            }
        }
    }

    void pass(Duration limit) {
        const Time until = now_ + limit;
        for (std::size_t count = 0;; ++count) {
            const Time next =
                std::min(caller_.stack.next_deadline(), server_.stack.next_deadline());
            if (next > until) break;
            FT_ASSERT(count < 100'000, "time goes on");
            now_ = std::max(now_, next);
            caller_.stack.advance(now_);
            server_.stack.advance(now_);
            collect();
            if (is_ending_) pump(1000);
        }
        now_ = until;
    }

    // Without programs, and with a wire that is whole again, all comes to its end.
    void finish() {
        is_ending_ = true;
        for (Side* side : {&caller_, &server_}) {
            for (auto* socket : {&side->stream, &side->listener, &side->datagrams}) {
                if (*socket != nullptr) (*socket)->close(now_);
                socket->reset();
            }
        }
        collect();
        pump(1000);
        pass(3h);
        for (Side* side : {&caller_, &server_}) {
            FT_ASSERT(side->stack.tcp().connections().empty(), "nothing stays behind");
            FT_ASSERT(side->stack.next_deadline() == kNever, "and nothing is awaited");
        }
    }

    fuzzing::Input* input_;
    bool is_v6_;
    bool is_ending_ = false;
    std::size_t mtu_;
    Time now_{};
    Side caller_;
    Side server_;
};

}  // namespace

// Two hosts talk by TCP and UDP while packets between them are lost, repeated, changed and forged,
// with checksums that fit: no packet breaks a host, its memory is bounded, and all ends.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzzing::Input input(data, std::min<std::size_t>(size, 4096));
    Trial(input).run();
    return 0;
}

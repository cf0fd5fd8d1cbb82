#include "bench/sim/transfers.h"

#include "bench/sim/stopwatch.h"
#include "fivetuple/base/assert.h"
#include "fivetuple/sim/world.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/transport/tcp.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

namespace ft_bench_sim {
namespace {

using namespace fivetuple;

// A text of which each piece can be checked: it comes again every 64 KiB.
class Text {
public:
    static constexpr std::size_t kPeriod = 64 * 1024;

    Text() : letters_(kPeriod * 2, ' ') {
        for (std::size_t at = 0; at < letters_.size(); ++at) {
            const std::size_t place = at % kPeriod;
            letters_[at] = static_cast<char>('a' + (place * 7 + place / 256) % 26);
        }
    }
    /// From that place on, at most a period.
    Bytes from(std::size_t place, std::size_t most) const {
        return bytes_of(letters_).subspan(place % kPeriod, std::min(most, kPeriod));
    }
    bool is_at(std::size_t place, Bytes bytes) const {
        while (!bytes.empty()) {
            const Bytes here = from(place, bytes.size());
            if (std::memcmp(here.data(), bytes.data(), here.size()) != 0) return false;
            bytes = bytes.subspan(here.size());
            place += here.size();
        }
        return true;
    }

private:
    std::string letters_;
};

const Text& text() {
    static const Text all;
    return all;
}

Task<void> send_all(TcpStream& stream, std::size_t count) {
    for (std::size_t sent = 0; sent < count;) {
        const Bytes piece = text().from(sent, count - sent);
        auto written = co_await stream.write_all(piece);
        FT_ASSERT(written.has_value(), "what is written is taken");
        sent += piece.size();
    }
    static_cast<void>(stream.shutdown_write());
}

Task<void> take_all(TcpStream& stream, std::size_t& total) {
    while (true) {
        auto got = co_await stream.read();
        FT_ASSERT(got.has_value(), "what is sent arrives");
        if (got->empty()) co_return;
        FT_ASSERT(text().is_at(total, got->bytes()), "each byte arrives in its place");
        total += got->size();
    }
}

Task<void> talk(Scope& scope, TcpStream& stream, std::size_t sends, std::size_t& total) {
    scope.spawn(send_all(stream, sends));
    co_await take_all(stream, total);
}

Task<void> serve(SocketAddress at, std::size_t sends, std::size_t& total) {
    auto listener = TcpListener::bind(co_await this_loop(), at);
    FT_ASSERT(listener.has_value(), "a simulated host has its port free");
    auto peer = co_await listener->accept();
    FT_ASSERT(peer.has_value(), "one comes");
    co_await with_scope(talk, std::ref(*peer), sends, std::ref(total));
}

Task<void> call(SocketAddress at, std::size_t sends, std::size_t& total) {
    auto stream = co_await TcpStream::connect(at);
    FT_ASSERT(stream.has_value(), "somebody is there");
    co_await with_scope(talk, std::ref(*stream), sends, std::ref(total));
}

}  // namespace

Transfers transfer(std::uint64_t seed, const sim::LinkOptions& options, std::size_t bytes,
                   bool both_ways) {
    const Stopwatch watch;
    sim::World world(seed);
    sim::Host& server = world.host("server", "10.0.0.1");
    sim::Host& client = world.host("client", "10.0.0.2");
    sim::Cable& cable = world.link(client, server, options);
    const SocketAddress at = *SocketAddress::parse("10.0.0.1:7");
    std::size_t there = 0, back = 0;
    server.run(serve(at, both_ways ? bytes : 0, there));
    client.run(call(at, bytes, back));
    const auto is_done = [&] { return server.running() + client.running() == 0; };
    FT_ASSERT(world.run_until(is_done, std::chrono::hours(24)), "a transfer ends");
    FT_ASSERT(there == bytes && back == (both_ways ? bytes : 0), "all of it arrives");
    Transfers done;
    done.segments = cable.from(client).sent() + cable.from(server).sent();
    done.bytes = there + back;
    done.simulated_seconds = std::chrono::duration<double>(world.elapsed()).count();
    done.seconds = watch.seconds();
    return done;
}

}  // namespace ft_bench_sim

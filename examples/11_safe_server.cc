// A server for the open internet: a line in, the same line out. All limits are on. Behind the
// address may stand how many threads serve, and where `ft ctl` finds them.
#include "fivetuple/fivetuple.h"
#include "fivetuple/server.h"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace ft = fivetuple;
using namespace std::chrono_literals;

ft::Task<void> answer(ft::Connection& peer) {
    ft::FrameReader reader(peer, ft::Delimiter("\n", 1024));
    ft::FrameWriter writer(peer, ft::Delimiter());
    while (!peer.is_draining()) {
        auto line = co_await reader.read();
        if (!line || !*line) co_return;  // Over a limit, broken or finished: same to us.
        if (!writer.add((*line)->payload)) co_return;
        auto sent = co_await writer.flush();
        if (!sent) co_return;
    }
}

int main(int count, char** arguments) {
    const auto address = ft::SocketAddress::parse(count > 1 ? arguments[1] : "127.0.0.1:7777");
    if (!address) return 2;
    ft::ServerOptions options;
    options.listen = {*address};
    options.limits.per_address = 64;
    options.limits.idle = 30s;
    options.farewell = [](ft::Reason why) {
        return "closed: " + std::string(ft::to_string(why)) + "\n";
    };
    options.log = [](std::string_view line) {
        std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
    };
    options.listening = [](const ft::SocketAddress& at) {
        std::printf("listening on %s\n", at.to_string().c_str());
        std::fflush(stdout);
    };
    if (count > 3) {
        const auto control = ft::SocketAddress::parse(arguments[3]);
        if (!control) return 2;
        options.control = *control;
    }
    const unsigned threads = count > 2 ? static_cast<unsigned>(std::atoi(arguments[2])) : 0;
    const auto served = ft::serve_on_workers(options, answer, {.threads = threads});
    if (!served) std::fprintf(stderr, "error: %s\n", served.error().message().c_str());
    return served ? 0 : 1;
}

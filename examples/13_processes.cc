// An echo server on worker processes: one that crashes takes its own connections along and no
// others, and is started again. Try `kill -9` on one while clients are busy. Behind the address may
// stand how many there are, and where `ft ctl` finds them.
#include "fivetuple/fivetuple.h"
#include "fivetuple/server.h"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace ft = fivetuple;

ft::Task<void> echo(ft::Connection& peer) {
    auto got = co_await peer.read();
    while (got && !got->empty()) got = co_await peer.write_then_read(*std::move(got));
}

void say(const ft::WorkerEnd& end) {
    std::printf("worker %u %s\n", end.worker, end.how.to_string().c_str());
    std::fflush(stdout);
}

int main(int count, char** arguments) {
    const auto address = ft::SocketAddress::parse(count > 1 ? arguments[1] : "127.0.0.1:7777");
    if (!address) return 2;
    ft::ServerOptions options;
    options.listen = {*address};
    options.listening = [](const ft::SocketAddress& at) {
        std::printf("listening on %s\n", at.to_string().c_str());
        std::fflush(stdout);
    };
    options.log = [](std::string_view line) {
        std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
    };
    if (count > 3) {
        const auto control = ft::SocketAddress::parse(arguments[3]);
        if (!control) return 2;
        options.control = *control;
    }
    ft::ProcessOptions how;
    how.processes = count > 2 ? static_cast<unsigned>(std::atoi(arguments[2])) : 0;
    how.ended = say;
    // Before there is a loop or a thread: the workers are copies of the process as it is now.
    const auto served = ft::serve_on_processes(options, echo, how);
    if (!served) std::fprintf(stderr, "error: %s\n", served.error().message().c_str());
    return served ? 0 : 1;
}

// The addresses of this machine, and what becomes of them until Ctrl-C is pressed.
#include "fivetuple/fivetuple.h"

#include <csignal>
#include <cstdio>

namespace ft = fivetuple;

ft::Task<ft::Result<void>> list(ft::Loop& loop) {
    FT_CO_TRY(auto kernel, ft::NetlinkSocket::open(loop));
    FT_CO_TRY(const auto addresses, co_await kernel.list<ft::netlink::InterfaceAddress>());
    for (const auto& each : addresses) std::printf("%s\n", each.to_string().c_str());
    co_return {};
}

ft::Task<ft::Result<void>> watch(ft::NetlinkEvents& events) {
    while (true) {
        auto event = co_await events.next();
        // More happened than could be taken: what was missed is there to be listed again.
        if (!event && event.error().is(ENOBUFS)) FT_CO_TRY_VOID(co_await list(events.loop()));
        if (!event && !event.error().is(ENOBUFS)) co_return std::unexpected(event.error());
        if (event) std::printf("%s\n", event->to_string().c_str());
        std::fflush(stdout);
    }
}

ft::Task<ft::Result<void>> show(ft::Loop& loop) {
    // First the ear, then the list: nothing is missed between the two.
    FT_CO_TRY(auto events, ft::NetlinkEvents::open(loop, {.links = false}));
    FT_CO_TRY_VOID(co_await list(loop));
    std::printf("watching\n");
    std::fflush(stdout);
    auto ended = co_await ft::first_of(watch(events), ft::signal(SIGINT));
    if (ended.index() == 0) co_return std::move(ended.get<0>());
    co_return {};
}

int main() {
    const auto shown = ft::run(show);
    if (!shown) std::fprintf(stderr, "error: %s\n", shown.error().message().c_str());
    return shown ? 0 : 1;
}

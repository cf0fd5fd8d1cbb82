// Is a host there, and how long do its answers take? One socket, by whichever means this user may.
#include "fivetuple/fivetuple.h"

#include <cstdio>

namespace ft = fivetuple;
using namespace std::chrono_literals;

double ms(ft::Duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

ft::Task<ft::Result<void>> ask(ft::Loop& loop, const char* where) {
    FT_CO_TRY(const ft::IpAddress to, ft::IpAddress::parse(where));
    ft::PingOptions options;
    options.count = 5;
    options.interval = 50ms;
    FT_CO_TRY(ft::Ping ping, ft::Ping::open(loop, to, options));
    std::printf("by %s\n", ft::to_string(ping.means()));
    while (true) {
        FT_CO_TRY(const auto event, co_await ping.next());
        if (!event) break;
        std::printf("%s\n", event->to_string().c_str());
    }
    const ft::PingStatistics& all = ping.statistics();
    std::printf("%llu of %llu answered\n", static_cast<unsigned long long>(all.received),
                static_cast<unsigned long long>(all.sent));
    std::printf("least %.3f ms, mean %.3f ms, 99 %% within %.3f ms\n", ms(all.least()),
                ms(all.mean()), ms(all.quantile(0.99)));
    co_return {};
}

int main(int count, char** arguments) {
    const auto asked = ft::run(ask, count > 1 ? arguments[1] : "127.0.0.1");
    if (!asked) std::fprintf(stderr, "error: %s\n", asked.error().message().c_str());
    return asked ? 0 : 1;
}

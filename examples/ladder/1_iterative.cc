// One connection after the other: ten lines, and whoever comes second waits until the first has
// gone. A peer that stays silent stops the server for everybody.
#include "listener.h"

int main(int count, char** arguments) {
    const int listener = ladder::open_listener(count, arguments);
    static char buffer[64 * 1024];
    while (true) {
        const int peer = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (peer < 0) continue;
        ssize_t got = 0;
        while ((got = ::recv(peer, buffer, sizeof buffer, 0)) > 0) {
            if (!ladder::send_all(peer, buffer, static_cast<std::size_t>(got))) break;
        }
        ::close(peer);
    }
}

// A thread for each connection: as simple to read as the first rung, and nobody waits for others.
// Each thread has a stack, a place in the scheduler's queue, and a switch for every message.
#include "listener.h"
#include <system_error>
#include <thread>
#include <vector>

namespace {

void echo(int peer) {
    std::vector<char> buffer(16'384);
    ssize_t got = 0;
    while ((got = ::recv(peer, buffer.data(), buffer.size(), 0)) > 0) {
        if (!ladder::send_all(peer, buffer.data(), static_cast<std::size_t>(got))) break;
    }
    ::close(peer);
}

}  // namespace

int main(int count, char** arguments) {
    const int listener = ladder::open_listener(count, arguments);
    while (true) {
        const int peer = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (peer < 0) {
            ::usleep(10'000);  // Out of descriptors: it would only fail again.
            continue;
        }
        try {
            std::thread(echo, peer).detach();
        } catch (const std::system_error&) {
            ::close(peer);  // No more threads: this one is turned away.
        }
    }
}

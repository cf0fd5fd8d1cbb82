#pragma once

#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <string>
#include <unordered_map>

// What a loop needs that a thread does not: a peer that takes no more must not stop the others.
namespace ladder {

enum class Sent { all, some, nothing_more };

/// The bytes that peers have not taken yet, by descriptor; most have none.
class Pending {
public:
    bool has(int peer) const { return left_.contains(peer); }
    void forget(int peer) { left_.erase(peer); }

    Sent send(int peer, const char* bytes, std::size_t size) {
        const std::size_t sent = send_some(peer, bytes, size);
        if (sent == size) return Sent::all;
        if (sent == kGone) return Sent::nothing_more;
        left_[peer].assign(bytes + sent, size - sent);
        return Sent::some;
    }

    /// Sends more of what is left.
    Sent send_rest(int peer) {
        std::string& rest = left_[peer];
        const std::size_t sent = send_some(peer, rest.data(), rest.size());
        if (sent == kGone) return Sent::nothing_more;
        rest.erase(0, sent);
        if (!rest.empty()) return Sent::some;
        left_.erase(peer);
        return Sent::all;
    }

private:
    static constexpr std::size_t kGone = static_cast<std::size_t>(-1);

    static std::size_t send_some(int peer, const char* bytes, std::size_t size) {
        std::size_t sent = 0;
        while (sent < size) {
            const ssize_t now =
                ::send(peer, bytes + sent, size - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (now < 0 && errno == EINTR) continue;
            if (now < 0) return errno == EAGAIN ? sent : kGone;
            sent += static_cast<std::size_t>(now);
        }
        return sent;
    }

    std::unordered_map<int, std::string> left_;
};

}  // namespace ladder

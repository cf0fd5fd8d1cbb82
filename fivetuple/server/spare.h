#pragma once

#include "fivetuple/io/loop.h"

namespace fivetuple {

/// A descriptor kept for bad days: given up, another can be opened in its place.
class SpareDescriptor {
public:
    explicit SpareDescriptor(Loop& loop) : loop_(loop) {}
    SpareDescriptor(const SpareDescriptor&) = delete;
    SpareDescriptor& operator=(const SpareDescriptor&) = delete;
    ~SpareDescriptor() { give_up(); }

    /// Harmless where it is there, or cannot be had.
    void restore() {
        if (socket_) return;
        if (auto opened = loop_.sockets().open(Family::ipv4, SocketType::stream, 0)) {
            socket_ = *opened;
        }
    }
    /// Whether not even one more can be opened.
    bool is_last() const {
        auto another = loop_.sockets().open(Family::ipv4, SocketType::stream, 0);
        if (another) loop_.backend().close(*another);
        return !another;
    }
    /// False where there is none.
    bool give_up() {
        if (!socket_) return false;
        loop_.backend().close(socket_);
        socket_ = Handle();
        return true;
    }

private:
    Loop& loop_;
    Handle socket_;
};

}  // namespace fivetuple

#pragma once

#include "fivetuple/base/bytes.h"

#include <cstddef>
#include <type_traits>

namespace fivetuple {

/// One control message of a recvmsg(2) or sendmsg(2). cmsg(3)
struct ControlMessage {
    int level = 0;
    int type = 0;
    Bytes data;

    /// The data's front as a T; false where there is less.
    template <class T>
        requires std::is_trivially_copyable_v<T>
    bool read(T& into) const {
        if (data.size() < sizeof into) return false;
        std::memcpy(&into, data.data(), sizeof into);
        return true;
    }
};

/// Walks over the control messages that came with a message. Lengths that lie end the walk: it
/// never reads beyond `control`.
class ControlReader {
public:
    explicit ControlReader(Bytes control) : left_(control) {}

    /// The next one; false at the end.
    bool next(ControlMessage& message);
    /// True where the walk ended at something that is no control message.
    bool is_malformed() const { return malformed_; }

private:
    Bytes left_;
    bool malformed_ = false;
};

/// Writes control messages, to be sent with a message, into room that the caller owns and that is
/// aligned as a cmsghdr is.
class ControlWriter {
public:
    explicit ControlWriter(MutableBytes room) : room_(room) {}

    /// Room that a message of so many bytes takes.
    static std::size_t size_of(std::size_t data);

    /// False, and nothing written, where it has no room.
    bool add(int level, int type, Bytes data);
    template <class T>
        requires std::is_trivially_copyable_v<T>
    bool add_value(int level, int type, const T& value) {
        return add(level, type, std::as_bytes(std::span(&value, 1)));
    }

    MutableBytes written() const { return room_.first(size_); }

private:
    MutableBytes room_;
    std::size_t size_ = 0;
};

}  // namespace fivetuple

#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/result.h"
#include "fivetuple/os/address.h"
#include "fivetuple/os/datagram.h"
#include "fivetuple/os/message_batch.h"

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace fivetuple {

/// What receive() does with a datagram that is larger than the caller's buffer. The rest of it is
/// lost either way.
enum class WhenCut : std::uint8_t {
    fail,  ///< An error, EMSGSIZE, that names both sizes.
    keep   ///< The front is handed out; Datagram::is_truncated() and `size` tell.
};

/// A recvmsg(2) of one datagram: its header and the room for what comes beside its bytes.
class DatagramRoom {
public:
    /// The header, ready to receive into `into`. The room must stay where it is.
    mmsghdr& prepare(MutableBytes into);
    /// What recvmsg(2) has left there.
    /// Errors: EMSGSIZE, naming both sizes, where the datagram did not fit and that is a failure.
    Result<Datagram> take(WhenCut when_cut) const;

private:
    mmsghdr header_{};
    MessageRoom room_;
};

/// Why a single receive is refused on a socket whose datagrams come joined.
Error receives_many_only();

/// Why there are no times of sends.
Error not_asked_for_sent_times();

/// A sendmsg(2) of one datagram.
class DatagramToSend {
public:
    /// `to`, unless it is null, is copied; the bytes must stay.
    DatagramToSend(Bytes bytes, const SocketAddress* to);
    /// What is to be said of it; `local` is the address of the socket that sends.
    /// Errors: EINVAL, where the address to send from is of another family.
    Result<void> say(const SendDetails& details, const Result<SocketAddress>& local);
    /// The header. What it points to must stay where it is.
    mmsghdr& prepare();
    /// The same error, naming the destination.
    Error about(Error why) const;

private:
    Bytes bytes_;
    std::optional<SocketAddress> to_;
    mmsghdr header_{};
    alignas(8) std::array<std::byte, SendDetails::kRoom> control_;
    std::size_t control_size_ = 0;
};

/// What was told of datagrams that were sent, and not yet taken: the last 64 failures, and the
/// times that the last 4096 left.
class FailureLog {
public:
    /// Empties an error queue: `next` takes its front, as next_failure() does. Left there it would
    /// keep the socket looking broken, and waking whoever waits for it.
    template <class Next>
    void fill(Next next) {
        for (auto failure = next(); failure && *failure; failure = next()) add(**failure);
    }
    void add(const DatagramFailure& failure);
    /// The oldest.
    std::optional<DatagramFailure> take();
    std::optional<SentTime> take_sent_time();
    bool has_sent_times() const { return !sent_times_.empty(); }

private:
    std::deque<DatagramFailure> failures_;
    std::deque<SentTime> sent_times_;
};

}  // namespace fivetuple

#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/result.h"
#include "fivetuple/os/netlink/message.h"
#include "fivetuple/os/netlink/request.h"

#include <cstdint>

namespace fivetuple::netlink {

/// The answer to one request, as its datagrams come in: begin() for each, then next() until it is
/// false, until is_done(). Makes no system call. What answers others (a request that was given up)
/// is passed over.
class Exchange {
public:
    /// Of `request`, sent with this number by the socket of this port; the request must stay.
    Exchange(const Request& request, std::uint32_t sequence, std::uint32_t port)
        : request_(&request), sequence_(sequence), port_(port) {}

    /// Another datagram has come.
    void begin(Bytes datagram) { reader_ = MessageReader(datagram); }
    /// The next message of the answer in it; false where it holds no more. An error is the end.
    /// Errors: the kernel's own, with what it says in words and where in the request; malformed.
    Result<bool> next(Message& message);
    /// Whether all of the answer has come, or it ended in an error.
    bool is_done() const { return is_done_; }
    /// Whether the kernel has said its last word. Where it has not, more may come.
    bool has_ended() const { return has_ended_; }
    /// Whether what was listed has changed meanwhile: the list may lack something, or have it
    /// twice. To be asked again. netlink(7), NLM_F_DUMP_INTR
    bool was_interrupted() const { return was_interrupted_; }

private:
    Result<bool> end(const Message& message, std::size_t skipped);
    Error refusal(int code, AttributeReader words) const;

    const Request* request_;
    std::uint32_t sequence_;
    std::uint32_t port_;
    MessageReader reader_;
    bool is_done_ = false;
    bool has_ended_ = false;
    bool was_interrupted_ = false;
};

/// Where the messages of an answer go.
class Sink {
public:
    virtual ~Sink() = default;
    /// Another message. An error ends the exchange, and is its result.
    virtual Result<void> take(const Message& message) = 0;
    /// What has been taken is void: the whole answer comes again.
    virtual void restart() = 0;
};

/// Takes no messages.
class NoSink : public Sink {
public:
    Result<void> take(const Message&) override { return {}; }
    void restart() override {}
};

/// Hands what is in `exchange` to `sink`, until it has been used up.
/// Errors: as Exchange::next() and Sink::take().
Result<void> drain(Exchange& exchange, Sink& sink);

/// How often a list that changes while it is read is asked for again.
inline constexpr int kMostAttempts = 10;
/// What is said after the last of them.
Error ever_changing(const Request& request);
/// What is said where an answer has ended without one.
Error no_answer(const char* call);

}  // namespace fivetuple::netlink

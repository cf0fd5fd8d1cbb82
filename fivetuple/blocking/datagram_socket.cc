#include "fivetuple/blocking/datagram_socket.h"

#include "fivetuple/os/calls.h"
#include "fivetuple/os/options/socket.h"

#include <span>

namespace fivetuple::blocking {

void DatagramSocket::drain_failures() {
    if (failures_ == nullptr) return;
    failures_->fill([this] { return next_failure(fd().raw()); });
}

std::optional<DatagramFailure> DatagramSocket::take_failure() {
    return failures_ == nullptr ? std::nullopt : failures_->take();
}

Result<SentTime> DatagramSocket::sent_time(Time deadline) {
    if (!tells_sent_) return std::unexpected(not_asked_for_sent_times());
    while (true) {
        drain_failures();
        if (const auto found = failures_->take_sent_time()) return *found;
        // An error queue with something in it is POLLERR; so is an earlier datagram's failure.
        const int seen = calls::wait_ready(fd().raw(), 0, deadline);
        if (seen < 0) return std::unexpected(Error::system(-seen, "poll"));
        if (seen == 0) return std::unexpected(Error::deadline("recvmsg"));
        drain_failures();
        if (const auto found = failures_->take_sent_time()) return *found;
        FT_TRY(const PendingError pending, get<PendingError>(*this));
        if (pending.code != 0) return std::unexpected(Error::system(pending.code, "recvmsg"));
    }
}

// A queue of errors that is not emptied wakes whoever waits, again and again.
template <class Attempt>
Result<std::size_t> DatagramSocket::attempt(Ready what, Time deadline, const char* call,
                                            Attempt attempt) {
    return wait_and_try(fd().raw(), what, deadline, call, [&] {
        const int result = attempt();
        if (result < 0 || tells_sent_) drain_failures();
        return result;
    });
}

Result<Datagram> DatagramSocket::receive(MutableBytes into, WhenCut when_cut, Time deadline) {
    if (joining_.receives) return std::unexpected(receives_many_only());
    DatagramRoom room;
    FT_TRY_VOID(attempt(Ready::read, deadline, "recvmsg", [&] {
        return calls::receive_messages(fd().raw(), {&room.prepare(into), 1});
    }));
    return room.take(when_cut);
}

Result<std::size_t> DatagramSocket::receive_many(ReceiveBatch& batch, Time deadline) {
    joining_.before_receiving_many(OptionAccess(*this));
    FT_TRY(const std::size_t messages, attempt(Ready::read, deadline, "recvmmsg", [&] {
               return calls::receive_messages(fd().raw(), batch.headers_to_fill());
           }));
    batch.received(messages);
    return messages;
}

Result<void> DatagramSocket::send(Bytes datagram, const SocketAddress* to,
                                  const SendDetails& details, Time deadline) {
    DatagramToSend message(datagram, to);
    if (!details.empty()) FT_TRY_VOID(message.say(details, local_address()));
    auto sent = attempt(Ready::write, deadline, "sendmsg",
                        [&] { return calls::send_messages(fd().raw(), {&message.prepare(), 1}); });
    if (!sent) return std::unexpected(message.about(std::move(sent).error()));
    return {};
}

Transfer DatagramSocket::send_many(SendBatch& batch, Time deadline) {
    batch.plan(joining_.sends);
    while (!batch.headers_to_send().empty()) {
        auto sent = attempt(Ready::write, deadline, "sendmmsg", [&] {
            return calls::send_messages(fd().raw(), batch.headers_to_send());
        });
        if (sent) {
            batch.sent(*sent);
        } else if (!batch.can_go_on(-sent.error().code(), joining_.sends)) {
            return {batch.datagrams_sent(), std::move(sent).error()};
        }
        if (!batch.headers_to_send().empty() && is_past(deadline)) {
            return {batch.datagrams_sent(), Error::deadline("sendmmsg")};
        }
    }
    return Transfer(batch.datagrams_sent());
}

}  // namespace fivetuple::blocking

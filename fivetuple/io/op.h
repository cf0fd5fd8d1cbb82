#pragma once

#include "fivetuple/base/assert.h"
#include "fivetuple/base/bytes.h"
#include "fivetuple/base/lease.h"
#include "fivetuple/io/handle.h"
#include "fivetuple/io/job.h"
#include "fivetuple/io/loan.h"
#include "fivetuple/os/address.h"

#include <cstdint>
#include <span>
#include <utility>

struct mmsghdr;

namespace fivetuple {

/// The events of poll(2) that say that the peer has closed its side, or that the connection broke.
inline constexpr short kPeerClosed = 0x2000 | 0x10 | 0x8;  // POLLRDHUP | POLLHUP | POLLERR
inline constexpr short kPollReadable = 0x1;                // POLLIN
inline constexpr short kPollWritable = 0x4;                // POLLOUT

/// What a socket can be asked to do. Each is one man page, but for the last three.
enum class OpKind : std::uint8_t {
    accept,             ///< accept(2): `accepted()` is the new socket.
    connect,            ///< connect(2)
    receive,            ///< recv(2) into the caller's bytes.
    send,               ///< send(2); may move less than asked.
    send_gathered,      ///< sendmsg(2); may move less than asked.
    receive_messages,   ///< recvmmsg(2): waits for one, takes as many as there are and fit.
    send_messages,      ///< sendmmsg(2): waits for room for one, sends as many as go at once.
    splice_in,          ///< splice(2) of what is received into a pipe that is empty.
    splice_out,         ///< splice(2) of what a pipe holds to the socket.
    send_file,          ///< sendfile(2); may move less than asked, 0 at the end of the file.
    poll,               ///< Waits for events of poll(2), moving nothing; the result is what came.
    receive_lease,      ///< recv(2) into a buffer of the backend's choice: take_lease().
    send_then_receive,  ///< Sends all of its bytes, then is a receive_lease.
    send_zero_copy,     ///< send(2) of a loan's bytes, from where they are.
};

/// Those for which a backend tries the system call itself, where a completion backend has no
/// request for it, and then waits until it is worth trying again.
constexpr bool is_tried(OpKind kind) {
    return kind >= OpKind::receive_messages && kind <= OpKind::send_file;
}

/// One request on its way down, and its result on the way up. The submitter owns it and keeps it,
/// and the bytes it names, until `run` has been called on it: exactly once, by the loop, never from
/// inside submit(). Its result is as from the system call: >= 0, or -errno; -ECANCELED if
/// cancelled.
struct Op : Job {
    Handle handle;
    OpKind kind = OpKind::poll;
    std::uint8_t phase = 0;  ///< The backend's own note of how far it has come.
    std::int32_t result = 0;

    void ask_accept(Handle listener) { ask(OpKind::accept, listener); }
    /// `to` must stay where it is until the Op is done.
    void ask_connect(Handle socket, const SocketAddress& to) {
        ask(OpKind::connect, socket);
        about_.address = &to;
    }
    void ask_receive(Handle socket, MutableBytes into) {
        ask(OpKind::receive, socket);
        about_.span = {into.data(), into.size()};
    }
    void ask_receive_lease(Handle socket) { ask(OpKind::receive_lease, socket); }
    void ask_send(Handle socket, Bytes from) {
        ask(OpKind::send, socket);
        about_.span = {const_cast<std::byte*>(from.data()), from.size()};
    }
    void ask_send_gathered(Handle socket, std::span<const Bytes> from) {
        ask(OpKind::send_gathered, socket);
        about_.pieces = {from.data(), from.size()};
    }
    /// The headers, and all that they point to, must stay until the Op is done; its result is how
    /// many of them were used, and each of these then has its msg_len. One that `hands_back` may
    /// end with EAGAIN where the socket's error queue has something that is no failure: left there
    /// it would wake a backend again and again.
    void ask_receive_messages(Handle socket, std::span<mmsghdr> into, bool hands_back = false) {
        ask(OpKind::receive_messages, socket);
        about_.messages = {into.data(), into.size(), hands_back};
    }
    void ask_send_messages(Handle socket, std::span<mmsghdr> from) {
        ask(OpKind::send_messages, socket);
        about_.messages = {from.data(), from.size(), false};
    }
    void ask_send_then_receive(Handle socket, Bytes from) {
        FT_ASSERT(from.size() <= UINT32_MAX, "an answer has at most 4 GiB");
        ask(OpKind::send_then_receive, socket);
        about_.answer = {from.data(), static_cast<std::uint32_t>(from.size()), 0, nullptr, nullptr};
    }
    /// The same of a lease's bytes; the lease ends as soon as they have been sent.
    void ask_send_then_receive(Handle socket, Lease&& from) {
        ask_send_then_receive(socket, std::as_const(from).bytes());
        std::move(from).release(about_.answer.source, about_.answer.buffer, about_.answer.id);
    }
    /// The loan's memory is the kernel's until it says that it is done: that may be long after the
    /// Op is. The bytes are part of it.
    void ask_send_zero_copy(Handle socket, Bytes from, LoanBlock& loan) {
        ask(OpKind::send_zero_copy, socket);
        about_.loan = {const_cast<std::byte*>(from.data()), from.size(), &loan};
    }
    /// At most `count` bytes. Without a pipe (-1) it moves nothing and only waits until there is
    /// something, or the end.
    void ask_splice_in(Handle socket, int pipe, std::size_t count) {
        ask(OpKind::splice_in, socket);
        about_.file = {pipe, count, 0};
    }
    /// The pipe must hold `count` bytes.
    void ask_splice_out(Handle socket, int pipe, std::size_t count) {
        ask(OpKind::splice_out, socket);
        about_.file = {pipe, count, 0};
    }
    void ask_send_file(Handle socket, int file, std::uint64_t offset, std::size_t count) {
        ask(OpKind::send_file, socket);
        about_.file = {file, count, offset};
    }
    /// `events` as poll(2) names them: POLLIN, POLLOUT, POLLRDHUP ...
    void ask_poll(Handle socket, short events) {
        ask(OpKind::poll, socket);
        about_.events = events;
    }

    const SocketAddress& address() const { return *about_.address; }
    MutableBytes into() const { return {about_.span.data, about_.span.size}; }
    Bytes from() const { return {about_.span.data, about_.span.size}; }
    std::span<const Bytes> pieces() const { return {about_.pieces.data, about_.pieces.count}; }
    std::span<mmsghdr> messages() const { return {about_.messages.data, about_.messages.count}; }
    bool hands_back() const { return about_.messages.hands_back; }
    short events() const { return about_.events; }
    LoanBlock& loan() const { return *about_.loan.block; }
    int file() const { return about_.file.number; }
    std::size_t count() const { return about_.file.count; }
    std::uint64_t offset() const { return about_.file.offset; }

    /// Of a send_then_receive: what is left to send, that some of it has gone, and that all has.
    Bytes answer() const { return {about_.answer.data, about_.answer.size}; }
    void sent(std::size_t count) {
        about_.answer.data += count;
        about_.answer.size -= static_cast<std::uint32_t>(count);
    }
    /// Must come before the Op is done, also where it fails.
    void end_answer() {
        if (about_.answer.source != nullptr) {
            about_.answer.source->give_back(about_.answer.buffer, about_.answer.id);
            about_.answer.source = nullptr;
        }
    }

    void set_accepted(Handle socket) { about_.accepted = socket; }
    Handle accepted() const { return about_.accepted; }

    /// A finished receive_lease holds `size` bytes in `buffer`; an empty one holds none.
    void set_lease(LeaseSource* source, std::byte* buffer, std::uint32_t size, std::uint32_t id) {
        about_.lease = {source, buffer, id};
        result = static_cast<std::int32_t>(size);
    }
    /// To be called exactly once when a receive_lease or send_then_receive is done with result > 0.
    Lease take_lease() const {
        return {about_.lease.source, about_.lease.buffer, static_cast<std::uint32_t>(result),
                about_.lease.id};
    }

private:
    void ask(OpKind what, Handle whom) {
        handle = whom;
        kind = what;
        phase = 0;
        result = 0;
    }

    // What was asked for, and in the end what came of it.
    union {
        const SocketAddress* address;
        struct {
            std::byte* data;
            std::size_t size;
        } span;
        struct {
            const Bytes* data;
            std::size_t count;
        } pieces;
        struct {
            mmsghdr* data;
            std::size_t count;
            bool hands_back;
        } messages;
        struct {
            std::byte* data;
            std::size_t size;
            LoanBlock* block;
        } loan;
        struct {
            int number;
            std::size_t count;
            std::uint64_t offset;
        } file;
        short events;
        Handle accepted;
        struct {
            LeaseSource* source;
            std::byte* buffer;
            std::uint32_t id;
        } lease;
        struct {
            const std::byte* data;
            std::uint32_t size;
            std::uint32_t id;
            LeaseSource* source;
            std::byte* buffer;
        } answer;
    } about_ = {nullptr};
};

}  // namespace fivetuple

#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/os/datagram.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <vector>

namespace fivetuple {

/// Where the parts of one received message go, but for its bytes.
struct MessageRoom {
    static constexpr std::size_t kControl = 256;
    sockaddr_storage name;
    iovec bytes;
    alignas(cmsghdr) std::array<std::byte, kControl> control;

    /// Makes `header` receive into this room and `into`. The room must stay where it is.
    void receive_into(msghdr& header, MutableBytes into);
};

/// What recvmsg(2) left in `header`, whose message was `size` bytes long. Its bytes are those of
/// the header's one buffer. `segment` is the size of the datagrams in it where the kernel has
/// joined several of them, and else 0.
Datagram read_message(const msghdr& header, std::size_t size, std::uint32_t& segment);

/// Many datagrams received by one call, and the memory that they lie in. Use it again and again: it
/// allocates once. Where the socket has GRO on (UDP_GRO), one message of the kernel is many
/// datagrams; this shows each by itself. udp(7), recvmmsg(2)
class ReceiveBatch {
public:
    /// At most so many messages at a time, each with room for so many bytes. A datagram that is
    /// larger is cut, and says so.
    explicit ReceiveBatch(std::size_t messages = 32, std::size_t bytes_each = 65536);

    /// Walks over the datagrams that came. Each is good until the batch receives again.
    class Iterator {
    public:
        using value_type = Datagram;
        using difference_type = std::ptrdiff_t;

        Iterator() = default;
        const Datagram& operator*() const& { return datagram_; }
        Datagram operator*() && { return datagram_; }
        const Datagram* operator->() const { return &datagram_; }
        Iterator& operator++();
        void operator++(int) { ++*this; }
        bool operator==(std::default_sentinel_t) const { return at_ == batch_->received_; }

    private:
        friend class ReceiveBatch;
        explicit Iterator(const ReceiveBatch& batch) : batch_(&batch) { read_header(); }
        void read_header();
        void cut_segment();

        const ReceiveBatch* batch_ = nullptr;
        std::size_t at_ = 0;
        std::size_t offset_ = 0;  // In the message, where the present datagram begins.
        std::size_t whole_ = 0;   // Of the message, as it was sent.
        Bytes held_;              // Of the message, as much as there was room for.
        std::uint32_t segment_ = 0;
        Datagram datagram_;
    };

    Iterator begin() const { return Iterator(*this); }
    std::default_sentinel_t end() const { return {}; }
    bool empty() const { return received_ == 0; }
    /// Messages of the kernel, each of one datagram or more.
    std::size_t messages() const { return received_; }

    /// For who makes the call: the headers, ready to be received into; and how many came.
    std::span<mmsghdr> headers_to_fill();
    void received(std::size_t messages) { received_ = messages; }

private:
    std::size_t bytes_each_;
    std::vector<mmsghdr> headers_;
    std::vector<MessageRoom> rooms_;
    std::unique_ptr<std::byte[]> memory_;
    std::size_t received_ = 0;
};

/// Many datagrams to be sent by one call. It holds on to the caller's bytes, which must stay until
/// they are sent. Datagrams of one size for one destination, added one after the other, go down as
/// one message that the kernel or the network card cuts (GSO, UDP_SEGMENT). Use it again and again
/// by clear(): it then allocates no more. udp(7), sendmmsg(2)
class SendBatch {
public:
    /// For a connected socket.
    void add(Bytes datagram);
    void add(Bytes datagram, const SocketAddress& to);
    void clear();

    bool empty() const { return pieces_.empty(); }
    /// Datagrams.
    std::size_t size() const { return pieces_.size(); }

    /// For who makes the calls: lays out what has not been sent yet, joined or one by one; then the
    /// headers that are left, and that the first of them have been sent.
    void plan(bool joined);
    std::span<mmsghdr> headers_to_send() { return std::span(headers_).subspan(planned_sent_); }
    void sent(std::size_t messages);
    /// Whether what the kernel refused, with -errno `result`, can go in another way: datagrams that
    /// were joined go one by one. They are laid out so then, and `joins` becomes false where
    /// nothing on this socket can go down joined.
    bool can_go_on(int result, bool& joins);
    /// Datagrams sent.
    std::size_t datagrams_sent() const { return sent_; }

private:
    // A run of datagrams for one destination, which can go down as one message.
    struct Run {
        std::uint32_t first = 0;  // In pieces_.
        std::uint32_t count = 0;
        std::uint32_t segment = 0;  // The size of each but the last, which may be smaller.
        std::uint32_t total = 0;
        bool is_closed = false;
        bool has_address = false;
        std::uint32_t address = 0;  // In addresses_.
    };
    struct Control {
        alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(std::uint16_t))> bytes;
    };

    void add(Bytes datagram, const SocketAddress* to);
    bool joins(const Run& run, std::size_t size, const SocketAddress* to) const;
    void plan_message(const Run& run, std::uint32_t first, std::uint32_t count);

    std::vector<iovec> pieces_;
    std::vector<SocketAddress> addresses_;
    std::vector<Run> runs_;
    std::vector<mmsghdr> headers_;
    std::vector<Control> controls_;
    std::size_t planned_sent_ = 0;  // Of headers_.
    std::size_t sent_ = 0;          // Of pieces_.
};

}  // namespace fivetuple

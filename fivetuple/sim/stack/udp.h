#pragma once

#include "fivetuple/sim/stack/socket.h"
#include "fivetuple/sim/udp/socket.h"

#include <cstddef>
#include <cstdint>

namespace fivetuple::sim {

class Stack;
struct IpHeader;

/// SOCK_DGRAM of a simulated host. udp(7)
class StackUdp final : public StackSocket {
public:
    StackUdp(Stack& stack, Family family);
    ~StackUdp() override;

    int bind(const SocketAddress& at) override;
    int connect(const SocketAddress& to, Time now) override;
    std::int64_t send(const msghdr& message, int flags, Time now) override;
    std::int64_t receive(msghdr& message, int flags, Time now) override;
    int shutdown(int how, Time now) override;
    short events() const override;
    SocketAddress local_address() const override;
    SocketAddress peer_address() const override { return block_.peer(); }
    int set_option(int level, int number, Bytes value, Time now) override;
    std::int64_t get_option(int level, int number, MutableBytes room, Time now) override;
    std::optional<DatagramFailure> take_failure() override { return block_.take_failure(); }

    // For the stack.
    static StackUdp& of(udp::Socket& block) { return *static_cast<Block&>(block).owner; }
    /// False where there was no room for it.
    bool arrived(udp::Arrival arrival);
    void came_back(const DatagramFailure& failure, bool is_lasting);

private:
    // The control block knows whose it is.
    struct Block : udp::Socket {
        Block(Family family, StackUdp& whose) : udp::Socket(family), owner(&whose) {}
        StackUdp* owner;
    };
    // What a program wants to be told of each datagram, and what it says of one it sends.
    struct Tells {
        bool packet_info = false;
        bool hops = false;
        bool traffic_class = false;
        bool time = false;
        bool drops = false;
        bool sent = false;    // SO_TIMESTAMPING: when what it sends leaves.
        bool joined = false;  // UDP_GRO: they may come joined, and here never do.
    };
    struct Route;

    int settle_route(const msghdr& message, Route& route) const;
    int read_control(const msghdr& message, Route& route) const;
    int send_one(const Route& route, Bytes datagram, Time now);
    void write_control(msghdr& message, const udp::Arrival& arrival) const;

    int set_socket_option(int number, int asked);
    int set_ip_option(int level, int number, int asked);
    std::int64_t get_socket_option(int number, MutableBytes room);

    Stack& stack_;
    Block block_;
    Tells tells_;
    void note_sent(Time now);

    std::uint16_t segment_ = 0;  // UDP_SEGMENT
    std::uint32_t sends_ = 0;    // Since it was asked to tell when they leave.
    std::uint64_t cookie_;
};

}  // namespace fivetuple::sim

#pragma once

#include "fivetuple/sim/stack/socket.h"
#include "fivetuple/sim/tcp/connection.h"
#include "fivetuple/sim/tcp/listener.h"
#include "fivetuple/sim/tcp/ports.h"
#include "fivetuple/sim/tcp/settings.h"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace fivetuple::sim {

class Stack;

/// SOCK_STREAM of a simulated host: a socket that may become a listener or a connection. Both are
/// the TCP's own, and a connection outlives its socket for as long as it has something to send.
/// tcp(7)
class StackTcp final : public StackSocket {
public:
    StackTcp(Stack& stack, Family family);
    /// One that has been accepted.
    StackTcp(Stack& stack, Family family, tcp::Connection& connection);
    ~StackTcp() override;

    int bind(const SocketAddress& at) override;
    int listen(int backlog, Time now) override;
    int connect(const SocketAddress& to, Time now) override;
    Accepted accept(Time now) override;
    std::int64_t send(const msghdr& message, int flags, Time now) override;
    std::int64_t receive(msghdr& message, int flags, Time now) override;
    int shutdown(int how, Time now) override;
    void close(Time now) override;
    short events() const override;
    SocketAddress local_address() const override;
    SocketAddress peer_address() const override;
    int set_option(int level, int number, Bytes value, Time now) override;
    std::int64_t get_option(int level, int number, MutableBytes room, Time now) override;

    // For the stack.
    void touched() { changed(); }
    const tcp::Connection* connection() const { return connection_; }
    const tcp::Listener* listener() const { return listener_; }

private:
    // An address as a program of this family sees it, and as it is on the wire.
    SocketAddress seen(const SocketAddress& wire) const;
    tcp::Settings& settings();
    const tcp::Settings& settings() const;
    std::int64_t receive_urgent(msghdr& message, int flags);
    int set_socket_option(int number, Bytes value);
    int set_tcp_option(int number, Bytes value, Time now);
    std::int64_t get_socket_option(int number, MutableBytes room);
    std::int64_t get_tcp_option(int number, MutableBytes room, Time now);
    void apply(Time now);
    void note_call(Time now);

    Stack& stack_;
    Family family_;
    tcp::Settings settings_;  // Until there is a connection or a listener, which has its own.
    std::unique_ptr<tcp::Binding> binding_;
    tcp::Connection* connection_ = nullptr;
    tcp::Listener* listener_ = nullptr;
    bool has_ended_listening_ = false;
    bool is_connected_ = false;  // A program has been told so.
    std::uint64_t cookie_;
};

}  // namespace fivetuple::sim

#pragma once

#include "fivetuple/os/address.h"
#include "fivetuple/task/run.h"
#include "fivetuple/transport/tcp.h"
#include "fivetuple/transport/udp.h"

#include <array>
#include <cstddef>
#include <string_view>

// Programs for simulated hosts that more than one test lets run there, and how addresses are named.
namespace fivetuple::testing_help {

inline SocketAddress at(std::string_view text) { return SocketAddress::parse(text).value(); }

/// Answers each datagram with itself.
inline Task<void> echo_datagrams(SocketAddress where) {
    auto socket = UdpSocket::bind(co_await this_loop(), where);
    if (!socket) co_return;
    std::array<std::byte, 2048> room;
    while (true) {
        auto got = co_await socket->receive(room);
        if (!got) co_return;
        auto sent = co_await socket->send_to(got->bytes, got->from);
        if (!sent) co_return;
    }
}

/// Accepts one connection and sends back what comes, to its end.
inline Task<void> echo_one_stream(SocketAddress where) {
    auto listener = TcpListener::bind(co_await this_loop(), where);
    if (!listener) co_return;
    auto peer = co_await listener->accept();
    while (peer) {
        auto got = co_await peer->read();
        if (!got || got->empty()) co_return;
        auto sent = co_await peer->write_all(got->bytes());
        if (!sent) co_return;
    }
}

}  // namespace fivetuple::testing_help

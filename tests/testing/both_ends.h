#pragma once

#include "fivetuple/task/run.h"
#include "fivetuple/transport/tcp.h"

#include <gtest/gtest.h>

#include "tests/testing/world.h"
#include <utility>

namespace fivetuple::testing_help {

/// Tests of what goes on between the two ends of a TCP connection.
class ConnectionTest : public TaskTest {
protected:
    /// Runs `body(client, server)` on both ends of a connection.
    template <class Body>
    void on_both_ends(Body body) {
        auto task = [](SocketAddress at, Body what) -> Task<void> {
            Loop& here = co_await this_loop();
            auto listener = TcpListener::bind(here, at);
            auto address = listener->local_address();
            auto client = co_await TcpStream::connect(*address);
            auto server = co_await listener->accept();
            if (!client || !server) {
                ADD_FAILURE() << "no connection";
                co_return;
            }
            co_await what(*std::move(client), *std::move(server));
        };
        run(loop(), task(loopback(), body));
    }
};

}  // namespace fivetuple::testing_help

#pragma once

#include "fivetuple/server/server.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"

#include "tests/testing/world.h"
#include <functional>
#include <string>

namespace fivetuple::testing_help {

/// Waits until `is_so`, in the loop's time; false where it never was.
inline Task<bool> comes_true(std::function<bool()> is_so) {
    Loop& loop = co_await this_loop();
    const Time give_up = after(loop.now(), std::chrono::seconds(20));
    while (!is_so()) {
        if (loop.now() >= give_up) co_return false;
        auto slept = co_await sleep(std::chrono::milliseconds(1));
        if (!slept) co_return false;
    }
    co_return true;
}

/// Echoes until its peer ends, or the server says that it is enough.
inline Task<void> echo_connection(Connection& peer) {
    auto got = co_await peer.read();
    while (got && !got->empty()) got = co_await peer.write_then_read(*std::move(got));
}

/// What comes back for `question`, or why nothing did.
inline Task<std::string> answer_to(TcpStream& stream, std::string_view question) {
    auto sent = co_await stream.write_all(bytes_of(question));
    if (!sent) co_return sent.error().message();
    std::string answer(question.size(), '\0');
    auto got = co_await stream.read_exact(std::as_writable_bytes(std::span(answer)));
    co_return got ? answer : got.error().message();
}

/// All that comes until the end, and behind it " - " and the error where it ended in one.
inline Task<std::string> all_of_it(TcpStream& stream) {
    std::string all;
    while (true) {
        auto got = co_await within(std::chrono::seconds(20), stream.read());
        if (!got) co_return all + " - " + got.error().message();
        if (got->empty()) co_return all;
        all += text_of(got->bytes());
    }
}

/// Tests of a server: in every world, on addresses of its own.
class ServedTest : public TaskTest {
protected:
    /// The limits count loopback here: all clients come from there.
    ServerOptions options() const {
        ServerOptions options;
        options.listen = {loopback()};
        options.limits.count_loopback = true;
        return options;
    }

    /// Runs `body(server, address)`, a task, beside a server, which is stopped behind it; what the
    /// server returned.
    template <class Body>
    Result<void> serve_beside(ServerOptions options, ConnectionHandler handler, Body body) {
        Server server(loop(), std::move(options), std::move(handler));
        auto done = run(loop(), with_scope(both<Body>, std::ref(server), std::ref(body)));
        last_ = server.counters();
        return done;
    }
    /// Of the last server, at its end.
    const ServerCounters& last() const { return last_; }

private:
    template <class Body>
    static Task<Result<void>> both(Scope& scope, Server& server, Body& body) {
        FT_CO_TRY_VOID(server.listen());
        const auto addresses = server.addresses();
        scope.spawn(server.serve());
        co_await body(server, addresses.front());
        server.stop();
        co_return {};
    }

    ServerCounters last_;
};

}  // namespace fivetuple::testing_help

// Asio with C++20 coroutines, at their fastest: an io_context that takes no locks, executors not
// type-erased, errors as values (an exception at every end of file would cost more than the echo).

#include "listener.h"

#include <array>
#include <asio.hpp>
#include <chrono>
#include <cstddef>
#include <utility>

namespace {

constexpr std::size_t kBufferBytes = 32 * 1024;
constexpr std::chrono::milliseconds kAcceptPause{100};

using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;
using Task = asio::awaitable<void, Executor>;
constexpr asio::use_awaitable_t<Executor> kAwait;

Task echo(Socket socket) {
    std::array<char, kBufferBytes> buffer;
    asio::error_code error;
    while (true) {
        const std::size_t received = co_await socket.async_read_some(
            asio::buffer(buffer), asio::redirect_error(kAwait, error));
        if (error) co_return;
        co_await asio::async_write(socket, asio::buffer(buffer, received),
                                   asio::redirect_error(kAwait, error));
        if (error) co_return;
    }
}

Task serve(Acceptor acceptor) {
    const Executor executor = acceptor.get_executor();
    Timer pause(executor);
    asio::error_code error;
    while (true) {
        Socket socket = co_await acceptor.async_accept(asio::redirect_error(kAwait, error));
        if (!error) {
            asio::co_spawn(executor, echo(std::move(socket)), asio::detached);
        } else if (error == asio::error::no_descriptors || error == asio::error::no_memory ||
                   error == asio::error::no_buffer_space) {
            pause.expires_after(kAcceptPause);
            co_await pause.async_wait(asio::redirect_error(kAwait, error));
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    const int listener = open_listener(argc, argv);
    asio::io_context context(ASIO_CONCURRENCY_HINT_UNSAFE);
    asio::co_spawn(context, serve(Acceptor(context, asio::ip::tcp::v4(), listener)),
                   asio::detached);
    context.run();
    return 1;
}

// Asio with callbacks, at its fastest: an io_context that takes no locks, the socket's executor not
// type-erased, connections that own themselves without a count of references.

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

/// Ends itself when its peer or its socket does. Exactly one operation is in flight at any time.
class Connection {
public:
    explicit Connection(Socket socket) : socket_(std::move(socket)) {}

    void receive() {
        socket_.async_read_some(asio::buffer(buffer_),
                                [this](asio::error_code error, std::size_t received) {
                                    if (error) {
                                        delete this;
                                    } else {
                                        send(received);
                                    }
                                });
    }

private:
    void send(std::size_t size) {
        asio::async_write(socket_, asio::buffer(buffer_, size),
                          [this](asio::error_code error, std::size_t) {
                              if (error) {
                                  delete this;
                              } else {
                                  receive();
                              }
                          });
    }

    Socket socket_;
    std::array<char, kBufferBytes> buffer_;
};

class Server {
public:
    Server(asio::io_context& context, int listener)
        : acceptor_(context, asio::ip::tcp::v4(), listener), pause_(context) {}

    void accept() {
        acceptor_.async_accept([this](asio::error_code error, Socket socket) {
            if (error == asio::error::no_descriptors || error == asio::error::no_memory ||
                error == asio::error::no_buffer_space) {
                pause_.expires_after(kAcceptPause);
                pause_.async_wait([this](asio::error_code) { accept(); });
                return;
            }
            if (!error) (new Connection(std::move(socket)))->receive();
            accept();
        });
    }

private:
    Acceptor acceptor_;
    Timer pause_;
};

}  // namespace

int main(int argc, char** argv) {
    const int listener = open_listener(argc, argv);
    asio::io_context context(ASIO_CONCURRENCY_HINT_UNSAFE);
    Server server(context, listener);
    server.accept();
    context.run();
    return 1;
}

// A client that is done, one way or the other, within five seconds: one limit bounds connecting,
// sending and the answer together.
#include "fivetuple/fivetuple.h"

#include <cstdio>

namespace ft = fivetuple;
using namespace std::chrono_literals;

ft::Task<ft::Result<std::string>> ask(ft::SocketAddress server, std::string_view question) {
    FT_CO_TRY(ft::TcpStream stream, co_await ft::TcpStream::connect(server));
    FT_CO_TRY(const std::size_t sent, co_await stream.write_all(ft::bytes_of(question)));
    std::string answer(sent, ' ');
    auto got = co_await stream.read_exact(std::as_writable_bytes(std::span(answer)));
    if (!got) co_return std::unexpected(std::move(got).error().about(server.to_string()));
    co_return answer;
}

ft::Task<ft::Result<std::string>> ask_in_time(ft::Loop&, const char* where) {
    FT_CO_TRY(const auto server, ft::SocketAddress::parse(where));
    co_return co_await ft::within(5s, ask(server, "are you there?"));
}

int main(int count, char** arguments) {
    const auto answer = ft::run(ask_in_time, count > 1 ? arguments[1] : "127.0.0.1:7777");
    if (answer) std::printf("%s\n", answer->c_str());
    if (!answer) std::fprintf(stderr, "error: %s\n", answer.error().message().c_str());
    return answer ? 0 : 1;
}

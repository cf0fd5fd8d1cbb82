// The client of 02 without a loop and without coroutines: the same verbs as plain calls, each with
// a deadline.
#include "fivetuple/fivetuple.h"

#include <cstdio>

namespace ft = fivetuple;
using namespace std::chrono_literals;

ft::Result<std::string> ask(const char* where, std::string_view question) {
    const ft::Time deadline = ft::after(ft::monotonic_now(), 5s);
    FT_TRY(const auto server, ft::SocketAddress::parse(where));
    FT_TRY(auto stream, ft::blocking::TcpStream::connect(server, deadline));
    FT_TRY(const std::size_t sent, stream.write_all(ft::bytes_of(question), deadline));
    std::string answer(sent, ' ');
    auto got = stream.read_exact(std::as_writable_bytes(std::span(answer)), deadline);
    if (!got) return std::unexpected(std::move(got).error().about(server.to_string()));
    return answer;
}

int main(int count, char** arguments) {
    const auto answer = ask(count > 1 ? arguments[1] : "127.0.0.1:7777", "are you there?");
    if (answer) std::printf("%s\n", answer->c_str());
    if (!answer) std::fprintf(stderr, "error: %s\n", answer.error().message().c_str());
    return answer ? 0 : 1;
}

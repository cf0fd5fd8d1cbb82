// Datagrams: each is sent whole and comes whole, or does not come. Who asks therefore asks again.
#include "fivetuple/fivetuple.h"

#include <array>
#include <cstdio>

namespace ft = fivetuple;
using namespace std::chrono_literals;

// Answers every other question only, as a bad network would.
ft::Task<ft::Result<void>> answer_some(ft::UdpSocket& socket) {
    std::array<std::byte, 512> room;
    for (int count = 0;; ++count) {
        FT_CO_TRY(const ft::Datagram question, co_await socket.receive(room));
        if (count % 2 == 0) continue;
        FT_CO_TRY_VOID(co_await socket.send_to(question.bytes, question.from));
    }
}

ft::Task<ft::Result<std::string>> ask(ft::SocketAddress server, std::string_view question) {
    FT_CO_TRY(auto socket, co_await ft::UdpSocket::connect(server));
    std::array<std::byte, 512> room;
    for (int tries = 1; tries <= 5; ++tries) {
        FT_CO_TRY_VOID(co_await socket.send(ft::bytes_of(question)));
        auto got = co_await ft::within(200ms, socket.receive(room));
        if (got) co_return std::string(ft::text_of(got->bytes));
        if (!got.error().is_deadline()) co_return std::unexpected(std::move(got).error());
        std::printf("no answer to try %d\n", tries);
    }
    co_return std::unexpected(ft::Error::deadline("ask").about(server.to_string()));
}

ft::Task<ft::Result<void>> show(ft::Loop& loop) {
    FT_CO_TRY(const auto any_port, ft::SocketAddress::parse("127.0.0.1:0"));
    FT_CO_TRY(auto server, ft::UdpSocket::bind(loop, any_port));
    FT_CO_TRY(const auto address, server.local_address());
    auto ended = co_await ft::first_of(ask(address, "are you there?"), answer_some(server));
    if (ended.index() == 1) co_return std::move(ended.get<1>());
    FT_CO_TRY(const std::string answer, std::move(ended.get<0>()));
    std::printf("answer: %s\n", answer.c_str());
    co_return {};
}

int main() {
    const auto shown = ft::run(show);
    if (!shown) std::fprintf(stderr, "error: %s\n", shown.error().message().c_str());
    return shown ? 0 : 1;
}

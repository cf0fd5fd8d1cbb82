#include "tools/scenarios/programs.h"

#include "fivetuple/task/scope.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"

#include <algorithm>
#include <functional>

namespace ft_scenarios {

std::byte byte_at(std::uint64_t stream, std::uint64_t place) {
    const std::uint64_t mixed = (stream * 0x9e3779b97f4a7c15u) ^ (place * 0xbf58476d1ce4e5b9u);
    return static_cast<std::byte>(mixed >> 56);
}

std::vector<std::byte> bytes_at(std::uint64_t stream, std::uint64_t place, std::size_t size) {
    std::vector<std::byte> bytes(size);
    for (std::size_t offset = 0; offset < size; ++offset) {
        bytes[offset] = byte_at(stream, place + offset);
    }
    return bytes;
}

bool are_bytes_at(std::uint64_t stream, std::uint64_t place, ft::Bytes bytes) {
    return std::ranges::all_of(bytes,
                               [&](std::byte each) { return each == byte_at(stream, place++); });
}

ft::Task<void> echo_peer(ft::TcpStream peer) {
    while (true) {
        auto got = co_await peer.read();
        if (!got || got->empty()) co_return;
        auto sent = co_await peer.write_all(got->bytes());
        if (!sent) co_return;
    }
}

namespace {

ft::Task<ft::Result<void>> accept_all(ft::Scope& peers, ft::SocketAddress where,
                                      ft::ListenOptions options) {
    ft::Loop& loop = co_await ft::this_loop();
    FT_CO_TRY(ft::TcpListener listener, ft::TcpListener::bind(loop, where, options));
    while (true) {
        FT_CO_TRY(ft::TcpStream peer, co_await listener.accept());
        peers.spawn(echo_peer(std::move(peer)));
    }
}

// One question and its answer; false where the connection is of no more use.
ft::Task<bool> ask_one(ft::TcpStream& stream, const AskOptions& options, Asker& asker) {
    const auto question = bytes_at(asker.name, asker.asked * options.size, options.size);
    std::vector<std::byte> answer(options.size);
    auto sent = co_await ft::within(options.patience, stream.write_all(question));
    if (!sent) co_return false;
    auto got = co_await ft::within(options.patience, stream.read_exact(answer));
    if (!got) co_return false;
    if (answer != question) {
        ++asker.wrong;
        co_return false;
    }
    ft::Loop& loop = co_await ft::this_loop();
    asker.last_answer = loop.now();
    ++asker.asked;
    co_return true;
}

}  // namespace

ft::Task<void> ask_over_one_connection(const AskOptions& options, Asker& asker) {
    auto stream = co_await ft::within(options.patience, ft::TcpStream::connect(options.whom));
    if (!stream) co_return;
    ++asker.connections;
    while (asker.asked < options.questions) {
        const bool is_answered = co_await ask_one(*stream, options, asker);
        if (!is_answered) co_return;
        auto slept = co_await ft::sleep(options.pause);
        if (!slept) co_return;
    }
}

namespace {

ft::Task<void> write_stream(ft::TcpStream& stream, std::uint64_t size, Sender& sender) {
    constexpr std::uint64_t kPiece = 8192;
    while (sender.sent < size) {
        const std::size_t piece = std::min(kPiece, size - sender.sent);
        const auto bytes = bytes_at(sender.name, sender.sent, piece);
        auto sent = co_await stream.write_all(bytes);
        if (!sent) {
            if (sender.failure.empty()) sender.failure = sent.error().message();
            co_return;
        }
        sender.sent += piece;
    }
    auto ended = stream.shutdown_write();
    if (!ended && sender.failure.empty()) sender.failure = ended.error().message();
}

ft::Task<void> read_stream(ft::Scope& scope, ft::TcpStream& stream, std::uint64_t size,
                           Sender& sender) {
    scope.spawn(write_stream(stream, size, sender));
    while (true) {
        auto got = co_await stream.read();
        if (!got) {
            if (sender.failure.empty()) sender.failure = got.error().message();
            co_return;
        }
        if (got->empty()) co_return;
        if (!are_bytes_at(sender.name, sender.echoed, got->bytes()) && !sender.wrong_at) {
            sender.wrong_at = sender.echoed;
        }
        sender.echoed += got->bytes().size();
    }
}

}  // namespace

ft::Task<void> serve_echo(ft::SocketAddress where, ft::ListenOptions options) {
    auto ended = co_await ft::with_scope(accept_all, where, options);
    static_cast<void>(ended);
}

ft::Task<void> ask(AskOptions options, ft::Random random, Asker& asker) {
    while (true) {
        co_await ask_over_one_connection(options, asker);
        if (asker.asked == options.questions) break;
        ++asker.failures;
        const auto most = static_cast<std::uint64_t>(options.retry.count());
        const ft::Duration pause(static_cast<std::int64_t>(random.below(most) + 1));
        auto slept = co_await ft::sleep(pause);
        if (!slept) co_return;
    }
    asker.is_done = true;
}

ft::Task<void> send_and_compare(ft::SocketAddress whom, std::uint64_t size, Sender& sender) {
    auto stream = co_await ft::TcpStream::connect(whom);
    if (!stream) {
        sender.failure = stream.error().message();
        co_return;
    }
    auto ended = co_await ft::with_scope(read_stream, std::ref(*stream), size, std::ref(sender));
    if (!ended && sender.failure.empty()) sender.failure = ended.error().message();
    ft::Loop& loop = co_await ft::this_loop();
    sender.done_at = loop.now();
    sender.is_done = true;
}

}  // namespace ft_scenarios

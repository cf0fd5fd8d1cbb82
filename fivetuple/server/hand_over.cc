#include "fivetuple/server/hand_over.h"

#include "fivetuple/os/require_peer.h"
#include "fivetuple/task/within.h"

#include <array>
#include <charconv>
#include <cstring>
#include <string_view>
#include <utility>

// The old server says how many sockets there are, then sends each with its name. The successor says
// that it is ready. The old one sends the connections, where there are any, and says that it stops;
// that it has all of them the successor confirms, or they are still the old one's. It closes the
// connection when its name is free.
namespace fivetuple {
namespace {

constexpr std::string_view kGreeting = "fivetuple hand-over 1: ";
constexpr std::string_view kSocket = "socket ";
constexpr std::string_view kReady = "ready";
constexpr std::string_view kConnection = "connection ";  // The size of the name, and both texts.
constexpr std::string_view kYours = "yours";
constexpr std::string_view kAllYours = "all yours";
constexpr std::string_view kMine = "mine";
constexpr std::size_t kNameMost = 255;
constexpr std::size_t kStateMost = 60'000;
constexpr std::size_t kSocketsMost = 10'000;
using Room = std::array<std::byte, 300>;

Error unexpected_words() {
    return Error::malformed("hand over", "the other side speaks otherwise");
}

// The next message; its end of the connection is an error.
Task<Result<UnixMessage>> receive(UnixSeqpacket& peer, MutableBytes room) {
    FT_CO_TRY(UnixMessage message, co_await peer.receive(room));
    if (message.bytes.empty()) {
        co_return std::unexpected(
            Error::ended("hand over").because("the other side has closed the connection"));
    }
    co_return message;
}

Task<Result<void>> expect(UnixSeqpacket& peer, std::string_view words) {
    Room room;
    FT_CO_TRY(const UnixMessage message, co_await receive(peer, room));
    if (text_of(message.bytes) != words) co_return std::unexpected(unexpected_words());
    co_return {};
}

Task<Result<void>> say(UnixSeqpacket& peer, std::string words, std::span<const int> files = {}) {
    FT_CO_TRY_VOID(co_await peer.send(bytes_of(words), files));
    co_return {};
}

Task<Result<void>> hand_connections(UnixSeqpacket& successor,
                                    const std::vector<HandedConnection>& connections) {
    for (const HandedConnection& each : connections) {
        if (each.name.size() > kNameMost || each.state.size() > kStateMost) {
            co_return std::unexpected(
                Error::limit("hand over", "a name has over 255 bytes, or a state over 60,000"));
        }
        const std::array<int, 1> file{each.descriptor};
        std::string words(kConnection);
        ((words += std::to_string(each.name.size())) += ' ') += each.name;
        FT_CO_TRY_VOID(co_await say(successor, words + each.state, file));
    }
    FT_CO_TRY_VOID(co_await say(successor, std::string(kAllYours)));
    co_return co_await expect(successor, kMine);
}

// Up to the point where the old one is to stop.
Task<Result<void>> hand_to(UnixSeqpacket& successor, const std::vector<HandedSocket>& sockets,
                           const HandOverOptions& options) {
    FT_CO_TRY_VOID(require_own_user(OptionAccess(successor)));
    FT_CO_TRY_VOID(
        co_await say(successor, std::string(kGreeting) + std::to_string(sockets.size())));
    for (const HandedSocket& each : sockets) {
        const std::array<int, 1> file{each.descriptor};
        FT_CO_TRY_VOID(co_await say(successor, std::string(kSocket) + each.name, file));
    }
    FT_CO_TRY_VOID(co_await expect(successor, kReady));
    if (options.connections) {
        const auto connections = co_await options.connections();
        co_return co_await hand_connections(successor, connections);
    }
    FT_CO_TRY_VOID(co_await say(successor, std::string(kYours)));
    co_return {};
}

Result<std::size_t> read_greeting(std::string_view text) {
    if (!text.starts_with(kGreeting)) return std::unexpected(unexpected_words());
    text.remove_prefix(kGreeting.size());
    std::size_t count = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (failure != std::errc() || end != text.data() + text.size() || count > kSocketsMost) {
        return std::unexpected(unexpected_words());
    }
    return count;
}

Result<InheritedSocket> read_socket(UnixMessage message) {
    const std::string_view text = text_of(message.bytes);
    if (!text.starts_with(kSocket) || message.files.size() != 1) {
        return std::unexpected(unexpected_words());
    }
    return look_at_inherited(std::move(message.files.front()), text.substr(kSocket.size()));
}

Result<TakenConnection> read_connection(UnixMessage message) {
    std::string_view text = text_of(message.bytes);
    if (!text.starts_with(kConnection) || message.files.size() != 1) {
        return std::unexpected(unexpected_words());
    }
    text.remove_prefix(kConnection.size());
    std::size_t size = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), size);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (failure != std::errc() || !text.starts_with(' ') || size > text.size() - 1) {
        return std::unexpected(unexpected_words());
    }
    text.remove_prefix(1);
    FT_TRY(InheritedSocket socket,
           look_at_inherited(std::move(message.files.front()), text.substr(0, size)));
    return TakenConnection{std::move(socket), std::string(text.substr(size))};
}

}  // namespace

Result<HandOver> HandOver::listen(Loop& loop, const SocketAddress& at, HandOverOptions options) {
    UnixListenOptions how;
    how.path.mode = 0600;
    FT_TRY(UnixSeqpacketListener listener, UnixSeqpacketListener::bind(loop, at, how));
    return HandOver(std::move(listener), std::move(options));
}

Task<Result<void>> HandOver::wait(std::vector<HandedSocket> sockets) {
    for (const HandedSocket& each : sockets) {
        if (each.name.size() <= kNameMost) continue;
        co_return std::unexpected(Error::limit("hand over", "a name has over 255 bytes"));
    }
    while (true) {
        FT_CO_TRY(UnixSeqpacket successor, co_await listener_.accept());
        auto handed = co_await within(options_.limit, hand_to(successor, sockets, options_));
        if (handed) {
            close();
            co_return {};
        }
        if (handed.error().is_cancelled()) co_return handed;
        if (options_.failed) options_.failed(handed.error());
    }
}

Task<Result<TakeOver>> TakeOver::ask(SocketAddress at) {
    FT_CO_TRY(UnixSeqpacket old, co_await UnixSeqpacket::connect(at));
    FT_CO_TRY_VOID(require_own_user(OptionAccess(old)));
    TakeOver taken(std::move(old));
    Room room;
    FT_CO_TRY(const UnixMessage greeting, co_await receive(taken.old_, room));
    FT_CO_TRY(const std::size_t count, read_greeting(text_of(greeting.bytes)));
    taken.sockets.reserve(count);
    while (taken.sockets.size() < count) {
        FT_CO_TRY(UnixMessage message, co_await receive(taken.old_, room));
        FT_CO_TRY(InheritedSocket socket, read_socket(std::move(message)));
        taken.sockets.push_back(std::move(socket));
    }
    co_return taken;
}

Task<Result<void>> TakeOver::ready() {
    FT_CO_TRY_VOID(co_await say(old_, std::string(kReady)));
    FT_CO_TRY_VOID(co_await take_connections());
    // The name is free when the old one closes.
    Room room;
    auto end = co_await old_.receive(room);
    if (!end && !end.error().is(ECONNRESET)) co_return std::unexpected(std::move(end).error());
    old_.close();
    co_return {};
}

Task<Result<void>> TakeOver::take_connections() {
    std::vector<std::byte> room(kStateMost + 2 * kNameMost);
    while (true) {
        FT_CO_TRY(UnixMessage message, co_await receive(old_, room));
        const std::string_view words = text_of(message.bytes);
        if (words == kYours) co_return {};
        if (words == kAllYours) co_return co_await say(old_, std::string(kMine));
        FT_CO_TRY(TakenConnection taken, read_connection(std::move(message)));
        connections.push_back(std::move(taken));
    }
}

}  // namespace fivetuple

#include "tools/relay_end.h"

#include "fivetuple/os/options.h"
#include "fivetuple/transport/connect.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

namespace ft_tool {

namespace ft = fivetuple;

ft::Result<void> FileEnd::shutdown_write() {
    out_.reset();
    if (!is_all_output_) return {};
    // Our own standard output would keep it open.
    const ft::Fd nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    if (nowhere) ::dup2(nowhere.raw(), STDOUT_FILENO);
    return {};
}

ft::OptionAccess MessageEnd::options() {
    if (auto* datagrams = std::get_if<ft::DatagramSocket>(&socket_)) {
        return ft::OptionAccess(*datagrams);
    }
    return ft::OptionAccess(std::get<ft::UnixMessageSocket>(socket_));
}

bool MessageEnd::has_come_back(const ft::Error& error) {
    const bool is_lost = error.is(ECONNREFUSED) || error.is(EHOSTUNREACH) || error.is(ENETUNREACH);
    if (!is_datagram() || !is_lost) return false;
    came_back_++;
    return true;
}

ft::Task<ft::Result<std::size_t>> MessageEnd::receive_from(ft::MutableBytes into,
                                                           ft::SocketAddress& sender) {
    if (auto* datagrams = std::get_if<ft::DatagramSocket>(&socket_)) {
        FT_CO_TRY(const ft::Datagram got, co_await datagrams->receive(into));
        sender = got.from;
        co_return got.bytes.size();
    }
    auto& messages = std::get<ft::UnixMessageSocket>(socket_);
    FT_CO_TRY(const ft::UnixMessage got, co_await messages.receive(into));
    sender = got.from;
    co_return got.bytes.size();
}

ft::Task<ft::Result<std::optional<std::size_t>>> MessageEnd::receive(ft::MutableBytes into) {
    if (first_) {
        const std::size_t size = std::min(first_->size(), into.size());
        std::copy_n(first_->begin(), size, into.begin());
        first_.reset();
        co_return size;
    }
    ft::SocketAddress sender;
    while (true) {
        auto got = co_await receive_from(into, sender);
        if (got && *got == 0 && has_end_) co_return std::nullopt;
        if (got) co_return *got;
        if (!has_come_back(got.error())) co_return std::unexpected(std::move(got).error());
    }
}

ft::Task<ft::Result<void>> MessageEnd::send_once(ft::Bytes message) {
    if (auto* datagrams = std::get_if<ft::DatagramSocket>(&socket_)) {
        co_return co_await datagrams->send(message);
    }
    auto& messages = std::get<ft::UnixMessageSocket>(socket_);
    auto sent = co_await messages.send(message);
    if (!sent) co_return std::unexpected(std::move(sent).error());
    co_return {};
}

ft::Task<ft::Result<void>> MessageEnd::send(ft::Bytes message) {
    if (is_alone_) co_return {};
    auto sent = co_await send_once(message);
    // It was an earlier one that came back; this one has not gone yet.
    if (!sent && has_come_back(sent.error())) {
        sent = co_await send_once(message);
        if (!sent && has_come_back(sent.error())) co_return {};
    }
    co_return sent;
}

void MessageEnd::end_sending() {
    if (!has_end_) return;
    auto& messages = std::get<ft::UnixMessageSocket>(socket_);
    // The peer may have gone meanwhile; then there is nobody to tell.
    static_cast<void>(messages.loop().sockets().shutdown(messages.handle(), ft::Shutdown::write));
}

ft::Task<ft::Result<ft::SocketAddress>> MessageEnd::meet() {
    std::vector<std::byte> room(kMessageRoom);
    ft::SocketAddress sender;
    FT_CO_TRY(const std::size_t size, co_await receive_from(room, sender));
    room.resize(size);
    first_ = std::move(room);
    is_alone_ = sender.family() == ft::Family::none || sender.is_unnamed();
    if (is_alone_) co_return sender;
    const ft::Handle handle = is_datagram() ? std::get<ft::DatagramSocket>(socket_).handle()
                                            : std::get<ft::UnixMessageSocket>(socket_).handle();
    FT_CO_TRY_VOID(co_await ft::ConnectSocket(handle, sender));
    co_return sender;
}

void RelayEnd::end_writing() {
    // The peer may have gone meanwhile; then there is nobody to tell.
    if (auto* stream = std::get_if<ft::SocketStream>(&way)) {
        static_cast<void>(stream->shutdown_write());
    } else if (auto* file = std::get_if<FileEnd>(&way)) {
        static_cast<void>(file->shutdown_write());
    } else {
        std::get<MessageEnd>(way).end_sending();
    }
}

void RelayEnd::abandon() {
    // What is no TCP has no such option, and no other way to say it.
    if (auto* stream = std::get_if<ft::SocketStream>(&way)) {
        static_cast<void>(ft::set(*stream, ft::Linger::reset()));
    }
}

}  // namespace ft_tool

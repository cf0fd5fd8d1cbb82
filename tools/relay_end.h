#pragma once

#include "fivetuple/os/path_socket.h"
#include "fivetuple/task/task.h"
#include "fivetuple/transport/datagram_socket.h"
#include "fivetuple/transport/file_stream.h"
#include "fivetuple/transport/socket_stream.h"
#include "fivetuple/transport/unix_messages.h"

#include "tools/relay_child.h"
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace ft_tool {

/// Descriptors that are no sockets, as one side of a relay: standard input and output, a file.
class FileEnd {
public:
    /// `is_all_output`: when its output ends, so does that of the whole program.
    FileEnd(std::optional<fivetuple::FileStream> in, std::optional<fivetuple::FileStream> out,
            bool is_all_output)
        : in_(std::move(in)), out_(std::move(out)), is_all_output_(is_all_output) {}

    fivetuple::Task<fivetuple::Result<std::size_t>> read_some(fivetuple::MutableBytes into) {
        return in_->read_some(into);
    }
    fivetuple::Task<fivetuple::Transfer> write_all(fivetuple::Bytes from) {
        return out_->write_all(from);
    }
    /// Who reads what was written finds its end.
    fivetuple::Result<void> shutdown_write();

private:
    std::optional<fivetuple::FileStream> in_;
    std::optional<fivetuple::FileStream> out_;
    bool is_all_output_;
};

/// A socket of messages, connected to one peer.
class MessageEnd {
public:
    using Socket = std::variant<fivetuple::DatagramSocket, fivetuple::UnixMessageSocket>;

    /// `has_end`: it is a connection, whose peer can say that no more will come.
    MessageEnd(Socket socket, bool has_end, fivetuple::PathSocket path = {})
        : socket_(std::move(socket)), path_(std::move(path)), has_end_(has_end) {}

    /// The next message, at the front of `into`; none at the end.
    /// Errors: as the socket's receive(). Of UDP, what came back of earlier datagrams is counted
    /// and no error.
    fivetuple::Task<fivetuple::Result<std::optional<std::size_t>>> receive(
        fivetuple::MutableBytes into);
    fivetuple::Task<fivetuple::Result<void>> send(fivetuple::Bytes message);
    /// Tells the peer of a connection that no more will come.
    void end_sending();

    /// Waits for the first message, which receive() then gives, and connects to its sender.
    fivetuple::Task<fivetuple::Result<fivetuple::SocketAddress>> meet();
    fivetuple::OptionAccess options();
    /// Datagrams that came back: nobody listened there, or no way led there.
    std::uint64_t came_back() const { return came_back_; }

private:
    fivetuple::Task<fivetuple::Result<std::size_t>> receive_from(fivetuple::MutableBytes into,
                                                                 fivetuple::SocketAddress& sender);
    fivetuple::Task<fivetuple::Result<void>> send_once(fivetuple::Bytes message);
    bool has_come_back(const fivetuple::Error& error);
    bool is_datagram() const { return socket_.index() == 0; }

    Socket socket_;
    fivetuple::PathSocket path_;
    bool has_end_;
    bool is_alone_ = false;  // The peer has no name to answer to.
    std::optional<std::vector<std::byte>> first_;
    std::uint64_t came_back_ = 0;
};

/// Room for the largest message that is relayed.
inline constexpr std::size_t kMessageRoom = std::size_t{256} * 1024;

/// One side of a relay, open. Stays where it is.
struct RelayEnd {
    using Way = std::variant<fivetuple::SocketStream, FileEnd, MessageEnd>;

    explicit RelayEnd(Way open) : way(std::move(open)) {}

    /// Tells the other side that no more will come.
    void end_writing();
    /// Ends the connection so that the peer cannot take it for a good end.
    void abandon();

    Way way;
    std::unique_ptr<RelayChild> child;  ///< Of exec: the command.
    fivetuple::PathSocket path;         ///< Where a listener of one connection stood.
    std::string name;                   ///< What --verbose calls it.
    bool reads = true;                  ///< Something can be read from it.
    bool writes = true;                 ///< Something can be written to it.
    bool has_end = true;                ///< Reading from it ends some time.
    bool is_terminal = false;
};

}  // namespace ft_tool

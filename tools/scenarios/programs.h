#pragma once

#include "fivetuple/base/random.h"
#include "fivetuple/io/loop.h"
#include "fivetuple/os/address.h"
#include "fivetuple/os/listening.h"
#include "fivetuple/task/task.h"
#include "fivetuple/transport/tcp.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// Programs that scenarios run: ordinary ones, that know nothing of a simulation.
namespace ft_scenarios {

namespace ft = fivetuple;

inline ft::SocketAddress at(std::string_view text) { return *ft::SocketAddress::parse(text); }

/// The bytes of a stream that has a name: anybody can say what must stand at any place.
std::byte byte_at(std::uint64_t stream, std::uint64_t place);
/// `size` of them from `place` on.
std::vector<std::byte> bytes_at(std::uint64_t stream, std::uint64_t place, std::size_t size);
/// Whether these are the ones from `place` on.
bool are_bytes_at(std::uint64_t stream, std::uint64_t place, ft::Bytes bytes);

/// Accepts and echoes, each peer for itself, until it is cancelled.
ft::Task<void> serve_echo(ft::SocketAddress where, ft::ListenOptions options = {});
/// Echoes until the end, or an error.
ft::Task<void> echo_peer(ft::TcpStream peer);

/// What became of a client that asks and compares the answers.
struct Asker {
    std::uint64_t name = 0;
    std::uint64_t asked = 0;  ///< Questions with their right answers.
    std::uint64_t wrong = 0;  ///< Answers that were another's, or nobody's.
    std::uint64_t connections = 0;
    std::uint64_t failures = 0;
    ft::Time last_answer{};
    bool is_done = false;
};

/// How one asks.
struct AskOptions {
    ft::SocketAddress whom;
    std::uint64_t questions = 20;
    std::size_t size = 200;                               ///< Bytes of a question.
    ft::Duration pause = std::chrono::milliseconds(500);  ///< Between two.
    ft::Duration patience = std::chrono::seconds(3);      ///< Then it connects again.
    ft::Duration retry = std::chrono::seconds(1);         ///< Before that, at most; drawn.
};

/// Asks an echo server, until all questions have been answered: who gets no answer in time, or an
/// error, connects again and asks the same again.
ft::Task<void> ask(AskOptions options, ft::Random random, Asker& asker);

/// The same over one connection, to its end or the last answer.
ft::Task<void> ask_over_one_connection(const AskOptions& options, Asker& asker);

/// What became of one who sends a stream and reads it back.
struct Sender {
    std::uint64_t name = 0;
    std::uint64_t sent = 0;
    std::uint64_t echoed = 0;
    std::optional<std::uint64_t> wrong_at;
    std::string failure;  ///< Of the first call that failed.
    ft::Time done_at{};
    bool is_done = false;
};
/// Sends `size` bytes, ends, and compares what comes back.
ft::Task<void> send_and_compare(ft::SocketAddress whom, std::uint64_t size, Sender& sender);

}  // namespace ft_scenarios

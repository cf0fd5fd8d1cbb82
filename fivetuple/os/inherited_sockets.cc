#include "fivetuple/os/inherited_sockets.h"

#include "fivetuple/os/environment.h"
#include "fivetuple/os/options.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace fivetuple {
namespace {

constexpr int kFirst = 3;  // SD_LISTEN_FDS_START

Result<SocketType> type_of(const Socket& socket) {
    FT_TRY(const Type type, get<Type>(socket));
    for (const SocketType each :
         {SocketType::stream, SocketType::datagram, SocketType::seqpacket}) {
        if (raw_type(each) == type.value) return each;
    }
    return std::unexpected(
        Error::unsupported("inherit", "it is a socket of a type that is not known here"));
}

Result<InheritedSocket> look_at_socket(Fd fd) {
    if (::fcntl(fd.raw(), F_SETFD, FD_CLOEXEC) != 0) {
        return std::unexpected(Error::system(errno, "fcntl"));
    }
    InheritedSocket seen;
    seen.socket = Socket(std::move(fd));
    FT_TRY(seen.type, type_of(seen.socket));
    FT_TRY(seen.at, seen.socket.local_address());
    FT_TRY(const IsListening listening, get<IsListening>(seen.socket));
    seen.listens = listening.on;
    return seen;
}

// The names between colons; as many as there are descriptors, or none at all.
Result<std::vector<std::string>> names_of(std::string_view text, std::size_t count) {
    std::vector<std::string> names;
    if (text.empty()) return std::vector<std::string>(count, "unknown");
    while (true) {
        const std::size_t colon = text.find(':');
        names.emplace_back(text.substr(0, colon));
        if (colon == text.npos) break;
        text.remove_prefix(colon + 1);
    }
    if (names.size() == count) return names;
    return std::unexpected(Error::malformed(
        "LISTEN_FDNAMES", "it has " + std::to_string(names.size()) + " names for " +
                              std::to_string(count) + " descriptors"));
}

// All that were announced have an owner from here on, whatever becomes of them.
Result<std::vector<Fd>> take_descriptors(std::uint64_t count) {
    std::vector<Fd> fds;
    std::string missing;
    for (std::uint64_t at = 0; at < count; ++at) {
        const int number = kFirst + static_cast<int>(at);
        if (::fcntl(number, F_GETFD) >= 0) {
            fds.emplace_back(number);
        } else if (missing.empty()) {
            missing = std::to_string(number);
        }
    }
    if (missing.empty()) return fds;
    return std::unexpected(Error::system(EBADF, "LISTEN_FDS")
                               .about("descriptor " + missing)
                               .because("it should be open and is not; of " +
                                        std::to_string(count) + " descriptors " +
                                        std::to_string(fds.size()) + " are"));
}

}  // namespace

Result<InheritedSocket> look_at_inherited(Fd fd, std::string_view name) {
    const std::string what =
        "descriptor " + std::to_string(fd.raw()) + " (" + std::string(name) + ")";
    auto seen = look_at_socket(std::move(fd));
    if (!seen) return std::unexpected(std::move(seen).error().about(what));
    seen->name = name;
    return seen;
}

Result<std::vector<InheritedSocket>> take_inherited_sockets() {
    FT_TRY(const auto process, take_number("LISTEN_PID"));
    FT_TRY(const auto count, take_number("LISTEN_FDS"));
    const std::string names = take_text("LISTEN_FDNAMES").value_or("");
    // What was meant for another process is not ours: it came through a program in between.
    const bool is_ours = process && *process == static_cast<std::uint64_t>(::getpid());
    if (!is_ours || !count) return std::vector<InheritedSocket>();
    constexpr std::uint64_t kMost = 1'000'000;
    if (*count > kMost) {
        return std::unexpected(Error::malformed("LISTEN_FDS", "so many descriptors cannot be"));
    }
    FT_TRY(std::vector<Fd> fds, take_descriptors(*count));
    FT_TRY(const std::vector<std::string> name_of, names_of(names, fds.size()));
    std::vector<InheritedSocket> sockets;
    sockets.reserve(fds.size());
    for (std::size_t at = 0; at < fds.size(); ++at) {
        FT_TRY(InheritedSocket seen, look_at_inherited(std::move(fds[at]), name_of[at]));
        sockets.push_back(std::move(seen));
    }
    return sockets;
}

}  // namespace fivetuple

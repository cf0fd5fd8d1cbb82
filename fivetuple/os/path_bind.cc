#include "fivetuple/os/path_bind.h"

#include "fivetuple/os/options.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

namespace fivetuple {
namespace {

Error in_use(const SocketAddress& at, const char* why) {
    return Error::system(EADDRINUSE, "bind").about(at.to_string()).because(why);
}

// Whether somebody answers at the path. The kinds of socket refuse each other, and so tell.
Result<bool> is_answered(const Socket& like, const SocketAddress& at) {
    FT_TRY(const Type type, get<Type>(like));
    Fd probe(::socket(AF_UNIX, static_cast<int>(type.value) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!probe) return std::unexpected(Error::system(errno, "socket"));
    if (::connect(probe.raw(), at.raw(), at.raw_size()) == 0) return true;
    return errno != ECONNREFUSED;
}

// Takes away a socket that was left behind, or says why it stays.
Result<void> remove_stale(const Socket& socket, const SocketAddress& at) {
    const std::string path(at.unix_name());
    const Fd file(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat there{};
    if (!file || ::fstat(file.raw(), &there) != 0) {
        if (errno == ENOENT) return {};  // It has gone by itself.
        return std::unexpected(Error::system(errno, "bind").about(at.to_string()));
    }
    if (!S_ISSOCK(there.st_mode)) {
        return std::unexpected(in_use(at, "a file that is no socket has this name"));
    }
    FT_TRY(const bool answered, is_answered(socket, at));
    if (answered) return std::unexpected(in_use(at, "somebody listens there"));
    if (there.st_uid != ::geteuid()) {
        return std::unexpected(
            in_use(at, "a socket was left behind there, and it belongs to another user"));
    }
    // Between looking and removing another may have taken the name; our descriptor keeps the number
    // of the file that we looked at from being given to it.
    struct stat now{};
    if (::lstat(path.c_str(), &now) == 0 && now.st_ino == there.st_ino &&
        now.st_dev == there.st_dev) {
        ::unlink(path.c_str());
    }
    return {};
}

Result<void> set_rights(const std::string& path, const PathOptions& options) {
    constexpr auto kSame = static_cast<std::uint32_t>(-1);
    if (options.owner || options.group) {
        if (::chown(path.c_str(), options.owner.value_or(kSame), options.group.value_or(kSame)) !=
            0) {
            return std::unexpected(Error::system(errno, "chown").about(path));
        }
    }
    if (options.mode && ::chmod(path.c_str(), *options.mode & 07777) != 0) {
        return std::unexpected(Error::system(errno, "chmod").about(path));
    }
    return {};
}

// A file is made with the rights that its socket has had, less the umask: they are narrow from the
// beginning, and become what was asked when the owner is right, too.
Result<void> bind_once(Socket& socket, const SocketAddress& at, const PathOptions& options) {
    const bool changes_owner = options.owner || options.group;
    if (options.mode) {
        const mode_t first = changes_owner ? 0 : *options.mode & 07777;
        if (::fchmod(socket.fd().raw(), first) != 0) {
            return std::unexpected(Error::system(errno, "fchmod").about(at.to_string()));
        }
    }
    FT_TRY_VOID(socket.bind(at));
    const std::string path(at.unix_name());
    auto done = set_rights(path, options);
    if (!done) ::unlink(path.c_str());
    return done;
}

}  // namespace

Result<PathSocket> bind_path(Socket& socket, const SocketAddress& at, const PathOptions& options) {
    Result<void> bound = bind_once(socket, at, options);
    if (!bound && bound.error().is(EADDRINUSE) && options.replace_stale) {
        FT_TRY_VOID(remove_stale(socket, at));
        bound = bind_once(socket, at, options);
    }
    if (!bound) return std::unexpected(std::move(bound).error());
    return PathSocket(at);
}

}  // namespace fivetuple

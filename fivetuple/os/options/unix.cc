#include "fivetuple/os/options/unix.h"

#include <cerrno>
#include <cstdio>
#include <memory>

namespace fivetuple {

static_assert(PeerGroups::key.number == SO_PEERGROUPS);
static_assert(sizeof(PeerCredentials::Raw) == sizeof(ucred));

std::string PeerCredentials::to_string() const {
    return "pid " + std::to_string(pid) + ", uid " + std::to_string(static_cast<int>(uid)) +
           ", gid " + std::to_string(static_cast<int>(gid));
}

std::string PeerProcess::to_string() const {
    if (!process) return "none";
    // The kernel tells behind which process a descriptor stands, and -1 once that is gone.
    const std::string path = "/proc/self/fdinfo/" + std::to_string(process.raw());
    const std::unique_ptr<FILE, int (*)(FILE*)> info(std::fopen(path.c_str(), "re"), &std::fclose);
    int pid = -1;
    char line[128];
    while (info && std::fgets(line, sizeof line, info.get()) != nullptr) {
        if (std::sscanf(line, "Pid: %d", &pid) == 1) break;
    }
    return pid > 0 ? "process " + std::to_string(pid) : "a process that has ended";
}

Result<PeerGroups> PeerGroups::read_from(OptionAccess socket) {
    // A process is in 65,536 groups at most.
    for (std::size_t room = 32; room <= 65536; room *= 16) {
        PeerGroups found;
        found.groups.resize(room);
        const auto size = read_option(socket, key, std::as_writable_bytes(std::span(found.groups)));
        if (size) {
            found.groups.resize(*size / sizeof found.groups[0]);
            return found;
        }
        if (!size.error().is(ERANGE)) return std::unexpected(size.error());
    }
    return std::unexpected(Error::limit("getsockopt", "more than 65,536 groups").about(key.name));
}

std::string PeerGroups::to_string() const {
    std::string text;
    for (const std::uint32_t group : groups) {
        text += (text.empty() ? "" : " ") + std::to_string(group);
    }
    return text.empty() ? "none" : text;
}

}  // namespace fivetuple

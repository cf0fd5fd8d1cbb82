#pragma once

#include "fivetuple/os/fd.h"
#include "fivetuple/os/option_forms.h"

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

// Who is at the other end of a Unix socket. unix(7)
namespace fivetuple {

/// The process that connected, or listened, or made the pair, as it was at that moment. unix(7)
struct PeerCredentials {
    /// The kernel's struct ucred.
    struct Raw {
        std::int32_t pid;
        std::uint32_t uid;
        std::uint32_t gid;
    };
    static constexpr int level = SOL_SOCKET;
    static constexpr int number = SO_PEERCRED;
    static constexpr const char* name = "SO_PEERCRED";
    static constexpr const char* form = "structure";
    static constexpr const char* unit = "";

    std::int32_t pid = 0;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;

    static PeerCredentials from_raw(const Raw& raw) { return {raw.pid, raw.uid, raw.gid}; }
    std::string to_string() const;
};

/// A descriptor of the peer's process, which can be waited for and signalled, and which no other
/// process inherits when the peer ends: what a process number cannot promise.
/// Errors of get(): ENODATA, where there is no peer. unix(7), pidfd_open(2)
struct PeerProcess {
    using Raw = int;
    static constexpr int level = SOL_SOCKET;
    static constexpr int number = 77;
    static constexpr const char* name = "SO_PEERPIDFD";
    static constexpr const char* form = "descriptor";
    static constexpr const char* unit = "";

    Fd process;

    static PeerProcess from_raw(Raw raw) { return {Fd(raw)}; }
    std::string to_string() const;
};

/// The supplementary groups of the peer's process, by their numbers. unix(7)
struct PeerGroups {
    static constexpr OptionKey key{SOL_SOCKET, 59, "SO_PEERGROUPS"};
    static constexpr const char* form = "list";
    static constexpr const char* unit = "";

    std::vector<std::uint32_t> groups;

    static Result<PeerGroups> read_from(OptionAccess socket);
    std::string to_string() const;
};

/// Receive the sender's credentials with each message (SCM_CREDENTIALS). unix(7)
struct PassCredentials : Switch<PassCredentials, SOL_SOCKET, SO_PASSCRED> {
    static constexpr const char* name = "SO_PASSCRED";
};

/// Receive a descriptor of the sender's process with each message (SCM_PIDFD). unix(7)
struct PassProcess : Switch<PassProcess, SOL_SOCKET, 76> {
    static constexpr const char* name = "SO_PASSPIDFD";
};

}  // namespace fivetuple

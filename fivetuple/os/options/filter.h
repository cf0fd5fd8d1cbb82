#pragma once

#include "fivetuple/os/bpf.h"
#include "fivetuple/os/fd.h"
#include "fivetuple/os/option_forms.h"

#include <sys/socket.h>

#include <string>

// Programs of the Berkeley packet filter that the kernel runs for a socket. socket(7)
namespace fivetuple {

/// Drop or cut what arrives as the program says: it answers how many bytes are kept. socket(7)
struct SocketFilter {
    static constexpr OptionKey key{SOL_SOCKET, SO_ATTACH_FILTER, "SO_ATTACH_FILTER"};
    static constexpr const char* form = "program";
    static constexpr const char* unit = "";
    bpf::Program program;
    Result<void> write_to(OptionAccess socket) const;
    std::string to_string() const;
};

/// Take the filter away. Errors: ENOENT, where there is none; EPERM, where it is locked. socket(7)
struct DetachFilter {
    static constexpr OptionKey key{SOL_SOCKET, SO_DETACH_FILTER, "SO_DETACH_FILTER"};
    static constexpr const char* form = "action";
    static constexpr const char* unit = "";
    Result<void> write_to(OptionAccess socket) const;
    std::string to_string() const { return "detach"; }
};

/// Let nobody change or remove the filter any more; cannot be undone. socket(7)
struct LockFilter : Switch<LockFilter, SOL_SOCKET, 44> {
    static constexpr const char* name = "SO_LOCK_FILTER";
};

/// Choose which socket of a SO_REUSEPORT group gets a connection or datagram: the program answers
/// its number, in the order of binding. It stands for the whole group, whichever of its sockets it
/// is attached to. An answer out of range leaves the choice to the kernel. socket(7)
struct ReusePortSteering {
    static constexpr OptionKey key{SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF,
                                   "SO_ATTACH_REUSEPORT_CBPF"};
    static constexpr const char* form = "program";
    static constexpr const char* unit = "";
    bpf::Program program;
    Result<void> write_to(OptionAccess socket) const;
    std::string to_string() const;
};

/// The same by an eBPF program that has been loaded: its descriptor, which stays the caller's.
/// socket(7), bpf(2)
struct ReusePortSteeringEbpf {
    static constexpr OptionKey key{SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF,
                                   "SO_ATTACH_REUSEPORT_EBPF"};
    static constexpr const char* form = "descriptor";
    static constexpr const char* unit = "";
    int program = -1;
    Result<void> write_to(OptionAccess socket) const;
    std::string to_string() const;
};

/// Take the group's steering program away. Errors: ENOENT, where there is none. socket(7)
struct DetachReusePortSteering {
    static constexpr OptionKey key{SOL_SOCKET, 68, "SO_DETACH_REUSEPORT_BPF"};
    static constexpr const char* form = "action";
    static constexpr const char* unit = "";
    Result<void> write_to(OptionAccess socket) const;
    std::string to_string() const { return "detach"; }
};

}  // namespace fivetuple

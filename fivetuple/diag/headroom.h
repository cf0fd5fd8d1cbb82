#pragma once

#include "fivetuple/diag/sock_diag.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

// How much is left of what runs out: descriptors, local ports, and what settings allow.
namespace fivetuple::diag {

/// The descriptors of one process, and how many it may have.
struct DescriptorUse {
    std::uint32_t pid = 0;
    std::string process;
    std::uint64_t open = 0;
    std::uint64_t most = 0;  ///< The soft limit, RLIMIT_NOFILE, at which calls give EMFILE.

    double share() const {
        return most == 0 ? 0 : static_cast<double>(open) / static_cast<double>(most);
    }

    /// Errors: ENOENT, ESRCH, where it has ended; EACCES, where this user may not see it.
    static Result<DescriptorUse> of(std::uint32_t pid);
};
/// Calls `take` for each process that this user may see; those that end meanwhile are left out.
/// Gives how many may not be seen. Errors: those of open(2), where /proc cannot be read.
Result<std::size_t> for_each_descriptor_use(const std::function<void(const DescriptorUse&)>& take);

/// The open files of the whole machine, at whose limit calls give ENFILE. /proc/sys/fs/file-nr
struct FileUse {
    std::uint64_t open = 0;
    std::uint64_t most = 0;

    /// Errors: those of open(2), where /proc cannot be read; malformed.
    static Result<FileUse> read();
};

/// The ports that the kernel chooses from for who connects without one.
struct PortRange {
    std::uint16_t first = 0;
    std::uint16_t last = 0;

    std::uint32_t count() const { return first > last ? 0 : std::uint32_t{last} - first + 1; }
    bool contains(std::uint16_t port) const { return port >= first && port <= last; }
    /// net.ipv4.ip_local_port_range, of this thread's network. It counts for IPv6, too.
    /// Errors: those of open(2); malformed.
    static Result<PortRange> read();
};

/// How many of them are taken towards each destination: each destination has all of them once for
/// each local address. Give it to visit_sockets(); it takes what is connected, time-wait as well,
/// and passes over the ends that were accepted.
class PortUse : public Visitor {
public:
    explicit PortUse(PortRange range) : range_(range) {}

    struct Destination {
        Kind kind = Kind::tcp;
        IpAddress local;
        EndPoint peer;
        std::uint32_t taken = 0;
        std::uint32_t in_time_wait = 0;  ///< Of those taken.
        double share = 0;                ///< Of the range; other settings may leave out some of it.
    };
    /// Those with the most ports taken first, at most so many.
    std::vector<Destination> fullest(std::size_t most) const;

    Result<void> see(const SeenSocket& socket) override;
    void keep() override { kept_ = counts_; }
    void forget() override { counts_ = kept_; }

private:
    struct Key {
        Kind kind;
        IpAddress local;
        EndPoint peer;
        friend bool operator==(const Key&, const Key&) = default;
    };
    struct Hash {
        std::size_t operator()(const Key& key) const {
            return key.local.hash() * 31 + key.peer.ip.hash() * 7 + key.peer.port;
        }
    };
    struct Counts {
        std::uint32_t taken = 0;
        std::uint32_t in_time_wait = 0;
    };
    using Table = std::unordered_map<Key, Counts, Hash>;

    PortRange range_;
    Table counts_;
    Table kept_;
};

/// A setting of the kernel that bounds what programs ask for.
struct Setting {
    std::string_view name;   ///< As sysctl(8) has it: `net.core.somaxconn`.
    std::string_view clips;  ///< What it bounds, and what happens beyond it.
    std::string_view unit;

    /// Its numbers now, in this thread's network: one, or several where it has a range.
    /// Errors: those of open(2): ENOENT, where this kernel has it not, or not for every network;
    /// malformed.
    Result<std::vector<std::int64_t>> read() const;
};
/// Those that sockets run into.
std::span<const Setting> settings();

}  // namespace fivetuple::diag

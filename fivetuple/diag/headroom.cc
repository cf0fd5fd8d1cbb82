#include "fivetuple/diag/headroom.h"

#include "fivetuple/diag/proc_file.h"
#include "fivetuple/os/fd.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>

namespace fivetuple::diag {
namespace {

struct CloseFolder {
    void operator()(DIR* folder) const { ::closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

// Since Linux 6.2 the folder's size is the number of its entries; before, they are counted.
Result<std::uint64_t> count_descriptors(const std::string& path) {
    const Folder folder(::opendir(path.c_str()));
    if (folder == nullptr) return std::unexpected(Error::system(errno, "open").about(path));
    struct stat status{};
    if (::stat(path.c_str(), &status) == 0 && status.st_size > 0) {
        return static_cast<std::uint64_t>(status.st_size);
    }
    std::uint64_t count = 0;
    while (const dirent* entry = ::readdir(folder.get())) count += entry->d_name[0] != '.' ? 1 : 0;
    return count;
}

// The soft limit in `Max open files  1024  4096  files`; as much as there can be where it is
// unlimited.
Result<std::uint64_t> limit_in(std::string_view limits, const std::string& path) {
    constexpr std::string_view kLine = "Max open files";
    const std::size_t line = limits.find(kLine);
    if (line == limits.npos) {
        return std::unexpected(
            Error::malformed("read", "its limit of files is missing").about(path));
    }
    std::string_view rest = limits.substr(line + kLine.size());
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    if (rest.starts_with("unlimited")) return UINT64_MAX;
    std::uint64_t most = 0;
    const auto failure = std::from_chars(rest.data(), rest.data() + rest.size(), most).ec;
    if (failure == std::errc()) return most;
    return std::unexpected(Error::malformed("read", "its limit of files is no number").about(path));
}

constexpr std::array kSettings{
    Setting{"net.core.somaxconn",
            "the backlog of listen(): a longer one is cut to this, silently; connections beyond it "
            "are dropped",
            "connections"},
    Setting{"net.ipv4.tcp_max_syn_backlog",
            "half-open connections of a listener; beyond it SYN cookies are sent, or SYNs dropped",
            "connections"},
    Setting{"net.core.rmem_max", "SO_RCVBUF: a larger one is cut to this, silently", "bytes"},
    Setting{"net.core.wmem_max", "SO_SNDBUF: a larger one is cut to this, silently", "bytes"},
    Setting{"net.ipv4.tcp_rmem", "receive buffers that TCP sizes itself: least, first, most",
            "bytes"},
    Setting{"net.ipv4.tcp_wmem", "send buffers that TCP sizes itself: least, first, most", "bytes"},
    Setting{"net.ipv4.tcp_mem",
            "memory of all TCP sockets: calm, pressure, most; beyond it connections are aborted",
            "pages"},
    Setting{"net.ipv4.udp_mem",
            "memory of all UDP sockets: calm, pressure, most; beyond it "
            "datagrams are dropped",
            "pages"},
    Setting{"net.ipv4.ip_local_port_range",
            "local ports to connect from, for each destination; beyond it connect() gives "
            "EADDRNOTAVAIL",
            "ports"},
    Setting{"net.ipv4.tcp_max_tw_buckets",
            "connections in time-wait; beyond it they end at once, which can mix up old segments "
            "with new connections",
            "connections"},
    Setting{"net.ipv4.tcp_max_orphans",
            "connections that no program holds; beyond it they are reset", "connections"},
    Setting{"net.core.netdev_max_backlog",
            "packets that wait for a core; beyond it they are dropped", "packets"},
    Setting{"net.core.optmem_max", "memory of a socket's options and notes of zero-copy sends",
            "bytes"},
    Setting{"net.unix.max_dgram_qlen",
            "datagrams that wait in a Unix socket, and its listeners' backlog", "datagrams"},
    Setting{"fs.nr_open", "RLIMIT_NOFILE of any process: no hard limit can be higher",
            "descriptors"},
    Setting{"fs.file-max", "open files of the machine; beyond it calls give ENFILE", "files"},
};

}  // namespace

Result<DescriptorUse> DescriptorUse::of(std::uint32_t pid) {
    const std::string folder = "/proc/" + std::to_string(pid);
    DescriptorUse use;
    use.pid = pid;
    FT_TRY(use.open, count_descriptors(folder + "/fd"));
    FT_TRY(const std::string limits, read_proc_file(folder + "/limits"));
    FT_TRY(use.most, limit_in(limits, folder + "/limits"));
    FT_TRY(use.process, read_proc_file(folder + "/comm"));
    use.process.erase(use.process.find_last_not_of('\n') + 1);
    return use;
}

Result<std::size_t> for_each_descriptor_use(const std::function<void(const DescriptorUse&)>& take) {
    const Folder proc(::opendir("/proc"));
    if (proc == nullptr) return std::unexpected(Error::system(errno, "open").about("/proc"));
    std::size_t unseen = 0;
    while (const dirent* entry = ::readdir(proc.get())) {
        const std::string_view name = entry->d_name;
        std::uint32_t pid = 0;
        const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (failure != std::errc() || end != name.data() + name.size()) continue;
        const auto use = DescriptorUse::of(pid);
        if (use) {
            take(*use);
        } else if (use.error().is(EACCES) || use.error().is(EPERM)) {
            ++unseen;
        }
    }
    return unseen;
}

Result<FileUse> FileUse::read() {
    FT_TRY(const std::vector<std::int64_t> numbers, read_setting("fs.file-nr"));
    if (numbers.size() < 3) {
        return std::unexpected(Error::malformed("read", "there are not three numbers in it")
                                   .about("/proc/sys/fs/file-nr"));
    }
    return FileUse{static_cast<std::uint64_t>(numbers[0] - numbers[1]),
                   static_cast<std::uint64_t>(numbers[2])};
}

Result<PortRange> PortRange::read() {
    FT_TRY(const std::vector<std::int64_t> numbers, read_setting("net.ipv4.ip_local_port_range"));
    if (numbers.size() != 2) {
        return std::unexpected(Error::malformed("read", "there are not two numbers in it")
                                   .about("net.ipv4.ip_local_port_range"));
    }
    return PortRange{static_cast<std::uint16_t>(numbers[0]),
                     static_cast<std::uint16_t>(numbers[1])};
}

Result<void> PortUse::see(const SeenSocket& socket) {
    const bool is_connected = socket.state != TcpState::listening &&
                              socket.state != TcpState::closed &&
                              socket.state != TcpState::syn_received;
    const bool has_port = socket.kind == Kind::tcp || socket.kind == Kind::udp;
    if (!is_connected || !has_port || !range_.contains(socket.local.port)) return {};
    Counts& counts = counts_[{socket.kind, socket.local.ip, socket.peer}];
    ++counts.taken;
    if (socket.state == TcpState::time_wait) ++counts.in_time_wait;
    return {};
}

std::vector<PortUse::Destination> PortUse::fullest(std::size_t most) const {
    std::vector<Destination> all;
    all.reserve(counts_.size());
    const double range = std::max(1u, range_.count());
    for (const auto& [key, counts] : counts_) {
        all.push_back({key.kind, key.local, key.peer, counts.taken, counts.in_time_wait,
                       counts.taken / range});
    }
    std::ranges::sort(all, [](const Destination& a, const Destination& b) {
        if (a.taken != b.taken) return a.taken > b.taken;
        if (a.peer.ip != b.peer.ip) return a.peer.ip < b.peer.ip;
        return a.peer.port != b.peer.port ? a.peer.port < b.peer.port : a.local < b.local;
    });
    if (all.size() > most) all.resize(most);
    return all;
}

Result<std::vector<std::int64_t>> Setting::read() const { return read_setting(name); }

std::span<const Setting> settings() { return kSettings; }

}  // namespace fivetuple::diag

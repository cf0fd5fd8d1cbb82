#pragma once

#include "fivetuple/base/result.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fivetuple::diag {

/// Who holds a socket: a process and its descriptor.
struct Owner {
    std::string_view process;  ///< As /proc/pid/comm has it: at most 15 letters. Stays the Owners'.
    std::uint32_t pid = 0;
    std::uint32_t descriptor = 0;
};

/// The descriptors of all processes that are sockets, as they were when they were read: one pass
/// over /proc. Processes that end meanwhile are left out. proc_pid_fd(5)
class Owners {
public:
    /// Errors: ENOENT, EACCES, where /proc itself cannot be read. Processes whose descriptors this
    /// user may not see are no error, but counted.
    static Result<Owners> read();

    /// Calls `visit(Owner)` for each descriptor of the socket with this inode, processes in the
    /// order of /proc. None for inode 0.
    template <class Visit>
    void for_each(std::uint32_t inode, Visit visit) const {
        for (std::uint32_t at = first_of(inode); at != kNone; at = entries_[at].next) {
            const Entry& entry = entries_[at];
            if (entry.inode != inode) continue;
            visit(Owner{name_of(entry.process), processes_[entry.process].pid, entry.descriptor});
        }
    }
    /// Whether anybody that could be seen holds it.
    bool knows(std::uint32_t inode) const;

    /// Processes whose descriptors this user may not see: sockets without an owner may be theirs.
    /// It takes their user, or CAP_SYS_PTRACE.
    std::size_t unseen_processes() const { return unseen_; }
    /// Descriptors that are sockets.
    std::size_t size() const { return entries_.size(); }

private:
    static constexpr std::uint32_t kNone = UINT32_MAX;
    struct Process {
        std::uint32_t pid = 0;
        std::uint32_t name_begin = 0;
        std::uint32_t name_size = 0;
    };
    struct Entry {
        std::uint32_t inode = 0;
        std::uint32_t process = 0;
        std::uint32_t descriptor = 0;
        std::uint32_t next = kNone;
    };

    void read_process(int proc, const char* pid);
    void read_descriptors(int folder);
    void name_process(int proc, const char* pid);
    void index();
    std::uint32_t first_of(std::uint32_t inode) const {
        return buckets_.empty() || inode == 0 ? kNone : buckets_[bucket_of(inode)];
    }
    std::size_t bucket_of(std::uint32_t inode) const {
        return std::size_t{inode} * 0x9e3779b1u & (buckets_.size() - 1);
    }
    std::string_view name_of(std::uint32_t process) const {
        const Process& it = processes_[process];
        return std::string_view(names_).substr(it.name_begin, it.name_size);
    }

    std::vector<Process> processes_;
    std::vector<Entry> entries_;
    std::vector<std::uint32_t> buckets_;
    std::string names_;
    std::size_t unseen_ = 0;
};

}  // namespace fivetuple::diag

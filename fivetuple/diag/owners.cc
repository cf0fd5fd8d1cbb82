#include "fivetuple/diag/owners.h"

#include "fivetuple/os/fd.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <span>

namespace fivetuple::diag {
namespace {

// What getdents64(2) fills in.
struct Entry64 {
    std::uint64_t inode;
    std::int64_t offset;
    std::uint16_t size;
    std::uint8_t type;
    char name[1];
};

bool is_number(const char* name) { return *name >= '0' && *name <= '9'; }

std::uint32_t number_of(const char* text) {
    std::uint32_t number = 0;
    std::from_chars(text, text + std::strlen(text), number);
    return number;
}

// Calls `take` with each name in a folder that is a number; false where it cannot be read.
template <class Take>
bool for_each_number(int folder, std::span<std::byte> room, Take take) {
    while (true) {
        const long count = ::syscall(SYS_getdents64, folder, room.data(), room.size());
        if (count <= 0) return count == 0;
        for (long at = 0; at < count;) {
            const auto* entry = reinterpret_cast<const Entry64*>(room.data() + at);
            if (is_number(entry->name)) take(entry->name);
            at += entry->size;
        }
    }
}

// The number in `socket:[123]`; 0 for other things.
std::uint32_t inode_in(std::string_view link) {
    constexpr std::string_view kFront = "socket:[";
    if (!link.starts_with(kFront)) return 0;
    std::uint32_t inode = 0;
    std::from_chars(link.data() + kFront.size(), link.data() + link.size(), inode);
    return inode;
}

}  // namespace

// Without what opening, reading and closing a stream of the C library would cost.
void Owners::name_process(int proc, const char* pid) {
    std::array<char, 64> name{};
    const Fd file(::openat(proc, (std::string(pid) + "/comm").c_str(), O_RDONLY | O_CLOEXEC));
    const ssize_t count = file ? ::read(file.raw(), name.data(), name.size()) : 0;
    std::string_view text(name.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
    text = text.substr(0, text.find('\n'));
    processes_.back().name_begin = static_cast<std::uint32_t>(names_.size());
    processes_.back().name_size = static_cast<std::uint32_t>(text.size());
    names_ += text;
}

void Owners::read_descriptors(int folder) {
    alignas(Entry64) std::array<std::byte, 32768> room;
    const auto process = static_cast<std::uint32_t>(processes_.size() - 1);
    bool is_forbidden = false;
    for_each_number(folder, room, [&](const char* name) {
        std::array<char, 64> link;
        const ssize_t size = ::readlinkat(folder, name, link.data(), link.size());
        if (size < 0 && errno == EACCES) is_forbidden = true;
        if (size <= 0) return;
        const std::uint32_t inode = inode_in({link.data(), static_cast<std::size_t>(size)});
        if (inode != 0) entries_.push_back({inode, process, number_of(name), kNone});
    });
    if (is_forbidden) ++unseen_;
}

void Owners::read_process(int proc, const char* pid) {
    const Fd folder(
        ::openat(proc, (std::string(pid) + "/fd").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder) {
        if (errno == EACCES || errno == EPERM) ++unseen_;
        return;
    }
    const std::size_t before = entries_.size();
    processes_.push_back({number_of(pid), 0, 0});
    read_descriptors(folder.raw());
    if (entries_.size() == before) {
        processes_.pop_back();
    } else {
        name_process(proc, pid);
    }
}

// A table of chains, in the order in which they were read.
void Owners::index() {
    if (entries_.empty()) return;
    buckets_.assign(std::bit_ceil(entries_.size() * 2), kNone);
    for (std::size_t at = entries_.size(); at-- > 0;) {
        std::uint32_t& first = buckets_[bucket_of(entries_[at].inode)];
        entries_[at].next = first;
        first = static_cast<std::uint32_t>(at);
    }
}

Result<Owners> Owners::read() {
    const Fd proc(::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!proc) return std::unexpected(Error::system(errno, "open").about("/proc"));
    Owners owners;
    constexpr std::size_t kRoom = 32768;
    const auto room = std::make_unique<std::uint64_t[]>(kRoom / sizeof(std::uint64_t));
    const bool is_read = for_each_number(
        proc.raw(), std::as_writable_bytes(std::span(room.get(), kRoom / sizeof(std::uint64_t))),
        [&](const char* pid) { owners.read_process(proc.raw(), pid); });
    if (!is_read) return std::unexpected(Error::system(errno, "getdents64").about("/proc"));
    owners.index();
    return owners;
}

bool Owners::knows(std::uint32_t inode) const {
    bool is_known = false;
    for_each(inode, [&is_known](const Owner&) { is_known = true; });
    return is_known;
}

}  // namespace fivetuple::diag

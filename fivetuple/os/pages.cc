#include "fivetuple/os/pages.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace fivetuple {

Result<Pages> Pages::open(std::size_t size) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t whole = (std::max<std::size_t>(size, 1) + page - 1) / page * page;
    void* memory =
        ::mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return std::unexpected(Error::system(errno, "mmap"));
    Pages pages;
    pages.begin_ = static_cast<std::byte*>(memory);
    pages.size_ = whole;
    return pages;
}

Pages::~Pages() {
    if (begin_ != nullptr) ::munmap(begin_, size_);
}

}  // namespace fivetuple

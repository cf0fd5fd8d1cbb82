#include "fivetuple/os/shared_pages.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>

namespace fivetuple {

Result<SharedPages> SharedPages::open(std::size_t size) {
    SharedPages pages;
    pages.size_ = std::max<std::size_t>(size, 1);
    void* memory =
        ::mmap(nullptr, pages.size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return std::unexpected(Error::system(errno, "mmap"));
    pages.begin_ = static_cast<std::byte*>(memory);
    return pages;
}

SharedPages::~SharedPages() {
    if (begin_ != nullptr) ::munmap(begin_, size_);
}

}  // namespace fivetuple

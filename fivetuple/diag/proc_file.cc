#include "fivetuple/diag/proc_file.h"

#include "fivetuple/os/fd.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

namespace fivetuple::diag {

Result<std::string> read_proc_file(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return std::unexpected(Error::system(errno, "open").about(path));
    std::string text;
    constexpr std::size_t kPiece = 16384;
    while (true) {
        const std::size_t before = text.size();
        text.resize(before + kPiece);
        const ssize_t count = ::read(file.raw(), text.data() + before, kPiece);
        text.resize(before + (count > 0 ? static_cast<std::size_t>(count) : 0));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return std::unexpected(Error::system(errno, "read").about(path));
        if (count == 0) return text;
    }
}

Result<std::vector<std::int64_t>> read_setting(std::string_view name) {
    std::string path(name);
    std::ranges::replace(path, '.', '/');
    path = "/proc/sys/" + path;
    FT_TRY(const std::string text, read_proc_file(path));
    std::vector<std::int64_t> numbers;
    const char* at = text.data();
    const char* end = at + text.size();
    while (true) {
        while (at != end && (*at == ' ' || *at == '\t' || *at == '\n')) ++at;
        if (at == end) return numbers;
        std::int64_t number = 0;
        const auto [next, failure] = std::from_chars(at, end, number);
        if (failure != std::errc()) {
            return std::unexpected(
                Error::malformed("read", "there is something else than numbers in it").about(path));
        }
        numbers.push_back(number);
        at = next;
    }
}

}  // namespace fivetuple::diag

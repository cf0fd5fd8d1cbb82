#include "progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace bench {

void show_progress(const std::string& line) {
    const bool is_terminal = isatty(STDERR_FILENO) == 1;
    fmt::print(stderr, "{}{}{}", is_terminal ? "\r\033[K" : "", line, is_terminal ? "" : "\n");
    std::fflush(stderr);
}

void clear_progress() {
    if (isatty(STDERR_FILENO) == 1) fmt::print(stderr, "\r\033[K");
}

}  // namespace bench

#include "fivetuple/os/environment.h"

#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdlib>

namespace fivetuple {

std::optional<std::string> take_text(const char* variable) {
    const char* const value = std::getenv(variable);
    if (value == nullptr) return std::nullopt;
    std::string text = value;
    ::unsetenv(variable);
    return text;
}

Result<std::optional<std::uint64_t>> take_number(const char* variable) {
    const auto text = take_text(variable);
    if (!text) return std::nullopt;
    std::uint64_t number = 0;
    const char* const end = text->data() + text->size();
    const auto [read_to, failure] = std::from_chars(text->data(), end, number);
    if (failure == std::errc() && read_to == end) return number;
    return std::unexpected(Error::malformed(variable, "\"" + *text + "\" is no number"));
}

Result<ServiceEnvironment> take_service_environment() {
    ServiceEnvironment found;
    found.notify_socket = take_text("NOTIFY_SOCKET").value_or("");
    FT_TRY(const auto microseconds, take_number("WATCHDOG_USEC"));
    FT_TRY(const auto process, take_number("WATCHDOG_PID"));
    const bool is_ours = !process || *process == static_cast<std::uint64_t>(::getpid());
    if (!microseconds || !is_ours) return found;
    // 292 years of microseconds, in nanoseconds, are all that there is room for.
    constexpr std::uint64_t kMost = INT64_MAX / 1000;
    if (*microseconds == 0 || *microseconds > kMost) {
        return std::unexpected(Error::malformed("WATCHDOG_USEC", "so long cannot be"));
    }
    found.watchdog = std::chrono::microseconds(*microseconds);
    return found;
}

}  // namespace fivetuple

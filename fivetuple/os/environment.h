#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/base/time.h"

#include <cstdint>
#include <optional>
#include <string>

// What whoever started this program has told it by its environment. Each variable is taken out of
// it, so that no child takes it for its own; to be called before there are threads. environ(7)
namespace fivetuple {

/// None where it is not set.
std::optional<std::string> take_text(const char* variable);
/// Errors: malformed, where it is no number.
Result<std::optional<std::uint64_t>> take_number(const char* variable);

/// How to speak to the service manager that runs this program. sd_notify(3), sd_watchdog_enabled(3)
struct ServiceEnvironment {
    /// NOTIFY_SOCKET: where it listens; empty where there is none.
    std::string notify_socket;
    /// WATCHDOG_USEC, if WATCHDOG_PID is this process or not set: it ends a program that it has not
    /// heard of for so long. Zero: it does not.
    Duration watchdog{};
};

/// Errors: malformed, where a variable does not say what it should.
Result<ServiceEnvironment> take_service_environment();

}  // namespace fivetuple

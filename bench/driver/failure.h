#pragma once

#include <stdexcept>
#include <string>

namespace bench {

/// Ends the run: what was wanted, why it did not happen and, where there is one, the way out.
struct Failure : std::runtime_error {
    Failure(const std::string& goal, std::string why, std::string way_out = "")
        : std::runtime_error(goal), cause(std::move(why)), hint(std::move(way_out)) {}

    std::string cause;
    std::string hint;
};

/// Somebody pressed Ctrl-C or sent SIGTERM.
struct Interrupted : std::exception {};

/// `call: what errno says`, for the cause of a Failure.
std::string errno_text(const char* call);

/// Makes SIGINT and SIGTERM end waits instead of the process, so that children are reaped.
void catch_interrupts();
/// Throws Interrupted once such a signal has come.
void throw_if_interrupted();

}  // namespace bench

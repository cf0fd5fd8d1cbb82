#pragma once

#include <cstdint>

namespace fivetuple {

/// A number that differs between this process and its fork()ed children; costs a load.
std::uint64_t process_mark();

/// A number of this thread's own, never 0; costs a load.
std::uint64_t thread_mark();

/// The user in whose name this process acts. geteuid(2)
std::uint32_t effective_user();

/// Lets other threads run for a moment. sched_yield(2)
void give_way();

/// Opens /dev/null for each of the descriptors 0, 1 and 2 that is closed, so that no socket gets a
/// number that others take for a terminal.
void keep_standard_descriptors();

/// Raises the soft limit of open descriptors to the hard one; returns the limit. getrlimit(2)
std::uint64_t raise_descriptor_limit();

}  // namespace fivetuple

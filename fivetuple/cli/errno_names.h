#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace fivetuple {

/// What sort of work an errno comes from.
enum class ErrnoField : std::uint8_t {
    network,   ///< Sockets give it, or what is used with them.
    file,      ///< Files and file systems.
    process,   ///< Processes, memory, locks.
    device,    ///< Terminals, disks and other devices.
    program,   ///< Loading a program or a library.
    key,       ///< The kernel's keyrings.
    historic,  ///< Named in the headers, and given by nothing of today's Linux.
};

/// An errno of Linux.
struct ErrnoName {
    std::string_view name;
    int code;
    ErrnoField field;
};

/// Every errno of Linux by its usual name, and those with a second name once more, behind all.
std::span<const ErrnoName> errno_names();
/// The usual name; null where there is none of this number.
const ErrnoName* errno_name(int code);
/// By name (ECONNREFUSED, case aside), number (111) or the sentence that perror(3) prints. Null
/// where there is none.
const ErrnoName* find_errno(std::string_view text);
/// One sentence for those of a field that sockets do not give.
std::string_view field_text(ErrnoField field);

}  // namespace fivetuple

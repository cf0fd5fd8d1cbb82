#pragma once

#include "fivetuple/os/option.h"
#include "fivetuple/os/socket_kind.h"

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fivetuple {

/// Of Linux, as `uname -r` begins.
struct KernelVersion {
    int version = 0;
    int patch_level = 0;

    auto operator<=>(const KernelVersion&) const = default;
    std::string to_string() const {
        return std::to_string(version) + "." + std::to_string(patch_level);
    }
};

/// The kernel that runs here.
KernelVersion running_kernel();

/// What a socket holds for an option: in words with the unit, and as a number where it is one.
struct OptionReading {
    std::string text;
    std::optional<std::int64_t> figure;
};

/// All that is known of an option.
struct OptionEntry {
    OptionKey key;
    std::string_view type;  ///< Ours, for set() and get().
    std::string_view form;  ///< `switch`, `number`, `time`, `name`, `structure` ...
    std::string_view unit;
    std::int64_t least = 0;  ///< Where has_range says so.
    std::int64_t most = 0;
    KernelVersion since;     ///< 2.2 for all that is older.
    std::string_view needs;  ///< What setting it needs: a capability, a sysctl.
    std::string_view manual;
    std::string_view meaning;  ///< One line.
    std::string_view kept;     ///< How what the kernel keeps differs from what it is asked.
    /// Reads it from a socket; null where it can only be set.
    Result<OptionReading> (*read)(OptionAccess) = nullptr;
    /// Sets it from text, as set_from_text(); null where its value is more than one word or number.
    Result<void> (*write)(OptionAccess, std::string_view text) = nullptr;
    SocketKinds kinds;  ///< To which it means something.
    bool has_range = false;
    bool is_settable = false;
    /// Reading it changes the socket: it clears an error, or takes something away.
    bool is_spent_by_reading = false;

    bool is_readable() const { return read != nullptr; }
    /// `1 to 32767 s`; empty where none is known.
    std::string range() const;
};

/// Every option there is a type for, by family.
std::span<const OptionEntry> option_catalogue();

/// By the kernel's name, or by our type's: `SO_RCVBUF`, `ReceiveBuffer`; case does not count. Null
/// where there is none.
const OptionEntry* find_option(std::string_view name);
/// All of a name: an option for groups is there for IPv4 and for IPv6, and a type may use several.
std::vector<const OptionEntry*> find_options(std::string_view name);
/// By the kernel's numbers. Null where there is none.
const OptionEntry* find_option(int level, int number);

/// Names that look like `name`, the likest first, five at most.
std::vector<std::string_view> nearest_options(std::string_view name);

}  // namespace fivetuple

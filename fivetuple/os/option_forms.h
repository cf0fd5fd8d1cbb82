#pragma once

#include "fivetuple/os/option.h"

#include <sys/time.h>

#include <array>
#include <chrono>
#include <climits>
#include <cstdint>
#include <ratio>
#include <string>

namespace fivetuple {

// The forms that options have in the kernel. A type derived from one of them names an option, with
// `name`, `unit` where it counts something, and `least` and `most` where the kernel has bounds.

template <class O>
concept HasRange = requires {
    { O::least } -> std::convertible_to<std::int64_t>;
    { O::most } -> std::convertible_to<std::int64_t>;
};

/// Errors: EINVAL, saying what the range is.
Result<void> check_range(const OptionKey& key, std::int64_t value, std::int64_t least,
                         std::int64_t most, const char* unit);
/// `131072 bytes`, `7`
std::string count_text(std::int64_t value, const char* unit);
/// Errors: EINVAL for a name that does not fit into the kernel's 16 bytes, or holds a zero byte.
Result<void> check_name(const OptionKey& key, const std::string& name);

/// An option that is on or off.
template <class Self, int Level, int Number>
struct Switch {
    using Raw = int;
    static constexpr int level = Level;
    static constexpr int number = Number;
    static constexpr const char* form = "switch";
    static constexpr const char* unit = "";
    bool on = true;

    Raw to_raw() const { return on ? 1 : 0; }
    static Self from_raw(Raw raw) { return Self{{raw != 0}}; }
    std::string to_string() const { return on ? "on" : "off"; }
    std::int64_t figure() const { return on ? 1 : 0; }
};

/// An option that is a whole number; what it counts is said by the type derived from this.
template <class Self, int Level, int Number>
struct Count {
    using Raw = int;
    static constexpr int level = Level;
    static constexpr int number = Number;
    static constexpr const char* form = "number";
    int value = 0;

    Raw to_raw() const { return value; }
    static Self from_raw(Raw raw) { return Self{{raw}}; }
    Result<void> check() const {
        if constexpr (HasRange<Self>) {
            return check_range({Level, Number, Self::name}, value, Self::least, Self::most,
                               Self::unit);
        }
        return {};
    }
    std::string to_string() const { return count_text(value, Self::unit); }
    std::int64_t figure() const { return value; }
};

/// A whole number that can be set, and not asked for.
template <class Self, int Level, int Number>
struct UntoldCount {
    using Raw = int;
    static constexpr int level = Level;
    static constexpr int number = Number;
    static constexpr const char* form = "number";
    int value = 0;

    Raw to_raw() const { return value; }
    Result<void> check() const {
        return check_range({Level, Number, Self::name}, value, Self::least, Self::most, Self::unit);
    }
    std::string to_string() const { return count_text(value, Self::unit); }
    std::int64_t figure() const { return value; }
};

template <class Unit>
constexpr const char* unit_name() {
    if constexpr (std::same_as<typename Unit::period, std::ratio<1>>) return "s";
    if constexpr (std::same_as<typename Unit::period, std::milli>) return "ms";
    if constexpr (std::same_as<typename Unit::period, std::micro>) return "us";
    return "ns";
}

/// An option that is a length of time, which the kernel counts in `Unit`.
template <class Self, int Level, int Number, class Unit>
struct Length {
    using Raw = int;
    static constexpr int level = Level;
    static constexpr int number = Number;
    static constexpr const char* form = "time";
    static constexpr const char* unit = unit_name<Unit>();
    static constexpr std::int64_t least = 0;
    static constexpr std::int64_t most = INT_MAX;
    Unit value{0};

    Raw to_raw() const { return static_cast<Raw>(value.count()); }
    static Self from_raw(Raw raw) { return Self{{Unit(raw)}}; }
    Result<void> check() const {
        return check_range({Level, Number, Self::name}, value.count(), Self::least, Self::most,
                           unit);
    }
    std::string to_string() const { return count_text(value.count(), unit); }
    std::int64_t figure() const { return value.count(); }
};

/// An option that is a length of time in the kernel's timeval.
template <class Self, int Level, int Number>
struct TimevalLength {
    using Raw = timeval;
    static constexpr int level = Level;
    static constexpr int number = Number;
    static constexpr const char* form = "time";
    static constexpr const char* unit = "us";
    static constexpr std::int64_t least = 0;
    static constexpr std::int64_t most = INT64_MAX;
    std::chrono::microseconds value{0};

    Raw to_raw() const { return {value.count() / 1000000, value.count() % 1000000}; }
    static Self from_raw(Raw raw) {
        return Self{{std::chrono::seconds(raw.tv_sec) + std::chrono::microseconds(raw.tv_usec)}};
    }
    Result<void> check() const {
        return check_range({Level, Number, Self::name}, value.count(), least, most, unit);
    }
    std::string to_string() const { return count_text(value.count(), unit); }
    std::int64_t figure() const { return value.count(); }
};

using KernelName = std::array<char, 16>;
KernelName kernel_name(const std::string& text);
std::string text_of_name(const KernelName& name);

/// An option that is a name: of a device, of an algorithm. At most 15 bytes.
template <class Self, int Level, int Number>
struct Name {
    using Raw = KernelName;
    static constexpr int level = Level;
    static constexpr int number = Number;
    static constexpr const char* form = "name";
    static constexpr const char* unit = "";
    std::string value;

    Raw to_raw() const { return kernel_name(value); }
    static Self from_raw(const Raw& raw) { return Self{{text_of_name(raw)}}; }
    Result<void> check() const { return check_name({Level, Number, Self::name}, value); }
    std::string to_string() const { return value.empty() ? "none" : value; }
};

/// An option that is one of several words, which are those of `Enum`; the derived type spells them
/// in `words`, by number.
template <class Self, int Level, int Number, class Enum>
struct Choice {
    using Raw = int;
    static constexpr int level = Level;
    static constexpr int number = Number;
    static constexpr const char* form = "choice";
    static constexpr const char* unit = "";
    Enum value{};

    Raw to_raw() const { return static_cast<int>(value); }
    static Self from_raw(Raw raw) { return Self{{static_cast<Enum>(raw)}}; }
    std::string to_string() const {
        const auto at = static_cast<std::size_t>(value);
        return at < std::size(Self::words) ? Self::words[at] : count_text(to_raw(), "");
    }
};

/// What only tells a number.
template <class Self, int Level, int Number, class Integer = int>
struct Figure {
    using Raw = Integer;
    static constexpr int level = Level;
    static constexpr int number = Number;
    static constexpr const char* form = "number";
    Integer value = 0;

    static Self from_raw(Raw raw) { return Self{{raw}}; }
    std::string to_string() const {
        return count_text(static_cast<std::int64_t>(value), Self::unit);
    }
    std::int64_t figure() const { return static_cast<std::int64_t>(value); }
};

}  // namespace fivetuple

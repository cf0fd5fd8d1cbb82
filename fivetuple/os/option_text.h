#pragma once

#include "fivetuple/os/option.h"

#include <chrono>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace fivetuple {

/// What the values of options are in text: `on` or `off`, a whole number.
/// Errors: malformed, naming the option and saying what it takes.
Result<bool> switch_from_text(const OptionKey& key, std::string_view text);
Result<std::int64_t> number_from_text(const OptionKey& key, std::string_view text,
                                      std::string_view unit);
/// The place of `text` among `words`. Errors: malformed, listing the words.
Result<std::size_t> word_from_text(const OptionKey& key, std::string_view text,
                                   std::span<const char* const> words);

template <class T>
inline constexpr bool kIsLength = false;
template <class Rep, class Period>
inline constexpr bool kIsLength<std::chrono::duration<Rep, Period>> = true;

/// An option whose whole value is one switch, number, length of time, name or word.
template <class O>
concept HasTextForm =
    SettableOption<O> && KeyedOption<O> && std::default_initializable<O> &&
    (requires(O option) { option.on; } || requires(O option) { option.value; }) &&
    (std::string_view(O::form) == "switch" || std::string_view(O::form) == "number" ||
     std::string_view(O::form) == "time" || std::string_view(O::form) == "name" ||
     std::string_view(O::form) == "choice");

/// Sets an option as text says: `on`, `65536`, `eth0`; numbers are in the option's own unit.
/// Errors: malformed; else as set().
template <HasTextForm O>
Result<void> set_from_text(OptionAccess socket, std::string_view text) {
    constexpr OptionKey key{O::level, O::number, O::name};
    O option{};
    if constexpr (requires { option.on; }) {
        FT_TRY(option.on, switch_from_text(key, text));
    } else if constexpr (requires { O::words; }) {
        FT_TRY(const std::size_t place, word_from_text(key, text, O::words));
        option.value = static_cast<decltype(option.value)>(place);
    } else if constexpr (std::same_as<decltype(option.value), std::string>) {
        option.value = text;
    } else {
        using Value = decltype(option.value);
        FT_TRY(const std::int64_t number, number_from_text(key, text, O::unit));
        if constexpr (kIsLength<Value>) {
            option.value = Value(static_cast<typename Value::rep>(number));
        } else {
            option.value = static_cast<Value>(number);
            if (static_cast<std::int64_t>(option.value) != number) {
                return std::unexpected(
                    Error::malformed("setsockopt", "the number is too large").about(key.name));
            }
        }
    }
    return set(socket, option);
}

}  // namespace fivetuple

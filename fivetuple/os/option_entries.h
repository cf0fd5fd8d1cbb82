#pragma once

#include "fivetuple/os/option_catalogue.h"
#include "fivetuple/os/option_forms.h"
#include "fivetuple/os/option_text.h"

// How the rows of the catalogue are written: option_entries_*.cc hold them, by family.
namespace fivetuple {

std::span<const OptionEntry> socket_option_entries();
std::span<const OptionEntry> tcp_option_entries();
std::span<const OptionEntry> ip_option_entries();

/// What a type does not say of itself.
struct EntryWords {
    std::string_view type;
    SocketKinds kinds;
    KernelVersion since;
    std::string_view manual;
    std::string_view meaning;
    std::string_view needs = {};
    std::string_view kept = {};
    bool is_spent_by_reading = false;
};

template <class O>
Result<OptionReading> read_entry(OptionAccess socket) {
    FT_TRY(const O value, get<O>(socket));
    OptionReading reading{value.to_string(), std::nullopt};
    if constexpr (requires { value.figure(); }) reading.figure = value.figure();
    return reading;
}

/// The row of an option with a key of its own choice: one whose level depends on the socket.
template <class O>
constexpr OptionEntry entry_for(const OptionKey& key, const EntryWords& words) {
    OptionEntry row;
    row.key = key;
    row.type = words.type;
    row.kinds = words.kinds;
    row.since = words.since;
    row.manual = words.manual;
    row.meaning = words.meaning;
    row.needs = words.needs;
    row.kept = words.kept;
    row.is_spent_by_reading = words.is_spent_by_reading;
    row.is_settable = SettableOption<O>;
    if constexpr (requires { O::form; }) row.form = O::form;
    if constexpr (requires { O::unit; }) row.unit = O::unit;
    if constexpr (HasRange<O>) {
        row.has_range = true;
        row.least = O::least;
        row.most = O::most;
    }
    if constexpr (SocketOption<O>) row.read = &read_entry<O>;
    if constexpr (HasTextForm<O>) row.write = &set_from_text<O>;
    return row;
}

template <class O>
constexpr OptionEntry entry(const EntryWords& words) {
    if constexpr (KeyedOption<O>) {
        return entry_for<O>({O::level, O::number, O::name}, words);
    } else {
        return entry_for<O>(O::key, words);
    }
}

}  // namespace fivetuple

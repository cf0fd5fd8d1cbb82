#include "fivetuple/cli/relay_options.h"

#include "fivetuple/cli/units.h"

#include <cctype>
#include <charconv>
#include <chrono>

namespace fivetuple {
namespace {

using Settings = std::vector<RelayAddress::Setting>;

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

// As options are compared: small letters, `_` for `-`.
std::string plain(std::string_view name) {
    std::string text(name);
    for (char& each : text) {
        each =
            each == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(each)));
    }
    return text;
}

std::string without_prefix(std::string_view name) {
    const std::string text = plain(name);
    return text.substr(text.find('_') + 1);
}

bool is_named(const OptionEntry& entry, const std::string& name) {
    return plain(entry.key.name) == name || without_prefix(entry.key.name) == name ||
           plain(entry.type) == name;
}

// The option of this name that means something to such a socket; failing that, any of this name.
const OptionEntry* find_for(const std::string& name, SocketKind kind) {
    const OptionEntry* best = nullptr;
    const OptionEntry* other = nullptr;
    for (const OptionEntry& each : option_catalogue()) {
        if (!is_named(each, name)) continue;
        const bool fits = each.kinds.has(kind) && each.write != nullptr;
        // IPv4's options are there on a socket of both families, but mean the smaller half.
        if (fits && (best == nullptr || std::string_view(each.key.name).starts_with("IPV6_"))) {
            best = &each;
        }
        if (other == nullptr) other = &each;
    }
    return best != nullptr ? best : other;
}

std::string likely(std::string_view name) {
    std::string all;
    for (const std::string_view each : nearest_options(plain(name))) {
        all += (all.empty() ? "" : ", ") + without_prefix(each);
    }
    return all.empty() ? "`ft options` lists all socket options" : "perhaps " + all;
}

RelayFault at_value(const RelayOptionText& option, std::string why, std::string hint = {}) {
    return {option.value ? option.value_at : option.name_at, std::move(why), std::move(hint)};
}

// A length of time as a whole number of the option's unit.
std::expected<std::int64_t, std::string> in_unit(std::string_view unit, const std::string& text) {
    const auto length = parse_duration(text);
    if (!length) return std::unexpected(length.error().reason());
    const Duration one = unit == "s"    ? Duration(std::chrono::seconds(1))
                         : unit == "ms" ? Duration(std::chrono::milliseconds(1))
                                        : Duration(std::chrono::microseconds(1));
    if (*length % one != Duration::zero()) {
        return std::unexpected("it is counted in whole " + std::string(unit));
    }
    return *length / one;
}

std::expected<std::int64_t, std::string> number_of(const OptionEntry& entry,
                                                   const std::string& text) {
    if (entry.form == "time") {
        // What means "for ever" or "never" is a negative number of no unit.
        if (!text.starts_with('-')) return in_unit(entry.unit, text);
    } else if (entry.unit.starts_with("bytes") && !text.starts_with('-')) {
        const auto bytes = parse_bytes(text);
        if (!bytes) return std::unexpected(bytes.error().reason());
        return static_cast<std::int64_t>(*bytes);
    }
    std::int64_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc() || end != text.data() + text.size()) {
        return std::unexpected(quoted(text) + " is no whole number");
    }
    return number;
}

std::expected<void, RelayFault> read_number(const RelayOptionText& option, const OptionEntry& entry,
                                            Settings& settings) {
    if (!option.value) {
        return std::unexpected(at_value(
            option,
            std::string(option.name) + " needs a value: " + std::string(option.name) + "=NUMBER",
            entry.range()));
    }
    const auto number = number_of(entry, *option.value);
    if (!number) return std::unexpected(at_value(option, number.error(), entry.range()));
    if (entry.has_range && (*number < entry.least || *number > entry.most)) {
        return std::unexpected(at_value(option, quoted(*option.value) + " is out of range",
                                        "it takes " + entry.range()));
    }
    settings.push_back({&entry, std::to_string(*number)});
    return {};
}

std::expected<void, RelayFault> read_switch(const RelayOptionText& option, const OptionEntry& entry,
                                            Settings& settings) {
    const std::string value = option.value.value_or("on");
    if (value != "on" && value != "off" && value != "1" && value != "0") {
        return std::unexpected(at_value(option, quoted(value) + " is neither on nor off"));
    }
    settings.push_back({&entry, value == "on" || value == "1" ? "on" : "off"});
    return {};
}

}  // namespace

std::expected<void, RelayFault> read_socket_option(const RelayOptionText& option, SocketKind kind,
                                                   Settings& settings) {
    const std::string name = plain(option.name);
    const OptionEntry* entry = find_for(name, kind);
    if (entry == nullptr) {
        return std::unexpected(RelayFault{
            option.name_at, "there is no option " + quoted(option.name), likely(option.name)});
    }
    const std::string full = entry->key.name;
    if (!entry->kinds.has(kind)) {
        return std::unexpected(RelayFault{option.name_at, full + " is not for " + to_string(kind),
                                          "it is for " + entry->kinds.to_string()});
    }
    if (entry->write == nullptr) {
        return std::unexpected(RelayFault{
            option.name_at,
            full + (entry->is_settable ? " takes more than can be written here" : " only tells"),
            {}});
    }
    const bool is_word = option.value && (*option.value == "on" || *option.value == "off");
    if (full == "SO_KEEPALIVE" && option.value && !is_word) {
        const OptionEntry* idle = find_for("tcp_keepidle", kind);
        if (auto read = read_number(option, *idle, settings); !read) return read;
        settings.push_back({entry, "on"});
        return {};
    }
    if (entry->form == "switch") return read_switch(option, *entry, settings);
    if (entry->form == "number" || entry->form == "time") {
        return read_number(option, *entry, settings);
    }
    if (!option.value || option.value->empty()) {
        return std::unexpected(at_value(option, std::string(option.name) + " needs a value: " +
                                                    std::string(option.name) + "=NAME"));
    }
    settings.push_back({entry, *option.value});
    return {};
}

}  // namespace fivetuple

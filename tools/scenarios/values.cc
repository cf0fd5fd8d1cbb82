#include "fivetuple/base/assert.h"
#include "fivetuple/base/similar.h"
#include "fivetuple/cli/units.h"

#include "tools/scenarios/scenario.h"
#include <algorithm>
#include <charconv>
#include <cmath>

namespace ft_scenarios {
namespace {

std::optional<std::uint64_t> whole_of(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (wrong != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::string wrong_with(Parameter::Kind kind, std::string_view text) {
    const std::string quoted = "\"" + std::string(text) + "\"";
    switch (kind) {
        case Parameter::Kind::count:
            if (!whole_of(text)) return quoted + " is no whole number";
            // More than anybody has memory for is a mistake.
            if (*whole_of(text) > 1'000'000'000) return quoted + " is more than 1,000,000,000";
            return {};
        case Parameter::Kind::share:
            return ft::parse_share(text) ? "" : quoted + " is no share: 0.02 and 2% are";
        case Parameter::Kind::time: {
            const auto length = ft::parse_duration(text);
            if (!length) return quoted + " is no time: 40ms and 2s are";
            return *length <= std::chrono::hours(1000) ? "" : quoted + " is more than 1000 h";
        }
        case Parameter::Kind::size: {
            const auto bytes = ft::parse_bytes(text);
            if (!bytes) return quoted + " is no size: 4096 and 64KiB are";
            return *bytes <= std::uint64_t{1} << 30 ? "" : quoted + " is more than 1 GiB";
        }
    }
    return {};
}

}  // namespace

Values::Values(std::span<const Parameter> parameters) : parameters_(parameters) {
    for (const Parameter& each : parameters) {
        values_.emplace(std::string(each.name), std::string(each.value));
    }
}

std::string Values::set(std::string_view text) {
    const std::size_t sign = text.find('=');
    const std::string_view name = text.substr(0, sign);
    const auto found = std::ranges::find(parameters_, name, &Parameter::name);
    if (found == parameters_.end()) {
        std::string names;
        for (const Parameter& each : parameters_) {
            names += (names.empty() ? "" : ", ") + std::string(each.name);
        }
        return "there is no parameter \"" + std::string(name) + "\"; there are " + names;
    }
    if (sign == std::string_view::npos) {
        return "\"" + std::string(text) + "\" has no value: " + std::string(name) + "=" +
               std::string(found->value);
    }
    const std::string_view value = text.substr(sign + 1);
    if (std::string wrong = wrong_with(found->kind, value); !wrong.empty()) {
        return std::string(name) + ": " + wrong;
    }
    values_.insert_or_assign(std::string(name), std::string(value));
    return {};
}

const std::string& Values::text(std::string_view name) const {
    const auto found = values_.find(name);
    FT_ASSERT(found != values_.end(), "a scenario asks for a parameter that it does not have");
    return found->second;
}

std::uint64_t Values::whole(std::string_view name) const {
    const auto found = std::ranges::find(parameters_, name, &Parameter::name);
    const std::string& value = text(name);
    return found->kind == Parameter::Kind::size ? *ft::parse_bytes(value) : *whole_of(value);
}

double Values::share(std::string_view name) const { return *ft::parse_share(text(name)); }

ft::Duration Values::time(std::string_view name) const { return *ft::parse_duration(text(name)); }

std::string Values::changed() const {
    std::string changed;
    for (const Parameter& each : parameters_) {
        const std::string& value = text(each.name);
        if (value == each.value) continue;
        changed += (changed.empty() ? "" : " ") + std::string(each.name) + "=" + value;
    }
    return changed;
}

}  // namespace ft_scenarios

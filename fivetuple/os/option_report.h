#pragma once

#include "fivetuple/os/option.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fivetuple {

/// What became of an option that was asked for.
enum class Kept : std::uint8_t {
    as_asked,
    doubled,      ///< A buffer, for the kernel's own overhead.
    clipped,      ///< To a limit of the system.
    raised,       ///< To the least that the kernel allows.
    rounded,      ///< To what the kernel counts in.
    ignored,      ///< Taken without a word, and not kept.
    changed,      ///< To something else.
    not_told,     ///< Set; the kernel does not tell its value.
    no_effect,    ///< Kept, but this kind of socket does nothing with it.
    unsupported,  ///< This kind of socket, or this kernel, has it not.
    forbidden,    ///< It needs a capability.
    refused,      ///< Out of range, or not now.
};

std::string_view to_string(Kept outcome);

/// One option: what was asked, what the kernel keeps, and why they differ.
struct OptionOutcome {
    OptionKey key;
    std::string asked;
    std::string kept;  ///< Empty where it could not be set, or is not told.
    Kept outcome = Kept::as_asked;
    std::string because;         ///< Empty where there is nothing to explain.
    std::optional<Error> error;  ///< Of setting it.

    bool is_set() const { return !error.has_value(); }
};

/// What became of all that was asked for, in that order.
class OptionReport {
public:
    /// Whether each could be set; what the kernel made of it is another question.
    bool all_set() const;
    /// Whether the kernel keeps each as it was asked for.
    bool all_as_asked() const;
    /// The first that could not be set, or null.
    const OptionOutcome* first_failure() const;
    const std::vector<OptionOutcome>& outcomes() const { return outcomes_; }
    void add(OptionOutcome outcome) { outcomes_.push_back(std::move(outcome)); }

    /// A table, a line for each.
    std::string to_string() const;

private:
    std::vector<OptionOutcome> outcomes_;
};

/// An option without its type, for apply().
struct OptionRequest {
    struct Told {
        std::string text;
        std::optional<std::int64_t> figure;
    };

    OptionKey key;
    Told asked;
    const void* option;
    Result<void> (*set)(OptionAccess, const void* option);
    Result<Told> (*read)(OptionAccess) = nullptr;  ///< Null where the kernel does not tell.
};

OptionOutcome apply_one(OptionAccess socket, const OptionRequest& request);

template <class O>
OptionRequest::Told told_by(const O& option) {
    OptionRequest::Told told{option.to_string(), std::nullopt};
    if constexpr (requires { option.figure(); }) told.figure = option.figure();
    return told;
}

template <class O>
Result<OptionRequest::Told> read_told(OptionAccess socket) {
    FT_TRY(const O value, get<O>(socket));
    return told_by(value);
}

template <SettableOption O>
OptionRequest request_for(const O& option) {
    OptionRequest request;
    if constexpr (requires { option.used_key(); }) {
        request.key = option.used_key();
    } else if constexpr (requires { O::key; }) {
        request.key = O::key;
    } else {
        request.key = {O::level, O::number, O::name};
    }
    request.asked = told_by(option);
    request.option = &option;
    request.set = [](OptionAccess socket, const void* asked) {
        return set(socket, *static_cast<const O*>(asked));
    };
    if constexpr (requires { typename O::ToldBy; }) {
        request.read = &read_told<typename O::ToldBy>;
    } else if constexpr (SocketOption<O>) {
        request.read = &read_told<O>;
    }
    return request;
}

/// `apply(socket, ReceiveBuffer{1 << 20}, NoDelay{})`: sets each, goes on where one fails, and
/// reports for each what the kernel keeps, and why that differs from what was asked.
template <TakesOptions S, SettableOption... O>
OptionReport apply(S& socket, const O&... options) {
    OptionReport report;
    (report.add(apply_one(OptionAccess(socket), request_for(options))), ...);
    return report;
}

}  // namespace fivetuple

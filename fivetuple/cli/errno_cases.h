#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fivetuple {

/// What a program is doing when it meets an errno.
enum class Stage : std::uint8_t { opening, connecting, accepting, moving, asking, uring };
inline constexpr Stage kStages[] = {Stage::opening, Stage::connecting, Stage::accepting,
                                    Stage::moving,  Stage::asking,     Stage::uring};
/// As in `while connecting`.
std::string_view stage_text(Stage stage);
/// The man pages that tell more: `connect(2)`.
std::string_view stage_manual(Stage stage);

/// What an errno means at one stage, and what is to be done about it.
struct ErrnoCase {
    int code;
    Stage stage;
    std::string_view from;  ///< The call, where another call of the stage means something else.
    std::string_view meaning;
    std::string_view remedy;
};

/// All that are known: what `ft explain` tells and docs/errors.md lists.
std::span<const ErrnoCase> errno_cases();

/// The tables of docs/errors.md.
std::string errno_markdown();

}  // namespace fivetuple

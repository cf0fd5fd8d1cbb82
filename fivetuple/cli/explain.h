#pragma once

#include "fivetuple/cli/glossary.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fivetuple {

/// What is known of a word.
struct Explanation {
    /// `means`, `do`, `manual` ... and what stands there.
    struct Line {
        std::string_view head;
        std::string text;
    };

    WordKind kind = WordKind::term;
    std::string name;
    std::string meaning;  ///< One line.
    std::vector<Line> lines;

    /// Over several lines of 80 columns.
    std::string to_string() const;
};

/// Everything that is called so: an errno by name, number or the sentence of perror(3), with the
/// call before it or without; an option by the kernel's name or by ours; a state, a flag, a
/// setting, a term. Case does not count. Empty where nothing is.
std::vector<Explanation> explain(std::string_view word);

/// Words that look like it, the likest first, three at most.
std::vector<std::string> nearest_words(std::string_view word);

/// Every word of one kind with a line about it.
std::vector<Explanation> words_of(WordKind kind);
/// `error`, `option` ... Nothing where there is no such kind.
std::optional<WordKind> kind_named(std::string_view name);

}  // namespace fivetuple

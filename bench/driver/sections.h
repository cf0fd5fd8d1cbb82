#pragma once

#include "results.h"

#include <string>
#include <vector>

namespace bench {

/// A table with a title and what a reader should know first.
struct Section {
    std::string title;
    std::string explanation;
    std::vector<std::string> header;  ///< The first column is text, the others are numbers.
    std::vector<std::vector<std::string>> lines;
};

/// The results as tables, in the order in which they are read.
std::vector<Section> sections_of(const Results& results);

/// What was measured where, one fact a line.
std::vector<std::string> facts_of(const Results& results);

}  // namespace bench

#pragma once

#include "finding.h"
#include "results.h"

#include <string>
#include <vector>

namespace bench {

/// A trial as a table of Markdown, which is what a terminal gets, too.
std::string markdown_of(const Trial& trial);
/// All of them, with what they were measured on.
std::string markdown_report(const Machine& machine, const std::vector<Trial>& trials);
std::string json_report(const Machine& machine, const std::vector<Trial>& trials);

}  // namespace bench

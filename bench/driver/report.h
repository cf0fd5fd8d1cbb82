#pragma once

#include "results.h"

#include <string>

namespace bench {

/// The tables for a terminal.
std::string text_report(const Results& results);
/// The tables for docs/performance.md.
std::string markdown_report(const Results& results);
/// Everything, each slice included.
std::string json_report(const Results& results);
/// The ratios as a picture.
std::string svg_chart(const Results& results);

}  // namespace bench

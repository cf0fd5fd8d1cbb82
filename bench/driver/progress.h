#pragma once

#include <string>

namespace bench {

/// Says on stderr what is being done now; on a terminal the line is overwritten by the next.
void show_progress(const std::string& line);
/// Takes that line away.
void clear_progress();

}  // namespace bench

#pragma once

#include "fivetuple/base/error.h"

#include <string>
#include <string_view>
#include <vector>

namespace fivetuple {

/// What a person is told when something did not work, over two or three lines without the last line
/// end: the goal in the user's words, the cause in the kernel's, and the way out where one is
/// known.
///
///     error: cannot listen on 127.0.0.1:80
///       bind: Permission denied
///       hint: ports below 1024 need CAP_NET_BIND_SERVICE; take a higher port
std::string complaint(std::string_view goal, const Error& cause);

/// The way out of an error, one line; empty where none is known.
std::string_view hint_for(const Error& cause);

/// A way out that is known for an errno.
struct Hint {
    std::string_view call;   ///< From which call; empty: from any.
    std::string_view about;  ///< `of an address`, `of a path`; empty: of anything.
    std::string_view text;
};
/// All of an errno, in the order in which they are tried.
std::vector<Hint> hints_about(int code);

}  // namespace fivetuple

#pragma once

#include "fivetuple/base/error.h"

#include <string>
#include <string_view>

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

}  // namespace fivetuple

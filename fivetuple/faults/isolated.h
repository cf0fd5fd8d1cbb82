#pragma once

#include "fivetuple/base/time.h"

#include <functional>
#include <string>
#include <string_view>

namespace fivetuple {

/// What became of a function that ran in a process of its own.
struct Isolated {
    std::string said;            ///< All that it has told.
    int signal = 0;              ///< What it died of; 0 where it came to its end.
    bool took_too_long = false;  ///< It was ended after its time.
};

/// The way back from that process.
class Teller {
public:
    explicit Teller(int descriptor) : descriptor_(descriptor) {}
    /// Adds a line, which must not hold an end of line.
    void add(std::string_view line);
    /// What was added is on its way, whatever happens next.
    void flush();
    /// Ends this process, at once and without unwinding.
    [[noreturn]] void end_process();

private:
    int descriptor_;
    std::string waiting_;
};

/// Runs it in a copy of this process, so that it may crash or never end, for at most `patience` of
/// real time. There must be no other threads that it needs. fork(2)
Isolated run_isolated(const std::function<void(Teller&)>& what, Duration patience);

}  // namespace fivetuple

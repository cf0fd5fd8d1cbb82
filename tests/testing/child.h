#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <concepts>
#include <string>

namespace fivetuple::testing_help {

/// What `work` returns in a forked child of this process: for what would change, or end, the
/// program of the tests. "the child died" where it did.
template <std::invocable Work>
std::string in_child(Work work) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) return "no pipe";
    const pid_t child = ::fork();
    if (child == 0) {
        const std::string answer = work();
        const bool is_told = ::write(ends[1], answer.data(), answer.size()) >= 0;
        ::_exit(is_told ? 0 : 1);
    }
    ::close(ends[1]);
    std::string answer;
    std::array<char, 256> some{};
    for (ssize_t count = 1; count > 0;) {
        count = ::read(ends[0], some.data(), some.size());
        if (count > 0) answer.append(some.data(), static_cast<std::size_t>(count));
    }
    ::close(ends[0]);
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child) return "no child";
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? answer : "the child died";
}

}  // namespace fivetuple::testing_help

#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace bench {

/// Owns a child process: it is ended and reaped when this goes away, and the kernel ends it should
/// the driver die without a word.
class Child {
public:
    Child() = default;
    /// In the parent, the child's owner; in the child, an owner of nothing for which `is_child()`.
    static Child fork_pinned(int core);

    Child(Child&& other) noexcept;
    Child& operator=(Child&& other) noexcept;
    ~Child() { stop(); }

    bool is_child() const { return pid_ == 0; }
    pid_t pid() const { return pid_; }

    /// How it ended, in words, when it has ended by itself.
    std::optional<std::string> ending();
    /// SIGTERM, then SIGKILL for one that does not listen; says how it ended.
    std::string stop();

private:
    pid_t pid_ = -1;
    std::string ending_;
};

}  // namespace bench

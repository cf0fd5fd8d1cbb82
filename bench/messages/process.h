#pragma once

#include <sys/types.h>

#include <functional>

namespace ft_bench_messages {

/// Says what went wrong, with errno, and ends the program.
[[noreturn]] void fail(const char* what);

/// This process runs on that core from now on.
void pin(int core);

/// What a process has used of a CPU so far.
double cpu_seconds(pid_t process);

/// A process that does `work` on a core and then ends; killed when this ends.
class Worker {
public:
    Worker(int core, const std::function<void()>& work);
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker();
    pid_t id() const { return id_; }

private:
    pid_t id_;
};

}  // namespace ft_bench_messages

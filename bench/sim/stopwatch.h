#pragma once

#include <ctime>

namespace ft_bench_sim {

/// CPU time of this process since it was made: what others on the machine take does not count.
class Stopwatch {
public:
    double seconds() const { return now() - begin_; }

private:
    static double now() {
        timespec time{};
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
    }
    double begin_ = now();
};

}  // namespace ft_bench_sim

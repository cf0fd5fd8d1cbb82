#pragma once

#include <cstdint>
#include <cstdio>

namespace fivetuple::fuzzing {

/// Counts what a target throws, over all inputs of a process, and says at its end how much it was.
class Thrown {
public:
    explicit Thrown(const char* what) : what_(what) {}
    Thrown(const Thrown&) = delete;
    Thrown& operator=(const Thrown&) = delete;
    ~Thrown() {
        std::fprintf(stderr, "thrown: %llu %s\n", static_cast<unsigned long long>(count_), what_);
    }
    void operator++() { ++count_; }

private:
    const char* what_;
    std::uint64_t count_ = 0;
};

}  // namespace fivetuple::fuzzing

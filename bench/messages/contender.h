#pragma once

#include <functional>
#include <string>

namespace ft_bench_messages {

/// One way of doing a thing, and how to measure what it costs: CPU nanoseconds for each.
struct Contender {
    std::string name;
    std::function<double()> measure;
};

}  // namespace ft_bench_messages

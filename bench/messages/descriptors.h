#pragma once

#include "bench/messages/contender.h"

#include <vector>

namespace ft_bench_messages {

/// Passing one descriptor and receiving it again: by hand first, then by ours.
std::vector<Contender> descriptors(int milliseconds);

}  // namespace ft_bench_messages

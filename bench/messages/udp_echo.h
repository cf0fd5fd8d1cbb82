#pragma once

#include "bench/messages/contender.h"

#include <cstddef>
#include <vector>

namespace ft_bench_messages {

/// UDP echo servers under the same load: a plain one first, then ours.
std::vector<Contender> udp_echo(std::size_t size, int milliseconds);

}  // namespace ft_bench_messages

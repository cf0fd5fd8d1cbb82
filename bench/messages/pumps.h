#pragma once

#include "bench/messages/contender.h"

#include <string>
#include <vector>

namespace ft_bench_messages {

/// Pumps between two TCP connections with this congestion control, under the same load: a copy loop
/// by hand first, then a splice loop by hand, then ours. CPU for each MiB.
std::vector<Contender> pumps(const std::string& congestion, int milliseconds);

/// The TCP congestion control that new connections get.
std::string congestion_control();

}  // namespace ft_bench_messages

#pragma once

#include "bench/messages/contender.h"

#include <cstddef>
#include <vector>

namespace ft_bench_messages {

/// Sends of one size over a TCP connection on loopback, plain ones first: CPU of the sender for
/// each MiB. The kernel copies there whatever it is asked.
std::vector<Contender> tcp_sends(std::size_t size, int milliseconds);

/// Datagrams of one size, in a network of its own, to a queue that drops them: nothing is copied on
/// the way there. Nothing is measured where this user may not make a network.
std::vector<Contender> dropped_sends(std::size_t size, int milliseconds);

}  // namespace ft_bench_messages

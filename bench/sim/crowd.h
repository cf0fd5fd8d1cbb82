#pragma once

#include <cstddef>

namespace ft_bench_sim {

/// A world of many hosts that have one connection each.
struct Crowd {
    std::size_t hosts = 0;
    double bytes_a_host = 0;        ///< Of memory: with its stack, its loop and its cable.
    double bytes_a_connection = 0;  ///< With both ends and the programs that hold them.
    double connect_seconds = 0;     ///< Of one core, until all are connected and have talked.
    double idle_hour_seconds = 0;   ///< Of one core, for an hour in which no program does anything.
};

/// `hosts` clients around one router, and a server that has a connection with each of them; with
/// keep-alive each side asks the other every ten minutes.
Crowd gather(std::size_t hosts, bool keep_alive);

}  // namespace ft_bench_sim

#include "tools/scenarios/run.h"
#include <algorithm>

namespace ft_scenarios {
namespace {

using Kind = Parameter::Kind;

constexpr Parameter kClients{"clients", Kind::count, "3", "machines that ask"};
constexpr Parameter kDelay{"delay", Kind::time, "20ms", "of a cable, one way"};
constexpr Parameter kQuestions{"questions", Kind::count, "20", "of each client, two a second"};

constexpr Parameter kLossyEcho[] = {
    kClients,
    {"bytes", Kind::size, "256KiB", "that each sends and gets back"},
    kDelay,
    {"rate", Kind::count, "1000000", "of a cable, bits a second; 0: without a limit"},
    {"queue", Kind::size, "64KiB", "before the line"},
    {"loss", Kind::share, "2%", "of packets, all the time"},
    {"trouble", Kind::count, "6", "events drawn: cuts, partitions, wrong bits ..."},
};
constexpr Parameter kAcceptQueue[] = {
    {"clients", Kind::count, "30", "that connect at once"},
    {"backlog", Kind::count, "8", "of listen(2)"},
    {"pause", Kind::time, "3s", "before the server begins to accept"},
    kDelay,
};
constexpr Parameter kNagle[] = {
    {"rounds", Kind::count, "100", "questions, each by two writes"},
    {"delay", Kind::time, "5ms", "of a cable, one way"},
};
constexpr Parameter kSlowReader[] = {
    {"bytes", Kind::size, "9MiB", "that are sent"},
    {"pause", Kind::time, "20s", "before the reader begins"},
    {"rate", Kind::count, "100000000", "of the cable, bits a second; 0: without a limit"},
    kDelay,
};
constexpr Parameter kHalfOpen[] = {
    {"clients", Kind::count, "8", "connections, every other one with keepalive"},
    kDelay,
};
constexpr Parameter kPartition[] = {
    kClients,
    kQuestions,
    {"begins", Kind::time, "3s", "when the partition begins"},
    {"lasts", Kind::time, "10s", "how long it lasts"},
    kDelay,
};
constexpr Parameter kSynFlood[] = {
    {"rate", Kind::count, "2000", "SYNs a second from addresses that do not exist"},
    {"lasts", Kind::time, "5s", "how long"},
    {"half-open", Kind::count, "128", "connections that may be half-open, and the backlog"},
    {"cookies", Kind::count, "1", "0: without SYN cookies"},
    {"clients", Kind::count, "5", "genuine ones"},
};
constexpr Parameter kPortExhaustion[] = {
    {"ports", Kind::count, "100", "that the client may choose from, at most 20000"},
    {"more", Kind::count, "20", "connections tried beyond that"},
};
constexpr Parameter kThundering[] = {
    {"clients", Kind::count, "1000", "that are connected when the server crashes"},
    {"hosts", Kind::count, "100", "machines that they run on, at most 200"},
    {"backlog", Kind::count, "512", "of listen(2)"},
    {"accept", Kind::time, "200us", "that the server takes for each connection"},
    {"jitter", Kind::time, "500ms", "of the pause before trying again; 0s: all at once"},
    kDelay,
};
constexpr Parameter kRoughSea[] = {
    kClients,
    kQuestions,
    {"trouble", Kind::count, "12", "events drawn, crashes among them"},
    kDelay,
};
constexpr Parameter kOddPairs[] = {
    {"pairs", Kind::count, "8", "of programs, each with habits, a host and a cable of its own"},
};
constexpr Parameter kForged[] = {
    {"bytes", Kind::size, "256KiB", "that are sent and come back"},
    {"share", Kind::share, "10%", "of segments have a forged one in front"},
    kDelay,
};
constexpr Parameter kFrontDesk[] = {
    {"clients", Kind::count, "12", "that come again and again, at most 200"},
    {"visits", Kind::count, "8", "of each"},
    {"descriptors", Kind::count, "10", "that the server may have"},
    {"loss", Kind::share, "1%", "of packets"},
    kDelay,
};
constexpr Parameter kPlantedBug[] = {
    {"trouble", Kind::count, "12", "events drawn"},
};

constexpr Scenario kScenarios[] = {
    {"lossy-echo", "streams over cables that lose, with trouble drawn from the seed", kLossyEcho,
     &play_lossy_echo},
    {"accept-queue", "more clients than a server that does not accept has room for", kAcceptQueue,
     &play_accept_queue},
    {"nagle-stall", "write, write, read: Nagle's delay against delayed acknowledgements", kNagle,
     &play_nagle_stall},
    {"slow-reader", "a reader that pauses: back-pressure and the shut window", kSlowReader,
     &play_slow_reader},
    {"half-open", "peers whose machine has crashed, with keepalive and without", kHalfOpen,
     &play_half_open},
    {"partition", "a server out of reach for a while, and clients that try again", kPartition,
     &play_partition},
    {"syn-flood", "SYNs from nowhere beside genuine clients, with SYN cookies and without",
     kSynFlood, &play_syn_flood},
    {"port-exhaustion", "no ports are left, TIME_WAIT holds them", kPortExhaustion,
     &play_port_exhaustion},
    {"thundering-reconnect", "a server crashes and all its clients come again", kThundering,
     &play_thundering_reconnect},
    {"rough-sea", "clients that try again, with all kinds of trouble drawn from the seed",
     kRoughSea, &play_rough_sea},
    {"odd-pairs", "both ways at once, with buffers, pauses, cables and options that are drawn",
     kOddPairs, &play_odd_pairs},
    {"forged", "segments that somebody else has made, and no TCP may believe", kForged,
     &play_forged},
    {"front-desk", "a server that is short of descriptors, and makes way for the next one",
     kFrontDesk, &play_front_desk},
    {"planted-bug", "a client with a bug, to be found by the search and made small", kPlantedBug,
     &play_planted_bug, true},
};

}  // namespace

std::span<const Scenario> scenarios() { return kScenarios; }

const Scenario* find_scenario(std::string_view name) {
    const auto* found = std::ranges::find(kScenarios, name, &Scenario::name);
    return found == std::end(kScenarios) ? nullptr : found;
}

}  // namespace ft_scenarios

#include "trials.h"

namespace bench {

const std::vector<KnownTrial>& all_trials() {
    static const std::vector<KnownTrial> all = {
        {"cost", "CPU of the server, as a multiple of the bare library's", &measure_cost},
        {"churn", "a million connections: what they leave behind, and the longest wait",
         &measure_churn},
        {"slow", "thousands that trickle or never read, beside 1,000 honest ones",
         &measure_slow_peers},
        {"early", "answers to peers that are still sending", &measure_early_answers},
        {"shortage", "no descriptor left for ten seconds", &measure_shortage},
        {"handover", "servers that succeed each other under load", &measure_hand_over},
        {"kill", "worker processes that are killed under load", &measure_killed_workers},
        {"crowd", "100,000 connections over six processes, and 18,000 in one", &measure_crowd},
        {"memory", "user memory of an idle connection", &measure_idle_connections},
    };
    return all;
}

}  // namespace bench

#pragma once

#include "finding.h"
#include "settings.h"

#include <string>
#include <vector>

namespace bench {

/// What can be measured. Each throws a Failure where it cannot be.
struct KnownTrial {
    std::string name;
    std::string what;
    Trial (*measure)(const Settings& settings);
};
const std::vector<KnownTrial>& all_trials();

Trial measure_cost(const Settings& settings);
Trial measure_churn(const Settings& settings);
Trial measure_slow_peers(const Settings& settings);
Trial measure_early_answers(const Settings& settings);
Trial measure_shortage(const Settings& settings);
Trial measure_hand_over(const Settings& settings);
Trial measure_killed_workers(const Settings& settings);
Trial measure_crowd(const Settings& settings);
Trial measure_idle_connections(const Settings& settings);

}  // namespace bench

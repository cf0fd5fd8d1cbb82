#pragma once

#include "fivetuple/base/time.h"
#include "fivetuple/sim/observer.h"
#include "fivetuple/sim/pcap.h"
#include "fivetuple/sim/script.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Named runs of a simulated network, each with figures to look at and with what must hold.
namespace ft_scenarios {

namespace ft = fivetuple;

/// What can be chosen of a scenario, as text.
struct Parameter {
    enum class Kind : std::uint8_t { count, share, time, size };
    std::string_view name;
    Kind kind;
    std::string_view value;  ///< Where nothing else is said.
    std::string_view meaning;
};

/// What was chosen, by name.
class Values {
public:
    /// All of their own values.
    explicit Values(std::span<const Parameter> parameters);

    /// Takes `NAME=VALUE`; what is wrong with it, or nothing.
    std::string set(std::string_view text);

    std::uint64_t count(std::string_view name) const { return whole(name); }
    std::size_t size(std::string_view name) const { return whole(name); }
    double share(std::string_view name) const;
    ft::Duration time(std::string_view name) const;
    /// Those that are not as they were: `loss=0.1 clients=4`.
    std::string changed() const;

private:
    const std::string& text(std::string_view name) const;
    std::uint64_t whole(std::string_view name) const;

    std::span<const Parameter> parameters_;
    std::map<std::string, std::string, std::less<>> values_;
};

/// How a scenario is to be run.
struct RunOptions {
    std::uint64_t seed = 1;
    /// Of the troubles that the seed draws only these, by number.
    std::optional<std::vector<std::size_t>> only;
    ft::sim::Observer* observer = nullptr;
    ft::sim::Pcap* capture = nullptr;
};

/// What came of it.
struct Report {
    struct Check {
        std::string what;
        bool holds;
    };
    std::vector<std::pair<std::string, std::string>> figures;
    std::vector<Check> checks;
    ft::sim::Script script;   ///< The trouble that there was, in words by to_string().
    std::size_t drawn = 0;    ///< Troubles that the seed draws, of which `script` is a part.
    std::uint64_t trace = 0;  ///< The same for the same seed.
    std::uint64_t packets = 0;
    ft::Duration elapsed{};
    /// Of a run that failed: every host's sockets and tasks, when it did.
    std::string state;

    bool passed() const;
};

class Run;
struct Scenario {
    std::string_view name;
    std::string_view summary;
    std::span<const Parameter> parameters;
    void (*play)(Run& run);
    /// It is there to fail, and only run where it is named.
    bool is_planted = false;
};

std::span<const Scenario> scenarios();
/// Null where there is none.
const Scenario* find_scenario(std::string_view name);
/// Runs one, in virtual time. What its programs throw is a check that does not hold.
Report run_scenario(const Scenario& scenario, const Values& values, const RunOptions& options);

}  // namespace ft_scenarios

#pragma once

#include "fivetuple/base/random.h"
#include "fivetuple/faults/fault.h"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace fivetuple {

/// How often each fault has come over each call.
class FaultTally {
public:
    void add(CallKind call, const Fault& fault, std::uint64_t times = 1);
    void add(const FaultTally& other);

    std::uint64_t count(CallKind call, const Fault& fault) const;
    std::uint64_t total() const;
    /// How many different faults there were: each errno is one, each other kind is one.
    std::size_t kinds() const;
    /// Which of all that faults_of() lists have never come: "bind: EACCES".
    std::vector<std::string> missing() const;
    /// A line for each call: how often it suffered what.
    std::string to_string() const;

    struct Key {
        CallKind call;
        FaultKind kind;
        int code;
        auto operator<=>(const Key&) const = default;
    };
    const std::map<Key, std::uint64_t>& counts() const { return counts_; }

private:
    std::map<Key, std::uint64_t> counts_;
};

/// Which calls of a backend are to go wrong, and how; and what has gone wrong so far. Several rules
/// may stand at once; of those that apply to a call the one that was made first is taken.
class Faults {
public:
    /// The `nth` call of this kind from now on suffers it; 1 is the next.
    void once(CallKind call, const Fault& fault, std::size_t nth = 1);
    /// Each call of this kind does, until stop().
    void always(CallKind call, const Fault& fault);
    /// Each call suffers something with this probability (0 to 1), drawn from the seed. Only the
    /// kinds that are named; where none is, all but errors. What is late is so by `time`, where
    /// that is given.
    void at_random(std::uint64_t seed, double share, std::initializer_list<FaultKind> only = {},
                   std::optional<Duration> time = std::nullopt);
    /// Asks `judge` about each call, with all that this one can suffer.
    using Judge = std::function<std::optional<Fault>(CallKind, std::span<const Fault>)>;
    void judge_by(Judge judge);
    /// Nothing more goes wrong; what is late still comes.
    void stop();

    /// Whether any rule stands.
    bool is_on() const { return is_on_; }
    /// What has gone wrong.
    const FaultTally& tally() const { return tally_; }

    // For the backend.
    /// What the call that is made now shall suffer; `op` where it is one.
    std::optional<Fault> decide(CallKind call, const Op* op = nullptr);
    /// It has come so.
    void note(CallKind call, const Fault& fault) { tally_.add(call, fault); }

private:
    struct Rule {
        CallKind call;
        Fault fault;
        std::size_t left;  // Calls until it applies; 0 for always.
        bool is_spent = false;
    };
    struct Chance {
        Random random;
        double share;
        std::vector<FaultKind> only;
        std::optional<Duration> time;
    };

    std::optional<Fault> decide_by_rules(CallKind call);
    std::optional<Fault> decide_by_chance(std::span<const Fault> possible);
    void refresh() { is_on_ = !rules_.empty() || chance_.has_value() || judge_ != nullptr; }

    std::vector<Rule> rules_;
    std::optional<Chance> chance_;
    Judge judge_;
    bool is_on_ = false;
    FaultTally tally_;
};

}  // namespace fivetuple

#include "fivetuple/faults/faults.h"

#include <algorithm>
#include <set>
#include <utility>

namespace fivetuple {

// --- FaultTally --------------------------------------------------------------------------------

void FaultTally::add(CallKind call, const Fault& fault, std::uint64_t times) {
    counts_[{call, fault.kind, fault.code}] += times;
}

void FaultTally::add(const FaultTally& other) {
    for (const auto& [key, times] : other.counts_) counts_[key] += times;
}

std::uint64_t FaultTally::count(CallKind call, const Fault& fault) const {
    const auto found = counts_.find({call, fault.kind, fault.code});
    return found == counts_.end() ? 0 : found->second;
}

std::uint64_t FaultTally::total() const {
    std::uint64_t sum = 0;
    for (const auto& [key, times] : counts_) sum += times;
    return sum;
}

std::size_t FaultTally::kinds() const {
    std::set<std::pair<FaultKind, int>> different;
    for (const auto& [key, times] : counts_) different.emplace(key.kind, key.code);
    return different.size();
}

std::vector<std::string> FaultTally::missing() const {
    std::vector<std::string> never;
    for (std::size_t number = 0; number < kCallKinds; ++number) {
        const auto call = static_cast<CallKind>(number);
        for (const Fault& fault : faults_of(call)) {
            if (count(call, fault) > 0) continue;
            never.push_back(std::string(fivetuple::to_string(call)) + ": " + fault.to_string());
        }
    }
    return never;
}

std::string FaultTally::to_string() const {
    std::string text;
    std::optional<CallKind> last;
    for (const auto& [key, times] : counts_) {
        if (key.call != last) {
            const std::string_view name = fivetuple::to_string(key.call);
            text += (last ? "\n" : "") + std::string(name);
            text += std::string(name.size() < 15 ? 15 - name.size() : 1, ' ');
        } else {
            text += ", ";
        }
        text += Fault{key.kind, key.code, {}}.to_string() + " " + std::to_string(times);
        last = key.call;
    }
    return text.empty() ? text : text + "\n";
}

// --- Faults ------------------------------------------------------------------------------------

void Faults::once(CallKind call, const Fault& fault, std::size_t nth) {
    rules_.push_back({call, fault, std::max<std::size_t>(nth, 1)});
    refresh();
}

void Faults::always(CallKind call, const Fault& fault) {
    rules_.push_back({call, fault, 0});
    refresh();
}

void Faults::at_random(std::uint64_t seed, double share, std::initializer_list<FaultKind> only,
                       std::optional<Duration> time) {
    chance_.emplace(Random(seed), share, only, time);
    refresh();
}

void Faults::judge_by(Judge judge) {
    judge_ = std::move(judge);
    refresh();
}

void Faults::stop() {
    rules_.clear();
    chance_.reset();
    judge_ = nullptr;
    refresh();
}

std::optional<Fault> Faults::decide(CallKind call, const Op* op) {
    if (!is_on_) return std::nullopt;
    if (auto fault = decide_by_rules(call)) {
        const bool fits = op == nullptr || can_suffer(*op, *fault);
        return fits ? fault : std::nullopt;
    }
    if (!chance_ && !judge_) return std::nullopt;
    std::vector<Fault> possible = faults_of(call);
    if (op != nullptr) {
        std::erase_if(possible, [op](const Fault& each) { return !can_suffer(*op, each); });
    }
    if (judge_) return judge_(call, possible);
    return decide_by_chance(possible);
}

// Every rule counts the call, also where an earlier one has been taken.
std::optional<Fault> Faults::decide_by_rules(CallKind call) {
    std::optional<Fault> taken;
    for (Rule& rule : rules_) {
        if (rule.call != call) continue;
        if (rule.left > 1) {
            --rule.left;
            continue;
        }
        if (!taken) taken = rule.fault;
        rule.is_spent = rule.left == 1;
    }
    std::erase_if(rules_, [](const Rule& rule) { return rule.is_spent; });
    refresh();
    return taken;
}

std::optional<Fault> Faults::decide_by_chance(std::span<const Fault> possible) {
    std::vector<Fault> allowed;
    for (const Fault& each : possible) {
        const bool named = chance_->only.empty()
                               ? is_gentle(each.kind)
                               : std::ranges::find(chance_->only, each.kind) != chance_->only.end();
        if (named) allowed.push_back(each);
    }
    // Drawn in any case, so that the draws of later calls do not depend on what this one is.
    const double lot = chance_->random.unit();
    const std::uint64_t which = chance_->random.next();
    if (allowed.empty() || lot >= chance_->share) return std::nullopt;
    Fault fault = allowed[which % allowed.size()];
    if (fault.time > Duration() && chance_->time) fault.time = *chance_->time;
    return fault;
}

}  // namespace fivetuple

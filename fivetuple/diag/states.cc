#include "fivetuple/diag/states.h"

#include "fivetuple/base/similar.h"

#include <algorithm>
#include <array>

namespace fivetuple::diag {
namespace {

constexpr std::array<std::string_view, 13> kStates{
    "unknown", "established", "syn-sent", "syn-recv",  "fin-wait-1", "fin-wait-2",  "time-wait",
    "closed",  "close-wait",  "last-ack", "listening", "closing",    "new-syn-recv"};

struct Named {
    std::string_view name;
    StateSet states;
};
constexpr std::array kGroups{
    Named{"all", StateSet::all()},
    Named{"connected", StateSet::connected()},
    Named{"synchronized", StateSet::synchronized()},
    Named{"bucket", StateSet::bucket()},
    Named{"big", StateSet::big()},
};
// As others write them.
constexpr std::array kAliases{
    Named{"estab", StateSet(TcpState::established)},
    Named{"syn-received", StateSet(TcpState::syn_received)},
    Named{"fin-wait1", StateSet(TcpState::fin_wait_1)},
    Named{"fin-wait2", StateSet(TcpState::fin_wait_2)},
    Named{"listen", StateSet(TcpState::listening)},
    Named{"close", StateSet(TcpState::closed)},
    Named{"unconn", StateSet(TcpState::closed)},
    Named{"unconnected", StateSet(TcpState::closed)},
};

}  // namespace

std::string_view name_of(TcpState state) {
    const auto at = static_cast<std::size_t>(state);
    return at < kStates.size() ? kStates[at] : kStates[0];
}

std::optional<StateSet> StateSet::named(std::string_view name) {
    std::string plain = lowered(name);
    std::ranges::replace(plain, '_', '-');
    for (std::size_t at = 1; at < kStates.size() - 1; ++at) {
        if (plain == kStates[at]) return StateSet(static_cast<TcpState>(at));
    }
    for (const Named& each : kGroups) {
        if (plain == each.name) return each.states;
    }
    for (const Named& each : kAliases) {
        if (plain == each.name) return each.states;
    }
    return std::nullopt;
}

std::string StateSet::names() {
    std::string all;
    const auto add = [&all](std::string_view name) {
        all += (all.empty() ? "" : ", ") + std::string(name);
    };
    for (std::size_t at = 1; at < kStates.size() - 1; ++at) add(kStates[at]);
    for (const Named& each : kGroups) add(each.name);
    return all;
}

}  // namespace fivetuple::diag

#include "fivetuple/os/option_catalogue.h"

#include "fivetuple/base/similar.h"
#include "fivetuple/os/option_entries.h"

#include <sys/utsname.h>

#include <algorithm>
#include <climits>
#include <compare>
#include <cstdio>

namespace fivetuple {
namespace {

std::vector<OptionEntry> joined() {
    std::vector<OptionEntry> all;
    for (const auto family : {socket_option_entries(), tcp_option_entries(), ip_option_entries()}) {
        all.insert(all.end(), family.begin(), family.end());
    }
    return all;
}

}  // namespace

KernelVersion running_kernel() {
    static const KernelVersion version = [] {
        utsname names{};
        KernelVersion found;
        if (::uname(&names) == 0) {
            std::sscanf(names.release, "%d.%d", &found.version, &found.patch_level);
        }
        return found;
    }();
    return version;
}

std::string OptionEntry::range() const {
    if (!has_range) return form == "switch" ? "on or off" : "";
    std::string text = std::to_string(least);
    if (most < INT_MAX) {
        text += " to " + std::to_string(most);
    } else {
        text += " or more";
    }
    if (!unit.empty()) text += " " + std::string(unit);
    return text;
}

std::span<const OptionEntry> option_catalogue() {
    static const std::vector<OptionEntry> all = joined();
    return all;
}

std::vector<const OptionEntry*> find_options(std::string_view name) {
    const std::string asked = lowered(name);
    std::vector<const OptionEntry*> found;
    for (const OptionEntry& each : option_catalogue()) {
        if (lowered(each.key.name) == asked || lowered(each.type) == asked) found.push_back(&each);
    }
    return found;
}

const OptionEntry* find_option(std::string_view name) {
    const auto found = find_options(name);
    return found.empty() ? nullptr : found.front();
}

const OptionEntry* find_option(int level, int number) {
    for (const OptionEntry& each : option_catalogue()) {
        if (each.key.level == level && each.key.number == number) return &each;
    }
    return nullptr;
}

std::vector<std::string_view> nearest_options(std::string_view name) {
    constexpr std::size_t kMost = 5;
    constexpr std::size_t kLongest = 64;  // No name comes near it.
    if (name.size() > kLongest) return {};
    struct Candidate {
        std::size_t unlikeness;
        std::size_t place;  // Of names that are as like, the first one first.
        std::string_view name;
    };
    const std::string asked = lowered(name);
    std::vector<Candidate> candidates;
    candidates.reserve(option_catalogue().size());
    for (const OptionEntry& each : option_catalogue()) {
        const std::string full = lowered(each.key.name);
        // People leave the prefix away: `nodelay`, `rcvbuf`.
        const std::string bare = full.substr(full.find('_') + 1);
        candidates.push_back({std::min({unlikeness(asked, full), unlikeness(asked, bare),
                                        unlikeness(asked, lowered(each.type))}),
                              candidates.size(), each.key.name});
    }
    // Not stable_sort(): with libstdc++ 12 clang 19 warns of it.
    std::ranges::sort(candidates, {},
                      [](const Candidate& each) { return std::pair(each.unlikeness, each.place); });
    std::vector<std::string_view> names;
    for (const Candidate& each : candidates) {
        const bool is_like = each.unlikeness <= std::max<std::size_t>(2, asked.size() / 2);
        if (!is_like || names.size() == kMost) break;
        if (std::ranges::find(names, each.name) == names.end()) names.push_back(each.name);
    }
    return names;
}

}  // namespace fivetuple

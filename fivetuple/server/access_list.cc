#include "fivetuple/server/access_list.h"

#include <algorithm>
#include <optional>
#include <tuple>

namespace fivetuple {
namespace {

constexpr std::string_view kSpace = " \t\r";

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(kSpace);
    if (begin == text.npos) return {};
    return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

Error bad_rule(std::string_view rule, std::string_view why) {
    return Error::malformed("access list", why).about("\"" + std::string(rule) + "\"");
}

// The address behind this one; none behind the last of its kind.
std::optional<IpAddress> next_of(const IpAddress& address) {
    const auto count_up = [](auto& bytes) {
        for (std::size_t at = bytes.size(); at-- > 0;) {
            if (++bytes[at] != 0) return true;
        }
        return false;
    };
    if (address.is_v4()) {
        auto bytes = address.v4_bytes();
        if (count_up(bytes)) return IpAddress(bytes);
    } else {
        auto bytes = address.v6_bytes();
        if (count_up(bytes)) return IpAddress(bytes);
    }
    return std::nullopt;
}

struct ParsedRule {
    Access access;
    std::optional<IpNetwork> network;  // None is `all`.
};

Result<ParsedRule> parse_rule(std::string_view rule) {
    const std::size_t end = std::min(rule.find_first_of(kSpace), rule.size());
    const std::string_view verb = rule.substr(0, end);
    const std::string_view whom = trimmed(rule.substr(end));
    if (verb != "allow" && verb != "deny") {
        return std::unexpected(bad_rule(rule, "a rule begins with allow or deny"));
    }
    const Access access = verb == "allow" ? Access::allow : Access::deny;
    if (whom.empty()) return std::unexpected(bad_rule(rule, "a network, or all, is missing"));
    if (whom == "all") return ParsedRule{access, std::nullopt};
    auto network = IpNetwork::parse(whom);
    if (!network) return std::unexpected(bad_rule(rule, network.error().reason()));
    return ParsedRule{access, *network};
}

std::string_view name_of(Access access) { return access == Access::allow ? "allow " : "deny "; }

}  // namespace

AccessList::AccessList(Access otherwise, std::span<const AccessRule> rules)
    : otherwise_(otherwise), rules_(rules.begin(), rules.end()) {
    const auto order = [](const AccessRule& rule) { return std::tuple(rule.network, rule.access); };
    std::ranges::sort(rules_, {}, order);
    // Deny sorts in front, and is what stays.
    const auto rest = std::ranges::unique(rules_, {}, &AccessRule::network);
    rules_.erase(rest.begin(), rest.end());
    cut_into_stretches();
}

AccessList AccessList::only(std::span<const IpNetwork> networks) {
    std::vector<AccessRule> rules;
    rules.reserve(networks.size());
    for (const IpNetwork& network : networks) rules.push_back({Access::allow, network});
    return {Access::deny, rules};
}

// Networks lie in each other or apart: those that are open at an address are a stack, whose top is
// the narrowest.
void AccessList::cut_into_stretches() {
    std::vector<const AccessRule*> open;
    const auto close_before = [&](const IpNetwork* next) {
        while (!open.empty() && (next == nullptr || !open.back()->network.contains(*next))) {
            const IpNetwork ended = open.back()->network;
            open.pop_back();
            if (const auto behind = next_of(ended.last())) {
                begin_stretch(*behind, open.empty() ? otherwise_ : open.back()->access);
            }
        }
    };
    begin_stretch(IpAddress::any_v4(), otherwise_);
    bool in_v6 = false;
    for (const AccessRule& rule : rules_) {
        close_before(&rule.network);
        if (!in_v6 && !rule.network.is_v4()) {
            begin_stretch(IpAddress::any_v6(), otherwise_);
            in_v6 = true;
        }
        begin_stretch(rule.network.first(), rule.access);
        open.push_back(&rule);
    }
    close_before(nullptr);
    if (!in_v6) begin_stretch(IpAddress::any_v6(), otherwise_);
}

// A later one at the same address replaces the earlier, which was empty.
void AccessList::begin_stretch(const IpAddress& from, Access access) {
    if (!stretches_.empty() && stretches_.back().from == from) {
        stretches_.back().access = access;
    } else {
        stretches_.push_back({from, access});
    }
}

Result<AccessList> AccessList::parse(std::string_view text) {
    std::vector<AccessRule> rules;
    std::optional<Access> otherwise;
    while (!text.empty()) {
        const std::size_t line_end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, line_end);
        text.remove_prefix(std::min(line_end + 1, text.size()));
        line = line.substr(0, line.find('#'));
        while (!line.empty()) {
            const std::size_t end = std::min(line.find(','), line.size());
            const std::string_view rule = trimmed(line.substr(0, end));
            line.remove_prefix(std::min(end + 1, line.size()));
            if (rule.empty()) continue;
            FT_TRY(const ParsedRule parsed, parse_rule(rule));
            if (parsed.network) {
                rules.push_back({parsed.access, *parsed.network});
            } else if (otherwise && *otherwise != parsed.access) {
                return std::unexpected(bad_rule(rule, "another rule says the opposite of all"));
            } else {
                otherwise = parsed.access;
            }
        }
    }
    const bool allows_some = std::ranges::any_of(
        rules, [](const AccessRule& rule) { return rule.access == Access::allow; });
    return AccessList(otherwise.value_or(allows_some ? Access::deny : Access::allow), rules);
}

std::string AccessList::to_string() const {
    std::string text;
    for (const AccessRule& rule : rules_) {
        text += std::string(name_of(rule.access)) + rule.network.to_string() + ", ";
    }
    return text + std::string(name_of(otherwise_)) + "all";
}

bool AccessList::allows(const IpAddress& address) const {
    if (stretches_.empty()) return otherwise_ == Access::allow;
    const IpAddress plain = address.unmapped();
    // Scopes count for the order; a network is of all of them.
    const IpAddress key = plain.is_v4() ? plain : IpAddress(plain.v6_bytes());
    const auto behind = std::ranges::upper_bound(stretches_, key, {}, &Stretch::from);
    return std::prev(behind)->access == Access::allow;
}

bool AccessList::allows(const SocketAddress& peer) const {
    return peer.is_ip() ? allows(peer.ip()) : otherwise_ == Access::allow;
}

}  // namespace fivetuple

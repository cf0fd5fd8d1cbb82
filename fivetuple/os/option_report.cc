#include "fivetuple/os/option_report.h"

#include "fivetuple/os/option_catalogue.h"
#include "fivetuple/os/options/ip.h"
#include "fivetuple/os/options/ipv6.h"
#include "fivetuple/os/options/multicast.h"
#include "fivetuple/os/options/socket.h"
#include "fivetuple/os/options/tcp.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>

namespace fivetuple {
namespace {

struct Finding {
    Kept outcome = Kept::changed;
    std::string because;
};

// A number of the system's, from below /proc/sys.
std::optional<std::int64_t> sysctl_number(const std::string& path) {
    const std::unique_ptr<FILE, int (*)(FILE*)> file(
        std::fopen(("/proc/sys/" + path).c_str(), "re"), &std::fclose);
    long long value = 0;
    if (!file || std::fscanf(file.get(), "%lld", &value) != 1) return std::nullopt;
    return value;
}

// What was asked, what is kept, and what was there before.
struct Change {
    OptionKey key;
    OptionRequest::Told asked;
    OptionRequest::Told kept;
    std::optional<OptionRequest::Told> before;

    bool is(int level, int number) const { return key.level == level && key.number == number; }
    template <class O>
    bool is() const {
        return is(O::level, O::number);
    }
    std::int64_t asked_figure() const { return asked.figure.value_or(0); }
    std::int64_t kept_figure() const { return kept.figure.value_or(0); }
};

Finding buffer_finding(const Change& change, const char* limit_name) {
    const std::int64_t asked = change.asked_figure();
    const std::int64_t kept = change.kept_figure();
    const bool is_forced = limit_name == nullptr;
    const auto limit =
        is_forced ? std::nullopt : sysctl_number("net/core/" + std::string(limit_name));
    if (limit && asked > *limit && kept == 2 * *limit) {
        return {Kept::clipped, "clipped to net.core." + std::string(limit_name) + " (" +
                                   std::to_string(*limit) + "), then doubled for overhead"};
    }
    if (kept == 2 * asked) return {Kept::doubled, "the kernel doubles it for its own overhead"};
    if (kept > 2 * asked) return {Kept::raised, "the least that the kernel allows"};
    return {Kept::changed, "the kernel keeps another size"};
}

std::optional<Finding> buffers(const Change& change) {
    if (change.is<ReceiveBuffer>()) return buffer_finding(change, "rmem_max");
    if (change.is<SendBuffer>()) return buffer_finding(change, "wmem_max");
    if (change.is<ForcedReceiveBuffer>() || change.is<ForcedSendBuffer>()) {
        return buffer_finding(change, nullptr);
    }
    return std::nullopt;
}

std::optional<Finding> rounding(const Change& change) {
    if (change.is<ReceiveTimeout>() || change.is<SendTimeout>()) {
        return Finding{Kept::rounded, "rounded up to the kernel's tick"};
    }
    if (change.is<DeferAccept>()) {
        return Finding{Kept::rounded, "rounded up to a whole number of SYN-ACK retransmissions"};
    }
    return std::nullopt;
}

std::optional<Finding> limits(const Change& change) {
    const bool is_less = change.kept_figure() < change.asked_figure();
    if (change.is<ReceiveLowWater>() && is_less) {
        return Finding{Kept::clipped, "clipped to half of what the receive buffer can be"};
    }
    if (change.is<FinWaitLimit>() && is_less) {
        return Finding{Kept::clipped, "the kernel waits 120 s at most"};
    }
    if (change.is<FinWaitLimit>()) {
        return Finding{Kept::changed, "0 stands for net.ipv4.tcp_fin_timeout"};
    }
    if (change.is<FastOpen>() && is_less) {
        return Finding{Kept::clipped, "clipped to net.core.somaxconn"};
    }
    if (change.is<WindowClamp>() && !is_less) {
        return Finding{Kept::raised, "the least that the kernel allows"};
    }
    return std::nullopt;
}

std::optional<Finding> defaults(const Change& change) {
    if (change.asked_figure() != -1) return std::nullopt;
    if (change.is<TimeToLive>()) {
        return Finding{Kept::changed, "-1 stands for net.ipv4.ip_default_ttl"};
    }
    if (change.is<V6UnicastHops>()) {
        return Finding{Kept::changed, "-1 stands for the interface's hop limit"};
    }
    if (change.is<MulticastTtl>() || change.is<V6MulticastHops>()) {
        return Finding{Kept::changed, "-1 stands for one hop"};
    }
    return std::nullopt;
}

std::optional<Finding> habits(const Change& change, OptionAccess socket) {
    const SocketKind kind = kind_of(socket);
    if ((change.is<TypeOfService>() || change.is<V6TrafficClass>()) && kTcp.has(kind)) {
        return Finding{Kept::ignored, "TCP sets the congestion mark by itself"};
    }
    if (change.is<QuickAck>()) {
        return Finding{Kept::changed, "the kernel decides anew with each segment"};
    }
    if (change.is<MaxSegment>()) {
        return Finding{Kept::ignored, "it counts only before connecting or listening"};
    }
    if (change.is(MulticastInterface::key.level, MulticastInterface::key.number)) {
        return Finding{Kept::not_told, "the kernel tells an interface's address only"};
    }
    return std::nullopt;
}

// Why the kernel keeps something else than it was asked.
Finding why_different(const Change& change, OptionAccess socket) {
    for (const auto& rule : {buffers, rounding, limits, defaults}) {
        if (auto found = rule(change)) return *std::move(found);
    }
    if (auto found = habits(change, socket)) return *std::move(found);
    if (change.before && change.before->text == change.kept.text) {
        return {Kept::ignored, "the kernel took it without a word and kept what was there"};
    }
    return {Kept::changed, "the kernel keeps another value"};
}

// Some options are kept by every socket and used by few.
std::string why_no_effect(const OptionKey& key, OptionAccess socket) {
    const OptionEntry* entry = find_option(key.level, key.number);
    const SocketKind kind = kind_of(socket);
    if (entry == nullptr || kind == SocketKind::other || entry->kinds.has(kind)) return {};
    return to_string(kind) + " does nothing with it; it is for: " + entry->kinds.to_string();
}

Kept outcome_of(const Error& error) {
    if (error.is(ENOPROTOOPT) || error.is(EOPNOTSUPP)) return Kept::unsupported;
    if (error.is(EPERM) || error.is(EACCES)) return Kept::forbidden;
    return Kept::refused;
}

}  // namespace

std::string_view to_string(Kept outcome) {
    constexpr std::array<std::string_view, 12> kWords{
        "as asked", "doubled",  "clipped",   "raised",      "rounded",   "ignored",
        "changed",  "not told", "no effect", "unsupported", "forbidden", "refused"};
    return kWords[static_cast<std::size_t>(outcome)];
}

OptionOutcome apply_one(OptionAccess socket, const OptionRequest& request) {
    OptionOutcome outcome;
    outcome.key = request.key;
    outcome.asked = request.asked.text;
    std::optional<OptionRequest::Told> before;
    if (request.read != nullptr) {
        if (auto read = request.read(socket)) before = *std::move(read);
    }
    if (auto done = request.set(socket, request.option); !done) {
        outcome.error = std::move(done).error();
        outcome.outcome = outcome_of(*outcome.error);
        outcome.because = outcome.error->reason();
        return outcome;
    }
    outcome.outcome = Kept::not_told;
    if (request.read == nullptr) return outcome;
    auto kept = request.read(socket);
    if (!kept) return outcome;
    outcome.kept = kept->text;
    outcome.outcome = Kept::as_asked;
    if (kept->text != request.asked.text) {
        Finding finding =
            why_different({request.key, request.asked, *std::move(kept), before}, socket);
        outcome.outcome = finding.outcome;
        outcome.because = std::move(finding.because);
    } else if (auto why = why_no_effect(request.key, socket); !why.empty()) {
        outcome.outcome = Kept::no_effect;
        outcome.because = std::move(why);
    }
    return outcome;
}

bool OptionReport::all_set() const { return first_failure() == nullptr; }

bool OptionReport::all_as_asked() const {
    return std::ranges::all_of(
        outcomes_, [](const OptionOutcome& each) { return each.outcome == Kept::as_asked; });
}

const OptionOutcome* OptionReport::first_failure() const {
    const auto found = std::ranges::find_if_not(outcomes_, &OptionOutcome::is_set);
    return found == outcomes_.end() ? nullptr : &*found;
}

std::string OptionReport::to_string() const {
    using Row = std::array<std::string, 5>;
    std::vector<Row> rows{{"option", "asked", "kept", "outcome", "because"}};
    rows.reserve(outcomes_.size() + 1);
    for (const OptionOutcome& each : outcomes_) {
        rows.push_back({each.key.name, each.asked, each.kept.empty() ? "-" : each.kept,
                        std::string(fivetuple::to_string(each.outcome)), each.because});
    }
    std::array<std::size_t, 5> widths{};
    for (const Row& row : rows) {
        for (std::size_t at = 0; at < row.size(); ++at) {
            widths[at] = std::max(widths[at], row[at].size());
        }
    }
    std::string text;
    for (const Row& row : rows) {
        std::string line;
        for (std::size_t at = 0; at < row.size(); ++at) {
            line += row[at] + std::string(widths[at] - row[at].size() + 2, ' ');
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + '\n';
    }
    return text;
}

}  // namespace fivetuple

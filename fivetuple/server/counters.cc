#include "fivetuple/server/counters.h"

#include <cstdio>
#include <type_traits>

namespace fivetuple {
namespace {

static_assert(std::is_trivially_copyable_v<ServerCounters>, "processes share them");

/// The least and the greatest bound of the buckets, as powers of two of nanoseconds.
constexpr unsigned kFirstBucket = 13;
constexpr unsigned kLastBucket = 37;

std::string seconds(double nanoseconds) {
    char room[40];
    std::snprintf(room, sizeof room, "%.9g", nanoseconds / 1e9);
    return room;
}

/// Writes one family of metrics after the other, each with a line for all.
class Exposition {
public:
    Exposition(std::string_view prefix, std::span<const LabelledCounters> all)
        : prefix_(prefix), all_(all) {}

    void family(std::string_view name, std::string_view type, std::string_view help) {
        (name_ = prefix_) += name;
        ((text_ += "# HELP ") += name_) += ' ';
        (text_ += help) += "\n# TYPE ";
        ((text_ += name_) += ' ') += type;
        text_ += '\n';
    }
    void sample(const LabelledCounters& of, const std::string& value, std::string_view suffix = {},
                const std::string& label = {}) {
        (text_ += name_) += suffix;
        if (!of.labels.empty() || !label.empty()) {
            const char* between = of.labels.empty() || label.empty() ? "" : ",";
            ((((text_ += '{') += of.labels) += between) += label) += '}';
        }
        ((text_ += ' ') += value) += '\n';
    }
    template <class Value>
    void number(std::string_view name, std::string_view type, std::string_view help,
                Value value_of) {
        family(name, type, help);
        for (const LabelledCounters& each : all_) {
            sample(each, std::to_string(value_of(*each.counters)));
        }
    }
    void histogram(std::string_view name, std::string_view help, Histogram ServerCounters::* of) {
        family(name, "histogram", help);
        for (const LabelledCounters& each : all_) buckets(each, each.counters->*of);
    }
    void by_reason(bool refusals) {
        for (const LabelledCounters& one : all_) {
            for (std::size_t each = 0; each < kReasons; ++each) {
                const auto reason = static_cast<Reason>(each);
                if (is_refusal(reason) != refusals) continue;
                sample(one, std::to_string(one.counters->reasons[reason]), {},
                       "reason=\"" + std::string(to_string(reason)) + "\"");
            }
        }
    }
    void by_errno() {
        for (const LabelledCounters& one : all_) {
            for (int code = 1; code < static_cast<int>(ByErrno::kCodes); ++code) {
                const std::uint64_t times = one.counters->broken[code];
                if (times == 0) continue;
                sample(one, std::to_string(times), {}, "errno=\"" + std::to_string(code) + "\"");
            }
        }
    }
    std::string take() { return std::move(text_); }

private:
    void buckets(const LabelledCounters& one, const Histogram& of) {
        for (unsigned bit = kFirstBucket; bit <= kLastBucket; ++bit) {
            const auto bound = static_cast<double>(std::uint64_t{1} << bit);
            sample(one, std::to_string(of.count_below_power(bit)), "_bucket",
                   "le=\"" + seconds(bound) + "\"");
        }
        sample(one, std::to_string(of.count()), "_bucket", "le=\"+Inf\"");
        sample(one, seconds(of.sum()), "_sum");
        sample(one, std::to_string(of.count()), "_count");
    }

    std::string prefix_;
    std::span<const LabelledCounters> all_;
    std::string name_;
    std::string text_;
};

struct Number {
    const char* name;
    const char* type;
    const char* help;
    std::uint64_t ServerCounters::* value;
};

constexpr Number kNumbers[] = {
    {"accepted_total", "counter", "Connections accepted.", &ServerCounters::accepted},
    {"served_total", "counter", "Connections whose handler was run.", &ServerCounters::served},
    {"active", "gauge", "Handlers that run.", &ServerCounters::active},
    {"lingering", "gauge", "Connections behind their last answer.", &ServerCounters::lingering},
    {"cut_off_total", "counter", "Handlers that the end of the server has cancelled.",
     &ServerCounters::cut_off},
    {"threw_total", "counter", "Handlers that ended by an exception.", &ServerCounters::threw},
    {"shortages_total", "counter", "Accepts without a descriptor or memory.",
     &ServerCounters::shortages},
    {"accept_failed_total", "counter", "Accepts that failed for one connection.",
     &ServerCounters::accept_failed},
    {"paced_total", "counter", "Waits for the limit of accepts a second.", &ServerCounters::paced},
    {"hold_refused_total", "counter", "Bytes that a handler was not given.",
     &ServerCounters::hold_refused},
    {"received_bytes_total", "counter", "Received on connections that have ended.",
     &ServerCounters::bytes_received},
    {"sent_bytes_total", "counter", "Sent on connections that have ended.",
     &ServerCounters::bytes_sent},
    {"system_calls_total", "counter", "System calls of the loop.", &ServerCounters::system_calls},
    {"waits_total", "counter", "System calls that may sleep.", &ServerCounters::waits},
    {"buffers_short_total", "counter", "Times that no buffer was free at once.",
     &ServerCounters::buffers_short},
    {"overflows_total", "counter", "Times that the kernel had no room for a completion.",
     &ServerCounters::overflows},
};

}  // namespace

ByErrno& ByErrno::operator+=(const ByErrno& other) {
    for (std::size_t each = 0; each < kCodes; ++each) times_[each] += other.times_[each];
    return *this;
}

ServerCounters& ServerCounters::operator+=(const ServerCounters& other) {
    for (const Number& each : kNumbers) this->*each.value += other.*each.value;
    for (std::size_t each = 0; each < kReasons; ++each) {
        reasons[static_cast<Reason>(each)] += other.reasons[static_cast<Reason>(each)];
    }
    broken += other.broken;
    accept_delay.merge(other.accept_delay);
    handler_time.merge(other.handler_time);
    connection_time.merge(other.connection_time);
    loop_lag.merge(other.loop_lag);
    return *this;
}

std::string to_prometheus(std::span<const LabelledCounters> all, std::string_view prefix) {
    Exposition text(prefix, all);
    for (const Number& each : kNumbers) {
        text.number(each.name, each.type, each.help,
                    [&each](const ServerCounters& of) { return of.*each.value; });
    }
    text.family("refused_total", "counter", "Connections turned away, by reason.");
    text.by_reason(true);
    text.family("ended_total", "counter", "Connections ended by the server, by reason.");
    text.by_reason(false);
    text.family("broken_total", "counter", "Connections that ended in an error, by errno.");
    text.by_errno();
    text.histogram("accept_delay_seconds", "From the handshake to the handler, of each eighth.",
                   &ServerCounters::accept_delay);
    text.histogram("handler_seconds", "How long handlers ran.", &ServerCounters::handler_time);
    text.histogram("connection_seconds", "From accept to close.", &ServerCounters::connection_time);
    text.histogram("loop_lag_seconds", "How late timers were run.", &ServerCounters::loop_lag);
    return text.take();
}

std::string to_prometheus(const ServerCounters& counters, const std::string& labels) {
    const LabelledCounters one{labels, &counters};
    return to_prometheus({&one, 1});
}

}  // namespace fivetuple

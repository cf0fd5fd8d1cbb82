#include "fivetuple/server/counters.h"

#include <array>
#include <cstdio>
#include <string_view>

namespace fivetuple {
namespace {

/// Writes one family of metrics after the other.
class Exposition {
public:
    explicit Exposition(const std::string& labels) : labels_(labels) {}

    void family(std::string_view name, std::string_view type, std::string_view help) {
        name_ = "fivetuple_server_";
        name_ += name;
        ((text_ += "# HELP ") += name_) += ' ';
        (text_ += help) += "\n# TYPE ";
        ((text_ += name_) += ' ') += type;
        text_ += '\n';
    }
    void sample(const std::string& value, std::string_view suffix = {},
                const std::string& label = {}) {
        (text_ += name_) += suffix;
        if (!labels_.empty() || !label.empty()) {
            const char* between = labels_.empty() || label.empty() ? "" : ",";
            ((((text_ += '{') += labels_) += between) += label) += '}';
        }
        ((text_ += ' ') += value) += '\n';
    }
    void sample(std::uint64_t value) { sample(std::to_string(value)); }
    void summary(std::string_view name, std::string_view help, const Histogram& of) {
        static constexpr std::array kShares{0.5, 0.9, 0.99, 0.999};
        family(name, "summary", help);
        for (const double share : kShares) {
            char label[32];
            std::snprintf(label, sizeof label, "quantile=\"%g\"", share);
            sample(seconds(static_cast<double>(of.quantile(share))), {}, label);
        }
        sample(seconds(of.mean() * static_cast<double>(of.count())), "_sum");
        sample(std::to_string(of.count()), "_count");
    }
    std::string take() { return std::move(text_); }

private:
    static std::string seconds(double nanoseconds) {
        char room[40];
        std::snprintf(room, sizeof room, "%.9g", nanoseconds / 1e9);
        return room;
    }

    std::string labels_;
    std::string name_;
    std::string text_;
};

void add_reasons(Exposition& text, const ServerCounters& counters) {
    for (const bool refusals : {true, false}) {
        text.family(refusals ? "refused_total" : "ended_total", "counter",
                    refusals ? "Connections turned away, by reason."
                             : "Connections ended by the server, by reason.");
        for (std::size_t each = 0; each < kReasons; ++each) {
            const auto reason = static_cast<Reason>(each);
            if (is_refusal(reason) != refusals) continue;
            text.sample(std::to_string(counters.reasons[reason]), {},
                        "reason=\"" + std::string(to_string(reason)) + "\"");
        }
    }
}

}  // namespace

ServerCounters& ServerCounters::operator+=(const ServerCounters& other) {
    accepted += other.accepted;
    served += other.served;
    active += other.active;
    lingering += other.lingering;
    for (std::size_t each = 0; each < kReasons; ++each) {
        reasons[static_cast<Reason>(each)] += other.reasons[static_cast<Reason>(each)];
    }
    threw += other.threw;
    shortages += other.shortages;
    accept_failed += other.accept_failed;
    paced += other.paced;
    hold_refused += other.hold_refused;
    bytes_received += other.bytes_received;
    bytes_sent += other.bytes_sent;
    for (const auto& [code, times] : other.broken) broken[code] += times;
    connection_time.merge(other.connection_time);
    loop_lag.merge(other.loop_lag);
    return *this;
}

std::string to_prometheus(const ServerCounters& counters, const std::string& labels) {
    struct Number {
        const char* name;
        const char* type;
        const char* help;
        std::uint64_t value;
    };
    const Number numbers[] = {
        {"accepted_total", "counter", "Connections accepted.", counters.accepted},
        {"served_total", "counter", "Connections whose handler was run.", counters.served},
        {"active", "gauge", "Handlers that run.", counters.active},
        {"lingering", "gauge", "Connections behind their last answer.", counters.lingering},
        {"threw_total", "counter", "Handlers that ended by an exception.", counters.threw},
        {"shortages_total", "counter", "Accepts without a descriptor or memory.",
         counters.shortages},
        {"accept_failed_total", "counter", "Accepts that failed for one connection.",
         counters.accept_failed},
        {"paced_total", "counter", "Waits for the limit of accepts a second.", counters.paced},
        {"hold_refused_total", "counter", "Bytes that a handler was not given.",
         counters.hold_refused},
        {"received_bytes_total", "counter", "Received on connections that have ended.",
         counters.bytes_received},
        {"sent_bytes_total", "counter", "Sent on connections that have ended.",
         counters.bytes_sent},
    };
    Exposition text(labels);
    for (const Number& each : numbers) {
        text.family(each.name, each.type, each.help);
        text.sample(each.value);
    }
    add_reasons(text, counters);
    text.family("broken_total", "counter", "Connections that ended in an error, by errno.");
    for (const auto& [code, times] : counters.broken) {
        text.sample(std::to_string(times), {}, "errno=\"" + std::to_string(code) + "\"");
    }
    text.summary("connection_seconds", "From accept to close.", counters.connection_time);
    text.summary("loop_lag_seconds", "How late timers were run.", counters.loop_lag);
    return text.take();
}

}  // namespace fivetuple

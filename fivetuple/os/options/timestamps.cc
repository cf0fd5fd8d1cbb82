#include "fivetuple/os/options/timestamps.h"

#include <linux/net_tstamp.h>

namespace fivetuple {
namespace {

constexpr bool is(Stamp stamp, int flag) { return static_cast<int>(stamp) == flag; }

static_assert(TransmitTime::number == SO_TXTIME);
static_assert(is(Stamp::send_hardware, SOF_TIMESTAMPING_TX_HARDWARE));
static_assert(is(Stamp::send_software, SOF_TIMESTAMPING_TX_SOFTWARE));
static_assert(is(Stamp::receive_hardware, SOF_TIMESTAMPING_RX_HARDWARE));
static_assert(is(Stamp::receive_software, SOF_TIMESTAMPING_RX_SOFTWARE));
static_assert(is(Stamp::software, SOF_TIMESTAMPING_SOFTWARE));
static_assert(is(Stamp::raw_hardware, SOF_TIMESTAMPING_RAW_HARDWARE));
static_assert(is(Stamp::send_scheduled, SOF_TIMESTAMPING_TX_SCHED));
static_assert(is(Stamp::send_acknowledged, SOF_TIMESTAMPING_TX_ACK));
static_assert(is(Stamp::number, SOF_TIMESTAMPING_OPT_ID));
static_assert(is(Stamp::with_control, SOF_TIMESTAMPING_OPT_CMSG));
static_assert(is(Stamp::time_only, SOF_TIMESTAMPING_OPT_TSONLY));
static_assert(is(Stamp::with_statistics, SOF_TIMESTAMPING_OPT_STATS));
static_assert(is(Stamp::with_device, SOF_TIMESTAMPING_OPT_PKTINFO));
static_assert(is(Stamp::both_clocks, SOF_TIMESTAMPING_OPT_TX_SWHW));

struct Word {
    Stamp stamp;
    const char* word;
};

constexpr Word kWords[] = {
    {Stamp::send_hardware, "send_hardware"},
    {Stamp::send_software, "send_software"},
    {Stamp::receive_hardware, "receive_hardware"},
    {Stamp::receive_software, "receive_software"},
    {Stamp::software, "software"},
    {Stamp::raw_hardware, "raw_hardware"},
    {Stamp::send_scheduled, "send_scheduled"},
    {Stamp::send_acknowledged, "send_acknowledged"},
    {Stamp::number, "number"},
    {Stamp::with_control, "with_control"},
    {Stamp::time_only, "time_only"},
    {Stamp::with_statistics, "with_statistics"},
    {Stamp::with_device, "with_device"},
    {Stamp::both_clocks, "both_clocks"},
    {Stamp::number_from_write, "number_from_write"},
    {Stamp::filter_receive, "filter_receive"},
    {Stamp::send_completed, "send_completed"},
};

}  // namespace

std::string Stamps::to_string() const {
    std::string text;
    std::uint32_t left = bits_;
    for (const Word& each : kWords) {
        if (!has(each.stamp)) continue;
        text += (text.empty() ? "" : " ") + std::string(each.word);
        left &= ~static_cast<std::uint32_t>(each.stamp);
    }
    if (left != 0) text += (text.empty() ? "" : " ") + ("other bits " + std::to_string(left));
    return text.empty() ? "none" : text;
}

TransmitTime::Raw TransmitTime::to_raw() const {
    std::uint32_t flags = 0;
    if (is_deadline) flags |= SOF_TXTIME_DEADLINE_MODE;
    if (reports_errors) flags |= SOF_TXTIME_REPORT_ERRORS;
    return {static_cast<std::int32_t>(clock), flags};
}

TransmitTime TransmitTime::from_raw(const Raw& raw) {
    return {static_cast<SendClock>(raw.clock), (raw.flags & SOF_TXTIME_DEADLINE_MODE) != 0,
            (raw.flags & SOF_TXTIME_REPORT_ERRORS) != 0};
}

std::string TransmitTime::to_string() const {
    std::string text = clock == SendClock::wall        ? "wall clock"
                       : clock == SendClock::monotonic ? "monotonic clock"
                       : clock == SendClock::tai       ? "TAI clock"
                                                       : "another clock";
    if (is_deadline) text += ", deadline";
    if (reports_errors) text += ", reports errors";
    return text;
}

}  // namespace fivetuple

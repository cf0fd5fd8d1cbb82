#include "fivetuple/diag/counters.h"

#include "fivetuple/diag/proc_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace fivetuple::diag {
namespace {

using Field = NetCounters::Field;
using C = NetCounters;

constexpr std::array kFields{
    Field{"active_opens", "Tcp.ActiveOpens", &C::active_opens, false},
    Field{"passive_opens", "Tcp.PassiveOpens", &C::passive_opens, false},
    Field{"failed_attempts", "Tcp.AttemptFails", &C::failed_attempts, false},
    Field{"resets_received", "Tcp.EstabResets", &C::resets_received, false},
    Field{"resets_sent", "Tcp.OutRsts", &C::resets_sent, false},
    Field{"established", "Tcp.CurrEstab", &C::established, true},
    Field{"accept_overflows", "TcpExt.ListenOverflows", &C::accept_overflows, false},
    Field{"accept_drops", "TcpExt.ListenDrops", &C::accept_drops, false},
    Field{"request_drops", "TcpExt.TCPReqQFullDrop", &C::request_drops, false},
    Field{"cookies_sent", "TcpExt.SyncookiesSent", &C::cookies_sent, false},
    Field{"cookies_good", "TcpExt.SyncookiesRecv", &C::cookies_good, false},
    Field{"cookies_bad", "TcpExt.SyncookiesFailed", &C::cookies_bad, false},
    Field{"segments_received", "Tcp.InSegs", &C::segments_received, false},
    Field{"segments_sent", "Tcp.OutSegs", &C::segments_sent, false},
    Field{"segments_retransmitted", "Tcp.RetransSegs", &C::segments_retransmitted, false},
    Field{"bad_segments", "Tcp.InErrs", &C::bad_segments, false},
    Field{"timeouts", "TcpExt.TCPTimeouts", &C::timeouts, false},
    Field{"fast_retransmissions", "TcpExt.TCPFastRetrans", &C::fast_retransmissions, false},
    Field{"lost_retransmissions", "TcpExt.TCPLostRetransmit", &C::lost_retransmissions, false},
    Field{"spurious_repairs", "TcpExt.TCPDSACKRecv", &C::spurious_repairs, false},
    Field{"syn_retransmissions", "TcpExt.TCPSynRetrans", &C::syn_retransmissions, false},
    Field{"windows_shut", "TcpExt.TCPToZeroWindowAdv", &C::windows_shut, false},
    Field{"windows_opened", "TcpExt.TCPFromZeroWindowAdv", &C::windows_opened, false},
    Field{"window_probes", "TcpExt.TCPWinProbe", &C::window_probes, false},
    Field{"pruned", "TcpExt.PruneCalled", &C::pruned, false},
    Field{"collapsed", "TcpExt.TCPRcvCollapsed", &C::collapsed, false},
    Field{"receive_drops", "TcpExt.TCPRcvQDrop", &C::receive_drops, false},
    Field{"backlog_drops", "TcpExt.TCPBacklogDrop", &C::backlog_drops, false},
    Field{"memory_pressures", "TcpExt.TCPMemoryPressures", &C::memory_pressures, false},
    Field{"memory_aborts", "TcpExt.TCPAbortOnMemory", &C::memory_aborts, false},
    Field{"aborted_with_data", "TcpExt.TCPAbortOnClose", &C::aborted_with_data, false},
    Field{"aborted_by_timeout", "TcpExt.TCPAbortOnTimeout", &C::aborted_by_timeout, false},
    Field{"aborted_lingering", "TcpExt.TCPAbortOnLinger", &C::aborted_lingering, false},
    Field{"time_waits", "TcpExt.TW", &C::time_waits, false},
    Field{"time_wait_overflows", "TcpExt.TCPTimeWaitOverflow", &C::time_wait_overflows, false},
    Field{"keepalive_probes", "TcpExt.TCPKeepAlive", &C::keepalive_probes, false},
    Field{"datagrams_received", "Udp.InDatagrams", &C::datagrams_received, false},
    Field{"datagrams_sent", "Udp.OutDatagrams", &C::datagrams_sent, false},
    Field{"datagrams_without_socket", "Udp.NoPorts", &C::datagrams_without_socket, false},
    Field{"datagram_errors", "Udp.InErrors", &C::datagram_errors, false},
    Field{"datagram_receive_drops", "Udp.RcvbufErrors", &C::datagram_receive_drops, false},
    Field{"datagram_send_drops", "Udp.SndbufErrors", &C::datagram_send_drops, false},
    Field{"sockets", "sockets.used", &C::sockets, true},
    Field{"tcp_sockets", "TCP.alloc", &C::tcp_sockets, true},
    Field{"tcp_orphans", "TCP.orphan", &C::tcp_orphans, true},
    Field{"tcp_time_wait", "TCP.tw", &C::tcp_time_wait, true},
    Field{"tcp_memory_pages", "TCP.mem", &C::tcp_memory_pages, true},
    Field{"udp_sockets", "UDP.inuse", &C::udp_sockets, true},
    Field{"udp_memory_pages", "UDP.mem", &C::udp_memory_pages, true},
};

Error bad(std::string_view why) { return Error::malformed("/proc/net", why); }

// Words of a text, one by one; empty at its end.
std::string_view take_word(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    const std::string_view word = text.substr(0, text.find_first_of(" \t"));
    text.remove_prefix(word.size());
    return word;
}

std::string_view take_line(std::string_view& text) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

// Some, as MaxConn, are -1.
Result<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const char* begin = text.starts_with('-') ? text.data() + 1 : text.data();
    const char* last = text.data() + text.size();
    const auto [end, failure] = std::from_chars(begin, last, value);
    if (failure != std::errc() || end != last || text.empty()) {
        return std::unexpected(bad("\"" + std::string(text) + "\" is no number"));
    }
    return value;
}

// What IPv6 counts of UDP is added to what IPv4 does.
void put(std::string_view group, std::string_view name, std::uint64_t value, NetCounters& into) {
    for (const Field& each : kFields) {
        const std::string_view known = each.kernel_name;
        if (known.size() == group.size() + 1 + name.size() && known.starts_with(group) &&
            known[group.size()] == '.' && known.ends_with(name)) {
            NetCounters::Count& count = into.*each.member;
            count = count.value_or(0) + value;
        }
    }
}

}  // namespace

std::span<const Field> NetCounters::fields() { return kFields; }

Result<void> read_pairs_of_lines(std::string_view text, NetCounters& into) {
    while (!text.empty()) {
        std::string_view names = take_line(text);
        std::string_view numbers = take_line(text);
        std::string_view group = take_word(names);
        if (group.empty() || group.back() != ':' || take_word(numbers) != group) {
            return std::unexpected(bad("names and numbers of a group do not stand together"));
        }
        group.remove_suffix(1);
        while (true) {
            const std::string_view name = take_word(names);
            const std::string_view value = take_word(numbers);
            if (name.empty() && value.empty()) break;
            if (name.empty() || value.empty()) {
                return std::unexpected(
                    bad("there are not as many numbers as names in " + std::string(group)));
            }
            FT_TRY(const std::uint64_t count, number(value));
            put(group, name, count, into);
        }
    }
    return {};
}

Result<void> read_names_and_numbers(std::string_view text, NetCounters& into) {
    constexpr std::string_view kUdp = "Udp6";
    while (!text.empty()) {
        std::string_view line = take_line(text);
        const std::string_view name = take_word(line);
        if (!name.starts_with(kUdp)) continue;
        FT_TRY(const std::uint64_t count, number(take_word(line)));
        put("Udp", name.substr(kUdp.size()), count, into);
    }
    return {};
}

Result<void> read_groups(std::string_view text, NetCounters& into) {
    while (!text.empty()) {
        std::string_view line = take_line(text);
        std::string_view group = take_word(line);
        if (group.empty() || group.back() != ':')
            return std::unexpected(bad("a group has no name"));
        group.remove_suffix(1);
        // Those of IPv6 count with the others.
        if (group.ends_with('6')) group.remove_suffix(1);
        while (true) {
            const std::string_view name = take_word(line);
            if (name.empty()) break;
            FT_TRY(const std::uint64_t count, number(take_word(line)));
            put(group, name, count, into);
        }
    }
    return {};
}

Result<NetCounters> NetCounters::read() {
    using Read = Result<void> (*)(std::string_view, NetCounters&);
    struct File {
        const char* path;
        Read read;
        bool is_of_v6;  // Which a kernel may have been made without.
    };
    constexpr std::array kFiles{File{"/proc/thread-self/net/snmp", &read_pairs_of_lines, false},
                                File{"/proc/thread-self/net/netstat", &read_pairs_of_lines, false},
                                File{"/proc/thread-self/net/sockstat", &read_groups, false},
                                File{"/proc/thread-self/net/snmp6", &read_names_and_numbers, true},
                                File{"/proc/thread-self/net/sockstat6", &read_groups, true}};
    NetCounters counters;
    for (const File& each : kFiles) {
        auto text = read_proc_file(each.path);
        if (!text && each.is_of_v6) continue;
        if (!text) return std::unexpected(std::move(text).error());
        FT_TRY_VOID(each.read(*text, counters));
    }
    return counters;
}

std::vector<CounterRate> rates(const NetCounters& before, const NetCounters& after,
                               Duration between) {
    const double seconds = std::chrono::duration<double>(between).count();
    std::vector<CounterRate> all;
    for (const Field& each : kFields) {
        const auto& then = before.*each.member;
        const auto& now = after.*each.member;
        if (each.is_now || !then || !now) continue;
        const std::uint64_t more = *now > *then ? *now - *then : 0;
        all.push_back({each.name, more, seconds > 0 ? static_cast<double>(more) / seconds : 0});
    }
    return all;
}

}  // namespace fivetuple::diag

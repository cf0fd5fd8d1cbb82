#include "fivetuple/diag/findings.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <utility>

namespace fivetuple::diag {
namespace {

constexpr double kSevereShare = 0.95;

constexpr std::array kIllnesses{
    Illness{
        "accept-queue-full", "connections wait to be accepted, as many as may or nearly so",
        "a connection that finds the queue full is dropped: its client tries again after a "
        "second, then two, four, and gives up; to it the service is slow or dead",
        "let the program accept faster: more workers, or less work between two accepts; a longer "
        "backlog only carries it over a burst, and net.core.somaxconn bounds it",
        "sock_diag: of a listener, how many wait and how many may; TcpExt.ListenOverflows grows"},
    Illness{
        "close-wait-leak", "peers have closed connections, and the program here has not",
        "each holds a descriptor and memory until the program ends; at the limit of "
        "descriptors it takes no more connections",
        "where a read gives 0 or an error, close the socket; look for the path that forgets it, "
        "often an error, a timeout or a pool",
        "connections in close-wait over which nothing has come for long"},
    Illness{"ports-running-out", "the local ports towards one destination are nearly used up",
            "connect() gives EADDRNOTAVAIL when none is left, and takes long before",
            "keep connections and use them again; connect from more addresses, or to more; widen "
            "net.ipv4.ip_local_port_range",
            "ports of net.ipv4.ip_local_port_range that are taken towards one address and port, "
            "with those in time-wait"},
    Illness{"descriptors-running-out", "a process has nearly as many descriptors as it may",
            "then accept(), socket() and open() give EMFILE; a server without precautions spins "
            "or stops",
            "look for what is not closed (`ft ss -p`); raise LimitNOFILE or `ulimit -n`; bound the "
            "connections below it",
            "/proc/pid/fd beside the soft limit of open files"},
    Illness{"datagrams-dropped", "a UDP socket drops what comes, as its receive buffer is full",
            "these datagrams are lost without anybody being told",
            "read faster, in batches (recvmmsg) or from several sockets (SO_REUSEPORT); a larger "
            "SO_RCVBUF carries it over bursts, and net.core.rmem_max bounds it",
            "sock_diag: the drops of a socket grow"},
    Illness{"peer-takes-nothing", "a peer's window is shut: it does not read what is sent to it",
            "what is written waits in memory here; a writer without a time limit waits for ever",
            "look at why the peer does not read; bound the time of a write (within(), "
            "TCP_USER_TIMEOUT) and the bytes that may wait",
            "sock_diag: the timer that probes a zero window runs, and bytes wait"},
    Illness{"listener-shared", "different programs listen on one address and port",
            "the kernel gives each of them a part of the connections (SO_REUSEPORT): an old "
            "release, or a stranger, takes the connections of the other",
            "end the one that should not be there; a group that is steered gives strangers nothing",
            "sock_diag: several listeners on one address, held by programs of different names"},
};

const Illness& illness(std::string_view name) {
    return *std::ranges::find(kIllnesses, name, &Illness::name);
}

std::string percent(double share) {
    return std::to_string(static_cast<int>(std::floor(share * 100))) + " %";
}

std::string held_by(const std::vector<Holder>& holders) {
    if (holders.empty()) return " (nobody who can be seen)";
    std::string text = " of " + holders.front().to_string();
    if (holders.size() > 1) text += " and " + std::to_string(holders.size() - 1) + " more";
    return text;
}

std::uint64_t growth(const NetCounters::Count& before, const NetCounters::Count& now) {
    return before && now && *now > *before ? *now - *before : 0;
}

class Examination {
public:
    Examination(const Look& before, const Look& now, const Thresholds& thresholds)
        : before_(before), now_(now), thresholds_(thresholds) {}

    std::vector<Finding> all() {
        find_full_queues();
        find_unclosed();
        find_ports();
        find_descriptors();
        find_drops();
        find_shut();
        find_strangers();
        // The severe first, else in the order in which they were looked for.
        std::vector<Finding> sorted;
        for (const Severity severity : {Severity::severe, Severity::warning}) {
            std::ranges::copy_if(
                found_, std::back_inserter(sorted),
                [severity](const Finding& each) { return each.severity == severity; });
        }
        return sorted;
    }

private:
    void add(std::string_view name, bool is_severe, std::string who, std::string evidence,
             bool is_certain = true) {
        found_.push_back({&illness(name), is_severe ? Severity::severe : Severity::warning,
                          std::move(who), std::move(evidence), is_certain});
    }

    void find_full_queues() {
        const std::uint64_t overflows =
            growth(before_.counters.accept_overflows, now_.counters.accept_overflows);
        for (const Look::Listener& each : now_.listeners) {
            const auto& queue = each.queue;
            // Where a listener lets one wait, one that waits is no sign of anything.
            const bool is_near =
                queue.waiting >= 2 && queue.waiting >= thresholds_.queue_share * queue.most;
            if (!queue.is_full() && !is_near) continue;
            std::string evidence =
                std::to_string(queue.waiting) + " wait, " + std::to_string(queue.most) + " may";
            if (queue.most == now_.backlog_most) evidence += ", which is net.core.somaxconn";
            if (queue.is_full() && overflows > 0) {
                evidence +=
                    "; " + std::to_string(overflows) + " connections found a queue full meanwhile";
            }
            add("accept-queue-full", queue.is_full(), each.local + held_by(each.holders),
                std::move(evidence));
        }
    }

    void find_unclosed() {
        for (const auto& [holder, unclosed] : now_.unclosed) {
            const bool is_ill = unclosed.count >= thresholds_.unclosed &&
                                unclosed.oldest >= thresholds_.unclosed_for;
            if (!is_ill) continue;
            const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(unclosed.oldest);
            add("close-wait-leak", false, holder.to_string(),
                std::to_string(unclosed.count) + " connections in close-wait, silent for up to " +
                    std::to_string(seconds.count()) + " s, as " + unclosed.example,
                false);
        }
    }

    void find_ports() {
        for (const PortUse::Destination& each : now_.ports) {
            if (each.share < thresholds_.port_share) continue;
            add("ports-running-out", each.share >= kSevereShare,
                std::string(name_of(each.kind)) + " from " + each.local.to_string() + " to " +
                    each.peer.to_string(),
                percent(each.share) + " taken: " + std::to_string(each.taken) + " of " +
                    std::to_string(now_.port_count) + ", " + std::to_string(each.in_time_wait) +
                    " of them in time-wait");
        }
    }

    void find_descriptors() {
        for (const DescriptorUse& each : now_.descriptors) {
            if (each.share() < thresholds_.descriptor_share) continue;
            add("descriptors-running-out", each.share() >= kSevereShare,
                Holder{each.process, each.pid}.to_string(),
                std::to_string(each.open) + " of " + std::to_string(each.most) + " descriptors (" +
                    percent(each.share()) + ")");
        }
    }

    void find_drops() {
        for (const auto& [cookie, now] : now_.datagrams) {
            const auto then = before_.datagrams.find(cookie);
            const std::uint32_t more =
                then == before_.datagrams.end() ? now.drops : now.drops - then->second.drops;
            if (more == 0) continue;
            add("datagrams-dropped", true, now.local + held_by(now.holders),
                std::to_string(more) + " dropped meanwhile, " + std::to_string(now.drops) +
                    " in all; its buffer is of " + std::to_string(now.buffer_bytes) + " bytes, " +
                    std::to_string(now.queue_bytes) + " wait");
        }
    }

    void find_shut() {
        for (const Look::Shut& each : now_.shut) {
            add("peer-takes-nothing", false,
                each.local + " <-> " + each.peer + held_by(each.holders),
                std::to_string(each.waiting_bytes) + " bytes wait, the window is shut");
        }
    }

    void find_strangers() {
        std::map<std::string_view, std::vector<const Look::Listener*>> by_address;
        for (const Look::Listener& each : now_.listeners) {
            if (!each.holders.empty()) by_address[each.local].push_back(&each);
        }
        for (const auto& [local, group] : by_address) {
            const Holder& first = group.front()->holders.front();
            const auto other = std::ranges::find_if(group, [&first](const Look::Listener* each) {
                return each->holders.front().process != first.process;
            });
            if (other == group.end()) continue;
            add("listener-shared", false, std::string(local),
                first.to_string() + " and " + (*other)->holders.front().to_string() +
                    " both listen; " + std::to_string(group.size()) + " listeners in all",
                false);
        }
    }

    const Look& before_;
    const Look& now_;
    const Thresholds& thresholds_;
    std::vector<Finding> found_;
};

}  // namespace

std::string Holder::to_string() const { return process + " pid " + std::to_string(pid); }

std::string_view name_of(Severity severity) {
    return severity == Severity::severe ? "severe" : "warning";
}

std::span<const Illness> illnesses() { return kIllnesses; }

std::vector<Finding> findings(const Look& before, const Look& now, const Thresholds& thresholds) {
    return Examination(before, now, thresholds).all();
}

}  // namespace fivetuple::diag

#include "fivetuple/os/options/socket.h"

#include <linux/sock_diag.h>
#include <netinet/in.h>

#include <array>
#include <cstring>

namespace fivetuple {

static_assert(BindToInterface::number == SO_BINDTOIFINDEX);
static_assert(IncomingNapiId::number == SO_INCOMING_NAPI_ID);
static_assert(SocketCookie::number == SO_COOKIE);
static_assert(MaxPacingRate::number == SO_MAX_PACING_RATE);
static_assert(MemoryInfo::number == SO_MEMINFO);
static_assert(sizeof(MemoryInfo::Raw) == SK_MEMINFO_VARS * sizeof(std::uint32_t));

namespace {

struct Word {
    int number;
    const char* word;
};

template <std::size_t N>
std::string word_for(const std::array<Word, N>& words, int number) {
    for (const Word& each : words) {
        if (each.number == number) return each.word;
    }
    return std::to_string(number);
}

constexpr std::array kDomains{Word{AF_INET, "AF_INET"},       Word{AF_INET6, "AF_INET6"},
                              Word{AF_UNIX, "AF_UNIX"},       Word{AF_PACKET, "AF_PACKET"},
                              Word{AF_NETLINK, "AF_NETLINK"}, Word{AF_VSOCK, "AF_VSOCK"}};
constexpr std::array kTypes{Word{SOCK_STREAM, "SOCK_STREAM"}, Word{SOCK_DGRAM, "SOCK_DGRAM"},
                            Word{SOCK_SEQPACKET, "SOCK_SEQPACKET"}, Word{SOCK_RAW, "SOCK_RAW"}};
constexpr std::array kProtocols{
    Word{0, "0"},
    Word{IPPROTO_TCP, "IPPROTO_TCP"},
    Word{IPPROTO_UDP, "IPPROTO_UDP"},
    Word{IPPROTO_ICMP, "IPPROTO_ICMP"},
    Word{IPPROTO_ICMPV6, "IPPROTO_ICMPV6"},
    Word{IPPROTO_MPTCP, "IPPROTO_MPTCP"},
    Word{IPPROTO_SCTP, "IPPROTO_SCTP"},
};

}  // namespace

std::string Linger::to_string() const {
    if (!on) return "off";
    return limit.count() == 0 ? "reset" : "wait " + count_text(limit.count(), "s");
}

std::string MaxPacingRate::to_string() const {
    if (bytes_per_second == UINT64_MAX) return "no limit";
    return std::to_string(bytes_per_second) + " bytes/s";
}

std::string PendingError::to_string() const {
    if (code == 0) return "none";
    char room[128];
    return strerror_r(code, room, sizeof room);
}

std::string Domain::to_string() const { return word_for(kDomains, value); }
std::string Type::to_string() const { return word_for(kTypes, value); }
std::string ProtocolNumber::to_string() const { return word_for(kProtocols, value); }

MemoryInfo MemoryInfo::from_raw(const Raw& raw) {
    return {
        .receive_allocated = raw.fields[SK_MEMINFO_RMEM_ALLOC],
        .receive_buffer = raw.fields[SK_MEMINFO_RCVBUF],
        .send_allocated = raw.fields[SK_MEMINFO_WMEM_ALLOC],
        .send_buffer = raw.fields[SK_MEMINFO_SNDBUF],
        .reserved = raw.fields[SK_MEMINFO_FWD_ALLOC],
        .send_queued = raw.fields[SK_MEMINFO_WMEM_QUEUED],
        .options = raw.fields[SK_MEMINFO_OPTMEM],
        .backlog = raw.fields[SK_MEMINFO_BACKLOG],
        .drops = raw.fields[SK_MEMINFO_DROPS],
    };
}

std::string MemoryInfo::to_string() const {
    const auto of = [](std::uint32_t used, std::uint32_t limit) {
        return std::to_string(used) + " of " + std::to_string(limit);
    };
    return "receive " + of(receive_allocated, receive_buffer) + ", send " +
           of(send_allocated, send_buffer) + " bytes, " + std::to_string(drops) + " drops";
}

}  // namespace fivetuple

#pragma once

#include "fivetuple/os/tcp_info.h"

#include <netinet/tcp.h>

#include <cstddef>
#include <cstdint>

// The kernel's own form of TcpInfo, for what reads it and what writes it.
namespace fivetuple::raw_tcp_info {

// struct tcp_info as Linux 6.18 has it. Older kernels end it earlier; newer ones append.
struct Raw {
    std::uint8_t state, ca_state, retransmits, probes, backoff, options, scales, flags;
    std::uint32_t rto, ato, snd_mss, rcv_mss;
    std::uint32_t unacked, sacked, lost, retrans, fackets;
    std::uint32_t last_data_sent, last_ack_sent, last_data_recv, last_ack_recv;
    std::uint32_t pmtu, rcv_ssthresh, rtt, rttvar, snd_ssthresh, snd_cwnd, advmss, reordering;
    std::uint32_t rcv_rtt, rcv_space, total_retrans;
    std::uint64_t pacing_rate, max_pacing_rate, bytes_acked, bytes_received;
    std::uint32_t segs_out, segs_in, notsent_bytes, min_rtt, data_segs_in, data_segs_out;
    std::uint64_t delivery_rate, busy_time, rwnd_limited, sndbuf_limited;
    std::uint32_t delivered, delivered_ce;
    std::uint64_t bytes_sent, bytes_retrans;
    std::uint32_t dsack_dups, reord_seen, rcv_ooopack, snd_wnd, rcv_wnd, rehash;
    std::uint16_t total_rto, total_rto_recoveries;
    std::uint32_t total_rto_time;
    std::uint32_t received_ce, delivered_e1_bytes, delivered_e0_bytes, delivered_ce_bytes;
    std::uint32_t received_e1_bytes, received_e0_bytes, received_ce_bytes;
    std::uint16_t accecn_fail_mode, accecn_opt_seen;
};
static_assert(sizeof(Raw) == 280);
static_assert(offsetof(Raw, total_retrans) == offsetof(tcp_info, tcpi_total_retrans));
static_assert(TcpInfo::key.number == TCP_INFO);

enum OptionBit : std::uint8_t {
    kTimestamps = 1,
    kSack = 2,
    kWindowScale = 4,
    kEcn = 8,
    kEcnSeen = 16,
    kSynData = 32,
    kMicroseconds = 64,
    kFastOpenChild = 128,
};

}  // namespace fivetuple::raw_tcp_info

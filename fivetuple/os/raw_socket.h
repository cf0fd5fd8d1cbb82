#pragma once

#include "fivetuple/os/bpf.h"
#include "fivetuple/os/socket.h"
#include "fivetuple/os/tell_details.h"

#include <cstdint>
#include <optional>
#include <string>

namespace fivetuple {

struct RawOptions {
    /// What is sent begins with an IPv4 header of its own (Ipv4Header). Not of IPv6. IP_HDRINCL
    bool with_header = false;
    /// What receive() is told of each packet beside its bytes.
    TellDetails tell = {};
    /// Ask for the reason when a packet comes back (ICMP); see take_failure(). IP_RECVERR
    bool report_failures = false;
    /// Receive only what comes to this address, and send from it.
    std::optional<IpAddress> at = std::nullopt;
    /// Use only this network interface. SO_BINDTODEVICE
    std::string interface = {};
    /// Receive only what this program keeps: it sees packets as they are received.
    std::optional<bpf::Program> filter = std::nullopt;
};

/// A raw IP socket, which sends and receives packets of one protocol (a number of IANA's; see
/// IpProtocol). What is received over IPv4 begins with its IP header (Ipv4Packet); over IPv6 it
/// does not. The kernel goes on handling the packets, too. What RawSocket is made of. Errors:
/// EPERM, naming the capability; EINVAL, with_header of IPv6; as Socket::bind(). raw(7)
Result<Socket> open_raw_socket(Family family, std::uint8_t protocol, const RawOptions& options);

/// The error of a socket that needs CAP_NET_RAW and could not be had; says so where `code` is EPERM
/// or EACCES.
Error no_raw_socket(int code, const char* what);

}  // namespace fivetuple

#pragma once

#include "fivetuple/os/option_forms.h"

#include <netinet/in.h>

// Options of UDP. udp(7)
namespace fivetuple {

/// Bytes of each datagram that one large send is cut into by the kernel or the device; 0 sends
/// datagrams as they are. udp(7)
struct UdpSegment : Count<UdpSegment, IPPROTO_UDP, 103> {
    static constexpr const char* name = "UDP_SEGMENT";
    static constexpr const char* unit = "bytes";
    static constexpr int least = 0;
    static constexpr int most = 65535;
};

/// Receive several datagrams of one sender at once, with the length of each told beside. udp(7)
struct UdpReceiveOffload : Switch<UdpReceiveOffload, IPPROTO_UDP, 104> {
    static constexpr const char* name = "UDP_GRO";
};

/// Collect what is sent into one datagram until it is switched off. udp(7)
struct UdpCork : Switch<UdpCork, IPPROTO_UDP, 1> {
    static constexpr const char* name = "UDP_CORK";
};

}  // namespace fivetuple

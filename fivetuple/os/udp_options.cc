#include "fivetuple/os/udp_options.h"

#include "fivetuple/os/calls.h"
#include "fivetuple/os/options.h"

namespace fivetuple {

Result<void> prepare_udp(OptionAccess socket, Family family, const UdpOptions& options) {
    FT_TRY_VOID(switch_on(socket, family, options.tell));
    if (options.report_failures) {
        FT_TRY_VOID(set(socket, ReceiveErrors{}));
        if (family == Family::ipv6) FT_TRY_VOID(set(socket, V6ReceiveErrors{}));
    }
    if (options.tell_sent) {
        const Stamps stamps =
            Stamp::send_software | Stamp::software | Stamp::number | Stamp::time_only;
        FT_TRY_VOID(set(socket, Timestamping{stamps}));
    }
    if (options.reuse_port) FT_TRY_VOID(set(socket, ReusePort{}));
    if (options.reuse_address) FT_TRY_VOID(set(socket, ReuseAddress{}));
    if (family == Family::ipv6) FT_TRY_VOID(set(socket, V6Only{{options.v6_only}}));
    if (options.broadcast) FT_TRY_VOID(set(socket, Broadcast{}));
    return {};
}

void UdpJoining::begin(OptionAccess socket) {
    // Without it the calls for many still move many messages each.
    sends = get<UdpSegment>(socket).has_value();
    may_receive = get<UdpReceiveOffload>(socket).has_value();
}

void UdpJoining::switch_on(OptionAccess socket) {
    receives = set(socket, UdpReceiveOffload{}).has_value();
    may_receive = false;
}

UdpMeans UdpJoining::means() const {
    return {sends, receives || may_receive, calls::moves_many_messages()};
}

std::string UdpMeans::to_string() const {
    const auto way = [](bool joined, const char* joining, bool many, const char* call,
                        const char* single) {
        return std::string(joined ? joining : "") + (many ? call : single);
    };
    return "sends " + way(sends_joined, "GSO, ", many_a_call, "sendmmsg", "sendmsg") +
           "; receives " + way(receives_joined, "GRO, ", many_a_call, "recvmmsg", "recvmsg");
}

}  // namespace fivetuple

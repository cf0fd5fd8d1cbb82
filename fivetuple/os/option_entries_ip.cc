#include "fivetuple/os/option_entries.h"
#include "fivetuple/os/options/ip.h"
#include "fivetuple/os/options/ipv6.h"
#include "fivetuple/os/options/multicast.h"

// The catalogue's rows of levels IPPROTO_IP and IPPROTO_IPV6.
namespace fivetuple {
namespace {

constexpr KernelVersion kOld{2, 2};
// TCP and UDP sockets of IPv6 have the options of IPv4 as well: for their IPv4 peers.
constexpr SocketKinds kIpV4 = kTcp | kUdp | SocketKind::raw_v4;
constexpr SocketKinds kV4Datagrams = kUdp | SocketKind::raw_v4;
constexpr SocketKinds kV6Datagrams = SocketKind::udp_v6 | SocketKind::raw_v6;
constexpr SocketKinds kV6Only = SocketKind::tcp_v6 | SocketKind::udp_v6 | SocketKind::mptcp_v6;
constexpr std::string_view kRaw = "CAP_NET_ADMIN or CAP_NET_RAW";

constexpr OptionEntry kV4Rows[] = {
    entry<TypeOfService>({"TypeOfService", kIpV4 | kMptcp, kOld, "ip(7)",
                          "class of service and congestion mark of what is sent", "",
                          "TCP keeps the congestion mark to itself"}),
    entry<TimeToLive>({"TimeToLive", kIpV4, kOld, "ip(7)", "routers that a packet may pass", "",
                       "-1 becomes net.ipv4.ip_default_ttl"}),
    entry<BindAddressNoPort>({"BindAddressNoPort",
                              kTcp | kUdp | kMptcp,
                              {4, 2},
                              "ip(7)",
                              "leave the choice of the source port to connect()"}),
    entry<FreeBind>(
        {"FreeBind", kIpV4 | kMptcp, {2, 4}, "ip(7)", "bind to an address that no interface has"}),
    entry<Transparent>({"Transparent",
                        kIpV4 | kMptcp,
                        {2, 6},
                        "ip(7)",
                        "answer for addresses that are not ours",
                        kRaw}),
    entry<ReceiveErrors>(
        {"ReceiveErrors", kIpV4, kOld, "ip(7)", "queue the errors that the network reports"}),
    entry<ReceivePacketInfo>({"ReceivePacketInfo", kV4Datagrams, kOld, "ip(7)",
                              "tell to which address and by which interface a datagram came"}),
    entry<ReceiveTtl>(
        {"ReceiveTtl", kV4Datagrams, kOld, "ip(7)", "tell how many hops a datagram had left"}),
    entry<ReceiveTos>({"ReceiveTos", kV4Datagrams, kOld, "ip(7)",
                       "tell a datagram's class of service and congestion mark"}),
    entry<ReceiveOriginalAddress>({"ReceiveOriginalAddress",
                                   kV4Datagrams,
                                   {2, 6},
                                   "ip(7)",
                                   "tell where a datagram was sent before it was redirected"}),
    entry<MtuDiscovery>({"MtuDiscovery", kIpV4, kOld, "ip(7)",
                         "how to find out the largest packet that gets through"}),
    entry<Mtu>(
        {"Mtu", kIpV4, {2, 2}, "ip(7)", "the largest packet on the path of a connected socket"}),
    entry<MinTtl>({"MinTtl",
                   kIpV4,
                   {2, 6},
                   "ip(7)",
                   "the lowest number of hops left that a packet may come with"}),
    entry_for<JoinGroup>(JoinGroup::key, {"JoinGroup", kV4Datagrams, kOld, "ip(7)",
                                          "receive what is sent to a group"}),
    entry_for<LeaveGroup>(LeaveGroup::key,
                          {"LeaveGroup", kV4Datagrams, kOld, "ip(7)", "leave a group"}),
    entry_for<JoinSource>(
        JoinSource::key,
        {"JoinSource", kV4Datagrams, {2, 6}, "ip(7)", "receive what one sender sends to a group"}),
    entry_for<LeaveSource>(
        LeaveSource::key,
        {"LeaveSource", kV4Datagrams, {2, 6}, "ip(7)", "leave a sender to a group"}),
    entry<MulticastInterface>({"MulticastInterface", kV4Datagrams, kOld, "ip(7)",
                               "by which interface datagrams to groups are sent", "",
                               "of an interface given by its index only the address is told"}),
    entry<MulticastLoop>({"MulticastLoop", kV4Datagrams, kOld, "ip(7)",
                          "give datagrams to groups to listeners on this machine as well"}),
    entry<MulticastTtl>({"MulticastTtl", kV4Datagrams, kOld, "ip(7)",
                         "routers that a datagram to a group may pass"}),
    entry<MulticastAll>({"MulticastAll",
                         kV4Datagrams,
                         {2, 6},
                         "ip(7)",
                         "receive also from groups that only other sockets have joined"}),
};

constexpr OptionEntry kV6Rows[] = {
    entry<V6Only>({"V6Only",
                   kV6Only,
                   {2, 4},
                   "ipv6(7)",
                   "keep a socket from serving IPv4 as well; to be set before bind"}),
    entry<V6UnicastHops>({"V6UnicastHops", kIpV6, kOld, "ipv6(7)", "routers that a packet may pass",
                          "", "-1 becomes the interface's hop limit"}),
    entry<V6TrafficClass>({"V6TrafficClass",
                           kIpV6,
                           {2, 6},
                           "RFC 3542",
                           "class of service and congestion mark of what is sent",
                           "",
                           "TCP keeps the congestion mark to itself"}),
    entry<V6FreeBind>({"V6FreeBind",
                       kIpV6 | SocketKind::mptcp_v6,
                       {4, 15},
                       "ipv6(7)",
                       "bind to an address that no interface has"}),
    entry<V6Transparent>({"V6Transparent",
                          kIpV6 | SocketKind::mptcp_v6,
                          {2, 6},
                          "ip(7)",
                          "answer for addresses that are not ours",
                          kRaw}),
    entry<V6ReceiveErrors>(
        {"V6ReceiveErrors", kIpV6, kOld, "ipv6(7)", "queue the errors that the network reports"}),
    entry<V6ReceivePacketInfo>({"V6ReceivePacketInfo",
                                kIpV6,
                                {2, 6},
                                "RFC 3542",
                                "tell to which address and by which interface a datagram came"}),
    entry<V6ReceiveHopLimit>(
        {"V6ReceiveHopLimit", kIpV6, {2, 6}, "RFC 3542", "tell how many hops a datagram had left"}),
    entry<V6ReceiveTrafficClass>({"V6ReceiveTrafficClass",
                                  kIpV6,
                                  {2, 6},
                                  "RFC 3542",
                                  "tell a datagram's class of service and congestion mark"}),
    entry<V6ReceiveOriginalAddress>({"V6ReceiveOriginalAddress",
                                     kIpV6,
                                     {2, 6},
                                     "ip(7)",
                                     "tell where a datagram was sent before it was redirected"}),
    entry<V6MtuDiscovery>({"V6MtuDiscovery", kIpV6, kOld, "ipv6(7)",
                           "how to find out the largest packet that gets through"}),
    entry<V6Mtu>({"V6Mtu", kIpV6, kOld, "ipv6(7)",
                  "the largest packet on the path of a connected socket; set: to be sent"}),
    entry<V6DontFragment>({"V6DontFragment",
                           kIpV6,
                           {2, 6},
                           "RFC 3542",
                           "refuse datagrams that would have to be sent in fragments"}),
    entry<V6MinHops>({"V6MinHops",
                      kIpV6,
                      {2, 6},
                      "RFC 5082",
                      "the lowest number of hops left that a packet may come with"}),
    entry_for<JoinGroup>(JoinGroup::v6_key, {"JoinGroup", kV6Datagrams, kOld, "ipv6(7)",
                                             "receive what is sent to a group"}),
    entry_for<LeaveGroup>(LeaveGroup::v6_key,
                          {"LeaveGroup", kV6Datagrams, kOld, "ipv6(7)", "leave a group"}),
    entry_for<JoinSource>(JoinSource::v6_key, {"JoinSource",
                                               kV6Datagrams,
                                               {2, 6},
                                               "RFC 3678",
                                               "receive what one sender sends to a group"}),
    entry_for<LeaveSource>(
        LeaveSource::v6_key,
        {"LeaveSource", kV6Datagrams, {2, 6}, "RFC 3678", "leave a sender to a group"}),
    entry<V6MulticastInterface>({"V6MulticastInterface", kV6Datagrams, kOld, "ipv6(7)",
                                 "by which interface datagrams to groups are sent, by index"}),
    entry<V6MulticastLoop>({"V6MulticastLoop", kV6Datagrams, kOld, "ipv6(7)",
                            "give datagrams to groups to listeners on this machine as well"}),
    entry<V6MulticastHops>({"V6MulticastHops", kV6Datagrams, kOld, "ipv6(7)",
                            "routers that a datagram to a group may pass"}),
    entry<V6MulticastAll>({"V6MulticastAll",
                           kV6Datagrams,
                           {4, 20},
                           "ipv6(7)",
                           "receive also from groups that only other sockets have joined"}),
};

}  // namespace

std::span<const OptionEntry> ip_option_entries() {
    static const std::vector<OptionEntry> all = [] {
        std::vector<OptionEntry> rows(std::begin(kV4Rows), std::end(kV4Rows));
        rows.insert(rows.end(), std::begin(kV6Rows), std::end(kV6Rows));
        return rows;
    }();
    return all;
}

}  // namespace fivetuple

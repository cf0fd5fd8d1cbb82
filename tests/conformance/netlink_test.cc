#include "fivetuple/transport/netlink.h"

#include "fivetuple/os/option.h"
#include "fivetuple/os/options/socket.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/within.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <unistd.h>

#include "tests/testing/ip_command.h"
#include "tests/testing/own_loop.h"
#include "tests/testing/world.h"
#include <string>
#include <variant>
#include <vector>

// Networks of their own, in which our calls and ip(8) do things to each other.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;
using netlink::InterfaceAddress;
using netlink::Link;
using netlink::Neighbor;
using netlink::Route;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::UnorderedElementsAreArray;

class NetlinkTest : public OwnNetworkTest {
    // A cable from v0 to v1.
    std::string prepare() override {
        return ip("link add v0 type veth peer name v1") ? "" : "ip(8) does not work";
    }
};
FT_IN_KERNEL_WORLDS(NetlinkTest);

// Ours name the interface of a link-local address; ip(8) does not.
std::string without_interfaces(const std::string& text) {
    return without(without(without(text, "%v0"), "%v1"), "%lo");
}

template <class T>
std::vector<std::string> texts(const std::vector<T>& all) {
    std::vector<std::string> lines;
    lines.reserve(all.size());
    for (const T& each : all) lines.push_back(without_interfaces(each.to_string()));
    return lines;
}

// As ip_addresses() writes them.
std::vector<std::string> brief(const std::vector<InterfaceAddress>& all) {
    std::vector<std::string> lines;
    lines.reserve(all.size());
    for (const InterfaceAddress& each : all) {
        lines.push_back(without_interfaces(each.address.to_string()) + "/" +
                        std::to_string(each.prefix) + " " + netlink::to_string(each.scope) + " " +
                        netlink::interface_name(each.interface) + " " + each.label);
    }
    return lines;
}

InterfaceAddress address_of(const char* text, std::uint8_t prefix, unsigned interface) {
    InterfaceAddress address;
    address.address = IpAddress::parse(text).value();
    address.prefix = prefix;
    address.interface = interface;
    return address;
}

TEST_P(NetlinkTest, B3_LinksAreAsIpSeesThem) {
    in_a_network([](Loop& loop) -> Task<void> {
        ip("link set v0 mtu 1400 address 02:00:00:00:00:01 up");
        ip("link add br0 type bridge");
        ip("link set v1 master br0");
        auto socket = NetlinkSocket::open(loop);
        EXPECT_TRUE(socket) << socket.error().message();
        auto links = co_await socket->list<Link>();
        EXPECT_TRUE(links) << links.error().message();
        std::vector<std::string> ours;
        for (const Link& each : *links) {
            ours.push_back(each.name + " " + std::to_string(each.index) + " " +
                           std::to_string(each.mtu) + " " + each.address.to_string() + " " +
                           std::string(netlink::to_string(each.state)) + " " + each.kind + " " +
                           (each.master == 0 ? "" : netlink::interface_name(each.master)));
            EXPECT_TRUE(each.statistics) << each.name;
        }
        EXPECT_EQ(ours, ip_links());
        EXPECT_THAT(texts(*links), Contains(HasSubstr("v0@v1: <NO-CARRIER,BROADCAST,MULTICAST,UP> "
                                                      "mtu 1400 qdisc noqueue state LOWERLAYERDOWN "
                                                      "veth link/ether 02:00:00:00:00:01")));
    });
}

TEST_P(NetlinkTest, B3_AddressesAndRoutesAreAsIpSeesThem) {
    in_a_network([](Loop& loop) -> Task<void> {
        ip("link set v0 up");
        ip("link set v1 up");
        ip("addr add 10.1.0.1/24 brd + dev v0 label v0:one");
        ip("addr add 10.2.0.1 peer 10.2.0.2/32 dev v0");
        ip("addr add fd01::1/64 dev v0 nodad");
        ip("route add 10.3.0.0/16 via 10.1.0.2 src 10.1.0.1 metric 7 proto static");
        ip("route add default nexthop via 10.1.0.3 weight 2 nexthop via 10.1.0.4");
        ip("route add blackhole 10.4.0.0/16 table 1000");
        ip("-6 route add fd02::/48 via fe80::2 dev v0 proto dhcp");
        auto socket = NetlinkSocket::open(loop).value();
        // The kernel adds addresses and routes of its own a little later.
        std::vector<std::string> seen = ip_addresses();
        auto addresses = co_await socket.list<InterfaceAddress>();
        for (auto now = ip_addresses(); addresses && now != seen; now = ip_addresses()) {
            seen = now;
            addresses = co_await socket.list<InterfaceAddress>();
        }
        EXPECT_TRUE(addresses) << addresses.error().message();
        EXPECT_THAT(brief(*addresses), UnorderedElementsAreArray(seen));
        EXPECT_THAT(texts(*addresses),
                    IsSupersetOf({"inet 10.1.0.1/24 brd 10.1.0.255 scope global v0:one",
                                  "inet 10.2.0.1 peer 10.2.0.2/32 scope global v0"}));
        seen = ip_routes();
        auto routes = co_await socket.list<Route>();
        for (auto now = ip_routes(); routes && now != seen; now = ip_routes()) {
            seen = now;
            routes = co_await socket.list<Route>();
        }
        EXPECT_TRUE(routes) << routes.error().message();
        EXPECT_THAT(texts(*routes), UnorderedElementsAreArray(seen));
        EXPECT_THAT(texts(*routes), IsSupersetOf({"10.3.0.0/16 via 10.1.0.2 dev v0 proto static "
                                                  "src 10.1.0.1 metric 7",
                                                  "default nexthop via 10.1.0.3 dev v0 weight 2 "
                                                  "nexthop via 10.1.0.4 "
                                                  "dev v0 weight 1",
                                                  "blackhole 10.4.0.0/16 table 1000"}));
        auto way = co_await socket.route_to(IpAddress::parse("10.3.1.1").value());
        EXPECT_TRUE(way) << way.error().message();
        EXPECT_EQ(way->gateway, IpAddress::parse("10.1.0.2").value());
        EXPECT_EQ(way->source, IpAddress::parse("10.1.0.1").value());
    });
}

TEST_P(NetlinkTest, B3_LinksAreMadeChangedAndRemoved) {
    in_a_network([](Loop& loop) -> Task<void> {
        auto socket = NetlinkSocket::open(loop).value();
        netlink::NewLink made;
        made.name = "here";
        made.kind = "veth";
        made.peer = "there";
        made.mtu = 1300;
        made.is_up = true;
        made.address = HardwareAddress::parse("02:00:00:00:00:07").value();
        auto done = co_await socket.ask(netlink::add(made));
        EXPECT_TRUE(done) << done.error().message();
        EXPECT_THAT(ip_links(),
                    Contains(AnyOf(HasSubstr("here"), HasSubstr("1300 02:00:00:00:00:07"))));
        done = co_await socket.ask(netlink::add(made));
        EXPECT_EQ(done.error().message(), "RTM_NEWLINK here: File exists");
        netlink::LinkChange change;
        change.is_up = true;
        change.mtu = 1200;
        done = co_await socket.ask(netlink::change(Link::named("there"), change));
        EXPECT_TRUE(done) << done.error().message();
        EXPECT_THAT(ip_links(), Contains(HasSubstr("there ")));
        netlink::LinkChange renamed;
        renamed.is_up = false;
        renamed.name = "elsewhere";
        done = co_await socket.ask(netlink::change(Link::named("there"), renamed));
        EXPECT_TRUE(done) << done.error().message();
        EXPECT_TRUE(netlink::interface_index("elsewhere"));
        EXPECT_FALSE(netlink::interface_index("there"));
        done = co_await socket.ask(netlink::remove(Link::named("elsewhere")));
        EXPECT_TRUE(done) << done.error().message();
        EXPECT_FALSE(netlink::interface_index("here")) << "a veth's two ends go together";
        done = co_await socket.ask(netlink::remove(Link::named("elsewhere")));
        EXPECT_TRUE(done.error().is(ENODEV)) << done.error().message();
        made.kind = "nosuch";
        done = co_await socket.ask(netlink::add(made));
        EXPECT_EQ(done.error().message(),
                  "RTM_NEWLINK here: Operation not supported (Unknown device type)");
    });
}

TEST_P(NetlinkTest, B3_AddressesRoutesAndNeighborsAreMadeAndRemoved) {
    in_a_network([](Loop& loop) -> Task<void> {
        ip("link set v0 up");
        ip("link set v1 up");
        auto socket = NetlinkSocket::open(loop).value();
        const unsigned v0 = netlink::interface_index("v0").value();
        InterfaceAddress address = address_of("10.1.0.1", 24, v0);
        auto done = co_await socket.ask(netlink::add(address));
        EXPECT_TRUE(done) << done.error().message();
        EXPECT_THAT(ip_addresses(), Contains("10.1.0.1/24 global v0 v0"));
        done = co_await socket.ask(netlink::add(address));
        EXPECT_THAT(done.error().message(), HasSubstr("RTM_NEWADDR 10.1.0.1/24: File exists"));
        InterfaceAddress six = address_of("fd01::1", 64, v0);
        six.valid = 990s;
        six.preferred = 500s;
        done = co_await socket.ask(netlink::add(six));
        EXPECT_TRUE(done) << done.error().message();
        EXPECT_THAT(ip_addresses(), Contains("fd01::1/64 global v0 "));
        auto addresses = co_await socket.list<InterfaceAddress>();
        EXPECT_TRUE(addresses);
        for (const InterfaceAddress& each : *addresses) {
            if (each.address == six.address) {
                EXPECT_EQ(each.valid.value_or(0s) / 100s, 9);
            }
            if (each.address == address.address) {
                EXPECT_FALSE(each.valid) << "it is for ever";
            }
        }

        Route route;
        route.destination = IpAddress::parse("10.3.0.0").value();
        route.prefix = 16;
        route.gateway = IpAddress::parse("10.1.0.2").value();
        route.metric = 9;
        done = co_await socket.ask(netlink::add(route));
        EXPECT_TRUE(done) << done.error().message();
        EXPECT_THAT(ip_routes(), Contains("10.3.0.0/16 via 10.1.0.2 dev v0 metric 9"));
        route.gateway = IpAddress::parse("10.9.9.9").value();
        done = co_await socket.ask(netlink::add(route));
        EXPECT_THAT(done.error().message(),
                    HasSubstr("Network is unreachable (Nexthop has invalid gateway"));
        route.gateway.reset();
        route.ways = {{IpAddress::parse("10.1.0.3").value(), v0, 2},
                      {IpAddress::parse("fe80::9").value(), v0, 1}};
        done = co_await socket.ask(netlink::replace(route));
        EXPECT_TRUE(done) << done.error().message();
        EXPECT_THAT(ip_routes(),
                    Contains("10.3.0.0/16 metric 9 nexthop via 10.1.0.3 dev v0 weight 2 nexthop "
                             "via inet6 fe80::9 dev v0 weight 1"));
        done = co_await socket.ask(netlink::remove(route));
        EXPECT_TRUE(done) << done.error().message();

        Neighbor neighbor;
        neighbor.address = IpAddress::parse("10.1.0.2").value();
        neighbor.interface = v0;
        neighbor.hardware = HardwareAddress::parse("02:00:00:00:00:02").value();
        done = co_await socket.ask(netlink::add(neighbor));
        EXPECT_TRUE(done) << done.error().message();
        auto neighbors = co_await socket.list<Neighbor>();
        EXPECT_THAT(texts(*neighbors),
                    Contains("10.1.0.2 dev v0 lladdr 02:00:00:00:00:02 PERMANENT"));
        done = co_await socket.ask(netlink::remove(neighbor));
        EXPECT_TRUE(done) << done.error().message();
        done = co_await socket.ask(netlink::remove(address));
        EXPECT_TRUE(done) << done.error().message();
        done = co_await socket.ask(netlink::remove(address));
        EXPECT_TRUE(done.error().is(EADDRNOTAVAIL)) << done.error().message();
    });
}

// The next event about what is not a mere change of a link's state, or why
// there is none.
Task<std::string> next_of(NetlinkEvents& events, netlink::Change change, std::string_view part) {
    while (true) {
        auto event = co_await within(20s, events.next());
        if (!event) co_return event.error().message();
        const std::string text = event->to_string();
        if (event->change == change && text.find(part) != text.npos) co_return text;
    }
}

TEST_P(NetlinkTest, B3_EventsTellWhatIpChanges) {
    in_a_network([](Loop& loop) -> Task<void> {
        using netlink::Change;
        netlink::Watched all;
        all.routes = all.neighbors = true;
        auto events = NetlinkEvents::open(loop, all).value();
        ip("link set v0 up");
        ip("link set v1 up");
        auto text = co_await next_of(events, Change::changed, " v0@v1: ");
        EXPECT_THAT(text, HasSubstr("changed 3: v0@v1: <"));
        ip("addr add 10.1.0.1/24 dev v0");
        text = co_await next_of(events, Change::added, "inet 10.");
        EXPECT_EQ(text, "added inet 10.1.0.1/24 scope global v0");
        text = co_await next_of(events, Change::added, "10.1.0.0/24");
        EXPECT_EQ(text, "added 10.1.0.0/24 dev v0 proto kernel scope link src 10.1.0.1");
        ip("addr change 10.1.0.1/24 dev v0 valid_lft 1000 preferred_lft 1000");
        text = co_await next_of(events, Change::changed, "inet 10.");
        EXPECT_EQ(text, "changed inet 10.1.0.1/24 scope global v0 valid 1000s");
        ip("route replace 10.7.0.0/16 via 10.1.0.2");
        text = co_await next_of(events, Change::added, "10.7.0.0");
        EXPECT_EQ(text, "added 10.7.0.0/16 via 10.1.0.2 dev v0");
        ip("route replace 10.7.0.0/16 via 10.1.0.3");
        text = co_await next_of(events, Change::changed, "10.7.0.0");
        EXPECT_EQ(text, "changed 10.7.0.0/16 via 10.1.0.3 dev v0");
        ip("neigh add 10.1.0.9 dev v0 lladdr 02:00:00:00:00:09");
        text = co_await next_of(events, Change::added, "10.1.0.9");
        EXPECT_EQ(text, "added 10.1.0.9 dev v0 lladdr 02:00:00:00:00:09 PERMANENT");
        ip("addr del 10.1.0.1/24 dev v0");
        text = co_await next_of(events, Change::removed, "inet 10.");
        EXPECT_THAT(text, HasSubstr("removed inet 10.1.0.1/24"));
        ip("link del v0");
        text = co_await next_of(events, Change::removed, ": v1");
        EXPECT_THAT(text, HasSubstr("removed 2: v1"));
        ip("link add v8 type veth peer name v9");
        text = co_await next_of(events, Change::added, ": v8");
        EXPECT_THAT(text, HasSubstr(": v8"));
    });
}

TEST_P(NetlinkTest, B3_WaitingForAnEventCanBeBoundedAndGoesOnAfterwards) {
    in_a_network([](Loop& loop) -> Task<void> {
        netlink::Watched addresses;
        addresses.links = false;
        auto events = NetlinkEvents::open(loop, addresses).value();
        auto none = co_await within(10ms, events.next());
        EXPECT_FALSE(none);
        EXPECT_TRUE(none.error().is_deadline()) << none.error().message();
        ip("addr add 10.1.0.1/24 dev v0");
        auto event = co_await within(20s, events.next());
        EXPECT_TRUE(event);
        EXPECT_TRUE(std::holds_alternative<InterfaceAddress>(event->subject));
    });
}

TEST_P(NetlinkTest, B3_EventsThatWereLostAreAnErrorAndNeverSilence) {
    in_a_network([](Loop& loop) -> Task<void> {
        netlink::Watched addresses;
        addresses.links = false;
        auto events = NetlinkEvents::open(loop, addresses).value();
        EXPECT_TRUE(set(events, ReceiveBuffer{1}));
        auto socket = NetlinkSocket::open(loop).value();
        const unsigned v0 = netlink::interface_index("v0").value();
        for (int last = 1; last < 200; ++last) {
            auto address = address_of("10.1.0.1", 24, v0);
            address.address =
                IpAddress(IpAddress::V4Bytes{10, 1, 0, static_cast<std::uint8_t>(last)});
            auto done = co_await socket.ask(netlink::add(address));
            EXPECT_TRUE(done) << done.error().message();
        }
        int told = 0;
        std::string loss;
        while (loss.empty()) {
            auto event = co_await within(20s, events.next());
            if (event) {
                ++told;
            } else {
                loss = event.error().message();
            }
        }
        EXPECT_LT(told, 199);
        EXPECT_EQ(loss,
                  "recvmsg netlink: messages were lost: they came faster "
                  "than they were taken; what "
                  "they told must be listed again");
        // What it had not heard of it has learnt; it goes on.
        while (true) {
            auto event = co_await within(100ms, events.next());
            if (!event) break;
        }
        ip("addr change 10.1.0.199/24 dev v0 valid_lft 1000 preferred_lft 1000");
        auto text = co_await next_of(events, netlink::Change::changed, "10.1.0.199");
        EXPECT_THAT(text, HasSubstr("changed inet 10.1.0.199/24"));
    });
}

TEST_P(NetlinkTest, B3_NobodyButTheKernelIsListenedTo) {
    in_a_network([](Loop& loop) -> Task<void> {
        auto events = NetlinkEvents::open(loop).value();
        sockaddr_nl name{};
        socklen_t size = sizeof name;
        EXPECT_EQ(::getsockname(events.handle().number, reinterpret_cast<sockaddr*>(&name), &size),
                  0);
        // An address that there is not, told by a socket of ours.
        netlink::Request lie = netlink::add(address_of("10.66.6.6", 24, 1));
        const Bytes bytes = lie.to_send(1).value();
        const Fd liar(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
        name.nl_groups = 0;
        EXPECT_EQ(::sendto(liar.raw(), bytes.data(), bytes.size(), 0,
                           reinterpret_cast<const sockaddr*>(&name), sizeof name),
                  static_cast<ssize_t>(bytes.size()));
        ip("addr add 10.1.0.1/24 dev v0");
        auto event = co_await within(20s, events.next());
        EXPECT_TRUE(event);
        EXPECT_THAT(event->to_string(), HasSubstr("10.1.0.1/24"));
    });
}

// Wants no more than the first message.
class Fussy : public netlink::Sink {
public:
    Result<void> take(const netlink::Message&) override {
        return std::unexpected(Error::limit("test", "one is enough"));
    }
    void restart() override {}
};

TEST_P(NetlinkTest, B3_AListThatIsGivenUpDoesNotSpoilTheNext) {
    in_a_network([](Loop& loop) -> Task<void> {
        auto socket = NetlinkSocket::open(loop).value();
        const unsigned v0 = netlink::interface_index("v0").value();
        for (int at = 0; at < 600; ++at) {
            auto address = address_of("10.1.0.1", 16, v0);
            address.address =
                IpAddress(IpAddress::V4Bytes{10, 1, static_cast<std::uint8_t>(at / 200),
                                             static_cast<std::uint8_t>(at % 200 + 1)});
            auto done = co_await socket.ask(netlink::add(address));
            EXPECT_TRUE(done) << done.error().message();
        }
        for (int round = 0; round < 3; ++round) {
            Fussy fussy;
            auto given_up = co_await socket.ask(InterfaceAddress::list(), fussy);
            EXPECT_FALSE(given_up);
            EXPECT_EQ(given_up.error().message(), "test: one is enough");
            auto all = co_await socket.list<InterfaceAddress>();
            EXPECT_TRUE(all) << all.error().message();
            EXPECT_GE(all->size(), 600u);
        }
    });
}

TEST_P(NetlinkTest, B3_ACancelledRequestDoesNotSpoilTheNext) {
    in_a_network([](Loop& loop) -> Task<void> {
        auto socket = NetlinkSocket::open(loop).value();
        for (int round = 0; round < 3; ++round) {
            auto cut = co_await within(Duration(round), socket.list<Link>());
            if (!cut) {
                EXPECT_TRUE(cut.error().is_deadline()) << cut.error().message();
            }
            auto links = co_await socket.list<Link>();
            EXPECT_TRUE(links) << links.error().message();
            EXPECT_EQ(links->size(), ip_links().size());
        }
    });
}

TEST_P(NetlinkTest, B3_WithoutThePrivilegeTheErrorSaysSo) {
    in_a_network([](Loop& loop) -> Task<void> {
        if (::seteuid(65534) != 0) co_return;
        auto socket = NetlinkSocket::open(loop).value();
        auto links = co_await socket.list<Link>();
        EXPECT_TRUE(links) << "anybody may look";
        auto done = co_await socket.ask(netlink::remove(Link::named("v0")));
        EXPECT_FALSE(done);
        EXPECT_EQ(done.error().message(), "RTM_DELLINK v0: Operation not permitted");
        EXPECT_EQ(::seteuid(0), 0);
    });
}

}  // namespace
}  // namespace fivetuple::testing_help

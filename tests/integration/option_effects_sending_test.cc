#include "fivetuple/os/clock.h"
#include "fivetuple/os/options.h"
#include "fivetuple/os/socket.h"

// linux/ethtool.h wants the types of the kernel before it.
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <linux/types.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include "tests/testing/capture.h"
#include "tests/testing/socket_kinds.h"
#include "tests/testing/testing.h"
#include "tests/testing/two_hosts.h"
#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <string>
#include <utility>

// What options change about the packets that leave, as somebody on the wire sees it.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

std::uint16_t port_of(const Socket& socket) { return socket.local_address().value().port(); }

std::pair<Socket, Socket> connect() { return connected_kind(SocketKind::tcp_v4).value(); }

void write(Socket& socket, std::string_view text) {
    EXPECT_TRUE(socket.write_all(bytes_of(text), after(monotonic_now(), 20s)));
}

void read(Socket& socket, std::size_t size) {
    std::vector<std::byte> room(size);
    EXPECT_TRUE(socket.read_exact(room, after(monotonic_now(), 20s)));
}

// Says what `exchange(capture)` showed, when it was quick: an acknowledgement is put off for 40 ms
// at least, and a machine that lets us wait for longer shows nothing. It is tried again then.
template <class Exchange>
std::string shown_in_time(Exchange exchange) {
    for (int tries = 0; tries < 50; ++tries) {
        Capture capture("lo");
        bool is_in_time = false;
        std::string shown = exchange(capture, is_in_time);
        if (is_in_time) return shown;
    }
    return "this machine is too slow";
}

// The segments that three small writes become.
std::string three_writes(const NoDelay& option) {
    return shown_in_time([&](Capture& capture, bool& is_in_time) {
        auto [client, server] = connect();
        EXPECT_TRUE(set(client, option));
        // Acknowledgements are put off from the beginning.
        EXPECT_TRUE(set(server, QuickAck{{false}}));
        const Time began = monotonic_now();
        for (const char* text : {"head", "body", "tail"}) write(client, text);
        is_in_time = monotonic_now() - began < 20ms;
        read(server, 12);
        return capture.texts_from(port_of(client));
    });
}

TEST(OptionEffects, E2_NagleHoldsSmallWritesUntilTheFirstIsAcknowledged) {
    on_own_network([] {
        EXPECT_EQ(three_writes(NoDelay{{false}}), "head|bodytail");
        EXPECT_EQ(three_writes(NoDelay{}), "head|body|tail");
    });
}

TEST(OptionEffects, E2_J7_CorkMakesOneSegmentOfHeaderAndBody) {
    on_own_network([] {
        const std::string corked = shown_in_time([](Capture& capture, bool& is_in_time) {
            auto [client, server] = connect();
            EXPECT_TRUE(set(client, NoDelay{}));
            EXPECT_TRUE(set(client, Cork{}));
            const Time began = monotonic_now();
            write(client, "header");
            write(client, "body");
            EXPECT_TRUE(set(client, Cork{{false}}));
            // A cork comes out by itself after 200 ms.
            is_in_time = monotonic_now() - began < 100ms;
            read(server, 10);
            return capture.texts_from(port_of(client));
        });
        EXPECT_EQ(corked, "headerbody");
    });
}

// What the server's first segment after a question is.
std::string answer_to_question(bool quick) {
    return shown_in_time([&](Capture& capture, bool& is_in_time) {
        auto [client, server] = connect();
        EXPECT_TRUE(set(server, QuickAck{{quick}}));
        const std::size_t before = capture.packets().size();
        const Time began = monotonic_now();
        write(client, "question");
        read(server, 8);
        write(server, "answer");
        is_in_time = monotonic_now() - began < 20ms;
        read(client, 6);
        for (std::size_t at = before; at < capture.packets().size(); ++at) {
            const CapturedPacket& each = capture.packets()[at];
            if (each.from_port == port_of(server)) return each.text;
        }
        return std::string("nothing");
    });
}

TEST(OptionEffects, E2_QuickAckAnswersAtOnceElseTheAnswerCarriesTheAcknowledgement) {
    on_own_network([] {
        EXPECT_EQ(answer_to_question(true), "");
        EXPECT_EQ(answer_to_question(false), "answer");
    });
}

// Segments leave one by one instead of many in one that the device would cut.
void turn_off_offload(const char* interface) {
    const auto socket = Socket::open(Family::ipv4, SocketType::datagram);
    for (const std::uint32_t command : {ETHTOOL_STSO, ETHTOOL_SGSO}) {
        ethtool_value off{command, 0};
        ifreq request{};
        std::strncpy(request.ifr_name, interface, IFNAMSIZ - 1);
        request.ifr_data = reinterpret_cast<char*>(&off);
        EXPECT_EQ(::ioctl(socket->fd().raw(), SIOCETHTOOL, &request), 0) << std::strerror(errno);
    }
}

TEST(OptionEffects, E2_MaxSegmentIsToldInTheSynAndKeptByThePeer) {
    on_own_network([] {
        turn_off_offload("lo");
        Capture capture("lo");
        auto listener = Socket::listen_on({IpAddress::loopback_v4(), 0});
        auto client = Socket::open(Family::ipv4, SocketType::stream);
        EXPECT_TRUE(set(*client, MaxSegment{{600}}));
        EXPECT_TRUE(client->connect(listener->local_address().value()));
        auto server = listener->accept();
        const std::string text = some_text(5000);
        write(*server, text);
        read(*client, text.size());
        std::size_t longest = 0;
        std::size_t segments = 0;
        for (const CapturedPacket& each : capture.packets()) {
            EXPECT_TRUE(each.from_port != port_of(*client) || !each.syn || each.largest == 600);
            if (each.from_port != port_of(*server) || each.text.empty()) continue;
            longest = std::max(longest, each.text.size());
            ++segments;
        }
        EXPECT_LE(longest, 600u) << capture.to_string();
        EXPECT_GT(longest, 500u);
        EXPECT_GE(segments, 9u);
    });
}

// The window that a client's SYN offers.
unsigned first_window(int clamp) {
    Capture capture("lo");
    auto listener = Socket::listen_on({IpAddress::loopback_v4(), 0});
    auto client = Socket::open(Family::ipv4, SocketType::stream);
    EXPECT_TRUE(clamp == 0 || set(*client, WindowClamp{{clamp}}));
    EXPECT_TRUE(client->connect(listener->local_address().value()));
    const auto is_first = [&](const CapturedPacket& each) {
        return each.from_port == port_of(*client) && each.syn;
    };
    EXPECT_TRUE(capture.saw(is_first));
    return std::ranges::find_if(capture.packets(), is_first)->window;
}

// Only of the first: when bytes have come, Linux 6.18 works out another clamp from the buffer.
TEST(OptionEffects, E2_WindowClampBoundsTheFirstWindowThatIsOffered) {
    on_own_network([] {
        EXPECT_EQ(first_window(5000), 5000u);
        EXPECT_GT(first_window(0), 5000u);
    });
}

TEST(OptionEffects, E2_HopsAndServiceByteStandInEveryPacket) {
    on_own_network([] {
        Capture capture("lo");
        auto [client, server] = connect();
        EXPECT_TRUE(set(client, TimeToLive{{7}}));
        EXPECT_TRUE(set(client, TypeOfService{ServiceByte::from_byte(0x48)}));
        write(client, "marked");
        read(server, 6);
        const auto is_marked = [](const CapturedPacket& each) { return each.text == "marked"; };
        ASSERT_TRUE(capture.saw(is_marked));
        const auto found = std::ranges::find_if(capture.packets(), is_marked);
        EXPECT_EQ(found->ttl, 7);
        EXPECT_EQ(found->tos, 0x48);
    });
}

TEST(OptionEffects, E2_PathMtuDiscoveryForbidsRoutersToCut) {
    on_own_network([] {
        Capture capture("lo");
        auto pair = connected_kind(SocketKind::udp_v4);
        EXPECT_TRUE(set(pair->first, MtuDiscovery{{PathMtu::fragment}}));
        write(pair->first, "may be cut");
        EXPECT_TRUE(set(pair->first, MtuDiscovery{{PathMtu::forbid}}));
        write(pair->first, "must not be");
        EXPECT_TRUE(capture.saw([](const CapturedPacket& each) {
            return each.text == "may be cut" && each.may_be_cut;
        }));
        EXPECT_TRUE(capture.saw([](const CapturedPacket& each) {
            return each.text == "must not be" && !each.may_be_cut;
        }));
    });
}

}  // namespace
}  // namespace fivetuple::testing_help

#include "fivetuple/os/options/timestamps.h"

#include <sys/socket.h>

#include "tests/testing/option_checks.h"

namespace fivetuple {
namespace {

using testing_help::connected_kind;
using testing_help::expect_kept;
using testing_help::open_kind;

TEST(TimestampOptions, AreKept) {
    expect_kept<Timestamp>({{true}, {false}});
    expect_kept<TimestampNanoseconds>({{true}, {false}});
    expect_kept<Timestamping>({{Stamps()},
                               {Stamp::receive_software | Stamp::software},
                               {Stamp::send_software | Stamp::send_scheduled | Stamp::software}});
    expect_kept<Timestamping>({{Stamp::send_software | Stamp::number | Stamp::time_only}}, kUdp);
    expect_kept<TransmitTime>(
        {{SendClock::monotonic, false, false}, {SendClock::monotonic, true, true}});
    if (::geteuid() == 0) expect_kept<TransmitTime>({{SendClock::tai, true, false}});
}

TEST(TimestampOptions, TcpNumbersItsSendsOnceItIsConnected) {
    auto lone = open_kind(SocketKind::tcp_v4);
    const auto refused = set(*lone, Timestamping{Stamp::send_software | Stamp::number});
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(EINVAL)) << refused.error().message();
    auto pair = connected_kind(SocketKind::tcp_v4);
    EXPECT_TRUE(set(pair->first, Timestamping{Stamp::send_software | Stamp::number}));
}

TEST(TimestampOptions, NanosecondsTakeThePlaceOfMicroseconds) {
    auto socket = open_kind(SocketKind::udp_v4);
    ASSERT_TRUE(set(*socket, Timestamp{}));
    ASSERT_TRUE(set(*socket, TimestampNanoseconds{}));
    EXPECT_FALSE(get<Timestamp>(*socket)->on);
    EXPECT_TRUE(get<TimestampNanoseconds>(*socket)->on);
}

TEST(TimestampOptions, ADatagramComesWithItsTime) {
    auto pair = connected_kind(SocketKind::udp_v4);
    ASSERT_TRUE(set(pair->second, TimestampNanoseconds{}));
    ASSERT_TRUE(pair->first.write_some(bytes_of("x")));
    char byte = 0;
    alignas(cmsghdr) char room[64];
    iovec into{&byte, 1};
    msghdr message{};
    message.msg_iov = &into;
    message.msg_iovlen = 1;
    message.msg_control = room;
    message.msg_controllen = sizeof room;
    ASSERT_EQ(::recvmsg(pair->second.fd().raw(), &message, 0), 1);
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    ASSERT_NE(header, nullptr);
    EXPECT_EQ(header->cmsg_level, SOL_SOCKET);
    EXPECT_EQ(header->cmsg_type, SCM_TIMESTAMPNS);
}

TEST(TimestampOptions, AreSaidInWords) {
    EXPECT_EQ(Stamps().to_string(), "none");
    EXPECT_EQ((Stamp::receive_software | Stamp::software).to_string(), "receive_software software");
    EXPECT_EQ(Stamps::from_bits(1 << 5 | 1 << 4).to_string(), "software other bits 32");
    EXPECT_EQ((TransmitTime{SendClock::tai, true, true}.to_string()),
              "TAI clock, deadline, reports errors");
    EXPECT_EQ(TransmitTime{}.to_string(), "monotonic clock");
    EXPECT_EQ((TransmitTime{SendClock::wall}.to_string()), "wall clock");
}

}  // namespace
}  // namespace fivetuple

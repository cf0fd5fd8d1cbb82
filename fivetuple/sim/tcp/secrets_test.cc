#include "fivetuple/sim/tcp/secrets.h"

#include <gtest/gtest.h>

#include <chrono>

namespace fivetuple::sim::tcp {
namespace {

using namespace std::chrono_literals;

FiveTuple pair_of(std::uint16_t port) {
    return {Protocol::tcp, *SocketAddress::parse("10.0.0.1:7"),
            SocketAddress(*IpAddress::parse("10.0.1.1"), port)};
}

TEST(TcpSecrets, ACookieComesBackWithTheSizeUpToTwoMinutes) {
    Random random(1);
    const Secrets secrets(random);
    const Time now{90s};
    const Sequence cookie = secrets.syn_cookie(pair_of(1000), Sequence(77), 1460, now);
    EXPECT_EQ(secrets.read_syn_cookie(pair_of(1000), Sequence(77), cookie, now + 30s), 1460);
    EXPECT_FALSE(secrets.read_syn_cookie(pair_of(1000), Sequence(77), cookie, now + 5min));
    EXPECT_FALSE(secrets.read_syn_cookie(pair_of(1001), Sequence(77), cookie, now));
}

TEST(TcpSecrets, ACookieIsNoneForAStreamThatBeginsAFewBytesLater) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        Random random(seed);
        const Secrets secrets(random);
        const Sequence theirs(static_cast<std::uint32_t>(random.next()));
        const Sequence cookie = secrets.syn_cookie(pair_of(1000), theirs, 1460, Time{1s});
        for (std::uint32_t lost = 1; lost <= 8; ++lost) {
            EXPECT_FALSE(secrets.read_syn_cookie(pair_of(1000), theirs + lost, cookie, Time{1s}))
                << lost << " bytes were lost, seed " << seed;
        }
    }
}

}  // namespace
}  // namespace fivetuple::sim::tcp

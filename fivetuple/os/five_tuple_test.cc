#include "fivetuple/os/five_tuple.h"

#include "tests/testing/testing.h"
#include <set>
#include <unordered_set>

namespace fivetuple {
namespace {

FiveTuple tuple(Protocol protocol, const char* local, const char* peer) {
    return {protocol, SocketAddress::parse(local).value(), SocketAddress::parse(peer).value()};
}

TEST(FiveTuple, PrintsOursThenThePeers) {
    EXPECT_EQ(tuple(Protocol::tcp, "10.0.0.1:443", "10.0.0.7:51234").to_string(),
              "tcp 10.0.0.1:443 <-> 10.0.0.7:51234");
    EXPECT_EQ(tuple(Protocol::udp, "[::1]:53", "[::1]:5353").to_string(),
              "udp [::1]:53 <-> [::1]:5353");
    EXPECT_EQ(tuple(Protocol::unix_stream, "/run/a", "unix:").to_string(),
              "unix unix:/run/a <-> unix:");
}

TEST(FiveTuple, ReversedIsWhatTheOtherEndSees) {
    const FiveTuple ours = tuple(Protocol::udp, "10.0.0.1:443", "10.0.0.7:51234");
    EXPECT_EQ(ours.reversed(), tuple(Protocol::udp, "10.0.0.7:51234", "10.0.0.1:443"));
    EXPECT_EQ(ours.reversed().reversed(), ours);
    EXPECT_NE(ours.reversed(), ours);
}

TEST(FiveTuple, EachOfTheFiveMakesItAnother) {
    const FiveTuple all[] = {
        tuple(Protocol::tcp, "10.0.0.1:1", "10.0.0.2:2"),
        tuple(Protocol::udp, "10.0.0.1:1", "10.0.0.2:2"),
        tuple(Protocol::tcp, "10.0.0.3:1", "10.0.0.2:2"),
        tuple(Protocol::tcp, "10.0.0.1:3", "10.0.0.2:2"),
        tuple(Protocol::tcp, "10.0.0.1:1", "10.0.0.3:2"),
        tuple(Protocol::tcp, "10.0.0.1:1", "10.0.0.2:3"),
        tuple(Protocol::tcp, "10.0.0.2:2", "10.0.0.1:1"),
    };
    const std::set<FiveTuple> sorted(std::begin(all), std::end(all));
    const std::unordered_set<FiveTuple> hashed(std::begin(all), std::end(all));
    std::set<std::size_t> hashes;
    for (const FiveTuple& each : all) hashes.insert(each.hash());
    EXPECT_EQ(sorted.size(), std::size(all));
    EXPECT_EQ(hashed.size(), std::size(all));
    EXPECT_EQ(hashes.size(), std::size(all));
    EXPECT_EQ(all[0], tuple(Protocol::tcp, "10.0.0.1:1", "10.0.0.2:2"));
    EXPECT_EQ(all[0].hash(), tuple(Protocol::tcp, "10.0.0.1:1", "10.0.0.2:2").hash());
}

}  // namespace
}  // namespace fivetuple

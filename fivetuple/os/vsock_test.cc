#include "fivetuple/os/vsock.h"

#include "fivetuple/os/five_tuple.h"

#include "tests/testing/testing.h"
#include <string>

namespace fivetuple {
namespace {

TEST(VsockAddress, IsReadAndWritten) {
    const auto address = SocketAddress::parse("vsock:3:1234");
    ASSERT_TRUE(address) << address.error().message();
    EXPECT_EQ(address->family(), Family::vsock);
    EXPECT_TRUE(address->is_vsock());
    EXPECT_FALSE(address->is_ip());
    EXPECT_EQ(address->cid(), 3U);
    EXPECT_EQ(address->vsock_port(), 1234U);
    EXPECT_EQ(address->port(), 0);
    EXPECT_EQ(address->to_string(), "vsock:3:1234");
    EXPECT_EQ(SocketAddress::parse("vsock:*:0")->to_string(), "vsock:*:0");
    EXPECT_EQ(SocketAddress::parse("vsock:*:0")->cid(), SocketAddress::kAnyCid);
    EXPECT_EQ(SocketAddress::parse("vsock:local:5")->to_string(), "vsock:1:5");
    EXPECT_EQ(SocketAddress::parse("vsock:host:5")->to_string(), "vsock:2:5");
    EXPECT_EQ(SocketAddress::parse("vsock:2:4294967294")->vsock_port(), 4294967294U);
}

TEST(VsockAddress, TheKernelIsAskedToChooseByPortZero) {
    const auto address = SocketAddress::vsock(SocketAddress::kAnyCid, 0);
    EXPECT_EQ(reinterpret_cast<const sockaddr_vm*>(address.raw())->svm_port, VMADDR_PORT_ANY);
    EXPECT_EQ(address.vsock_port(), 0U);
    EXPECT_EQ(address.raw_size(), sizeof(sockaddr_vm));
    const auto back = SocketAddress::from_raw(address.raw(), address.raw_size());
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, address);
    EXPECT_EQ(back->hash(), address.hash());
    EXPECT_FALSE(SocketAddress::from_raw(address.raw(), address.raw_size() - 1));
}

TEST(VsockAddress, HasAnOrder) {
    const auto one = SocketAddress::vsock(3, 7);
    EXPECT_LT(one, SocketAddress::vsock(4, 1));
    EXPECT_LT(one, SocketAddress::vsock(3, 8));
    EXPECT_EQ(one, SocketAddress::vsock(3, 7));
    EXPECT_NE(one, SocketAddress(IpAddress::loopback_v4(), 7));
    EXPECT_EQ((FiveTuple{stream_protocol(one), one, SocketAddress::vsock(2, 9)}.to_string()),
              "vsock vsock:3:7 <-> vsock:2:9");
}

TEST(VsockAddress, SaysWhatIsWrongWithAText) {
    const auto why = [](const char* text) {
        const auto parsed = SocketAddress::parse(text);
        return parsed ? std::string("it was read") : parsed.error().reason();
    };
    EXPECT_EQ(why("vsock:"), "it has no port; write it as vsock:MACHINE:PORT");
    EXPECT_EQ(why("vsock:3"), "it has no port; write it as vsock:MACHINE:PORT");
    EXPECT_EQ(why("vsock::3"), "a machine of vsock is a number, `*`, `local` or `host`, not \"\"");
    EXPECT_EQ(why("vsock:here:3"),
              "a machine of vsock is a number, `*`, `local` or `host`, not \"here\"");
    EXPECT_EQ(why("vsock:3:"), "the port \"\" is not a number below 4294967295");
    EXPECT_EQ(why("vsock:3:x"), "the port \"x\" is not a number below 4294967295");
    EXPECT_EQ(why("vsock:3:4294967295"),
              "the port \"4294967295\" is not a number below 4294967295");
    EXPECT_EQ(why("vsock:3:4:5"), "the port \"4:5\" is not a number below 4294967295");
}

// Nothing is sent to find out.
TEST(Vsock, ItIsKnownWhetherThisMachineCanConnectToItself) {
    const testing_help::NoDescriptorLeaks no_leaks;
    const auto self = SocketAddress::vsock(SocketAddress::kLocalCid, 1234);
    EXPECT_EQ(check_vsock_peer(self).has_value(), has_vsock_loopback());
    const auto own = local_cid();
    if (own) {
        EXPECT_EQ(check_vsock_peer(SocketAddress::vsock(*own, 1)).has_value(),
                  has_vsock_loopback());
    } else {
        EXPECT_FALSE(own.error().message().empty());
    }
    EXPECT_TRUE(check_vsock_peer(SocketAddress::vsock(SocketAddress::kHostCid, 1)));
    EXPECT_FALSE(check_vsock_peer(SocketAddress(IpAddress::loopback_v4(), 1)));
}

}  // namespace
}  // namespace fivetuple

#include "fivetuple/os/address.h"

#include <netinet/in.h>
#include <sys/un.h>

#include "tests/testing/testing.h"
#include <cstddef>
#include <cstring>

namespace fivetuple {
namespace {

// What a system call might have filled in, truthfully or not.
class RawAddress {
public:
    explicit RawAddress(int family) { raw_.any.sa_family = static_cast<sa_family_t>(family); }
    RawAddress(int family, std::string_view path) : RawAddress(family) {
        path.copy(raw_.un.sun_path, sizeof raw_.un.sun_path);
    }
    Result<SocketAddress> read(std::size_t size) const {
        return SocketAddress::from_raw(&raw_.any, static_cast<socklen_t>(size));
    }

    union {
        sockaddr any;
        sockaddr_in v4;
        sockaddr_in6 v6;
        sockaddr_un un;
        sockaddr_storage all{};
    } raw_;
};

constexpr std::size_t kUnixHeader = offsetof(sockaddr_un, sun_path);

TEST(RawSocketAddress, WhatTheKernelIsGivenItGivesBack) {
    for (const auto* text : {"10.0.0.1:80", "[2001:db8::1]:443", "[fe80::1%lo]:1", "/run/a.sock",
                             "@name", "@", "@a\\x00b", "unix:"}) {
        const auto address = SocketAddress::parse(text);
        ASSERT_TRUE(address.has_value()) << text;
        const auto again = SocketAddress::from_raw(address->raw(), address->raw_size());
        ASSERT_TRUE(again.has_value()) << text;
        EXPECT_EQ(*again, *address) << text;
        EXPECT_EQ(again->hash(), address->hash()) << text;
        EXPECT_EQ(again->raw_size(), address->raw_size()) << text;
    }
}

TEST(RawSocketAddress, ByteOrderIsTheNetworks) {
    const SocketAddress address(IpAddress::loopback_v4(), 0x1234);
    const auto* raw = reinterpret_cast<const sockaddr_in*>(address.raw());
    EXPECT_EQ(raw->sin_port, htons(0x1234));
    EXPECT_EQ(raw->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
}

TEST(RawSocketAddress, ALengthThatCannotBeIsRefused) {
    const RawAddress v4(AF_INET);
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, sizeof(sockaddr_storage), std::size_t{4'000'000'000}}) {
        const auto read = v4.read(size);
        ASSERT_FALSE(read.has_value()) << size;
        EXPECT_EQ(read.error().message(), "address: its length is impossible") << size;
    }
}

TEST(RawSocketAddress, ALengthThatIsNotItsFamilysIsRefused) {
    struct Lie {
        int family;
        std::size_t size;
    };
    for (const auto& [family, size] :
         {Lie{AF_INET, 2}, Lie{AF_INET, sizeof(sockaddr_in) - 1},
          Lie{AF_INET, sizeof(sockaddr_in) + 1}, Lie{AF_INET, sizeof(sockaddr_in6)},
          Lie{AF_INET6, sizeof(sockaddr_in)}, Lie{AF_INET6, sizeof(sockaddr_in6) - 4},
          Lie{AF_INET6, sizeof(sockaddr_in6) + 1}, Lie{AF_UNIX, sizeof(sockaddr_un) + 1},
          Lie{AF_UNSPEC, sizeof(sockaddr_in)}, Lie{AF_NETLINK, 12}, Lie{AF_PACKET, 20},
          Lie{0xffff, 16}}) {
        const auto read = RawAddress(family).read(size);
        ASSERT_FALSE(read.has_value()) << family << ", " << size;
        EXPECT_EQ(read.error().message(), "address: its family or length is unknown");
        EXPECT_EQ(read.error().cause(), Cause::malformed);
    }
}

TEST(RawSocketAddress, APathEndsAtItsZeroByteOrAtItsLengthWhicheverComesFirst) {
    const RawAddress path(AF_UNIX, "/a/b");
    EXPECT_EQ(path.read(kUnixHeader + 4)->unix_name(), "/a/b");
    EXPECT_EQ(path.read(kUnixHeader + 5)->unix_name(), "/a/b");
    EXPECT_EQ(path.read(sizeof(sockaddr_un))->unix_name(), "/a/b");
    EXPECT_EQ(path.read(kUnixHeader + 2)->unix_name(), "/a");
    EXPECT_EQ(*path.read(kUnixHeader + 4), *path.read(sizeof(sockaddr_un)));
    EXPECT_EQ(path.read(kUnixHeader + 4)->hash(), path.read(sizeof(sockaddr_un))->hash());
}

TEST(RawSocketAddress, APathThatFillsItsRoomWithoutAZeroByteIsRefused) {
    const RawAddress path(AF_UNIX, std::string(108, 'p'));
    EXPECT_EQ(path.read(sizeof(sockaddr_un)).error().cause(), Cause::limit);
    EXPECT_EQ(path.read(sizeof(sockaddr_un) - 1)->unix_name(), std::string(107, 'p'));
}

TEST(RawSocketAddress, AnAbstractNameHasExactlyTheBytesOfItsLength) {
    const RawAddress abstract(AF_UNIX, std::string_view("\0ab\0c", 5));
    EXPECT_EQ(abstract.read(kUnixHeader + 1)->to_string(), "unix:@");
    EXPECT_EQ(abstract.read(kUnixHeader + 3)->to_string(), "unix:@ab");
    EXPECT_EQ(abstract.read(kUnixHeader + 5)->to_string(), "unix:@ab\\x00c");
    EXPECT_EQ(abstract.read(sizeof(sockaddr_un))->unix_name().size(), 107u);
    EXPECT_NE(*abstract.read(kUnixHeader + 5), *abstract.read(kUnixHeader + 6));
}

TEST(RawSocketAddress, AUnixAddressOfOnlyAFamilyIsUnnamed) {
    EXPECT_TRUE(RawAddress(AF_UNIX, "/left over").read(kUnixHeader)->is_unnamed());
}

TEST(RawSocketAddress, PaddingAndFlowLabelDoNotMakeAnotherAddress) {
    RawAddress one(AF_INET), other(AF_INET);
    std::memset(other.raw_.v4.sin_zero, 0xff, sizeof other.raw_.v4.sin_zero);
    EXPECT_EQ(*one.read(sizeof(sockaddr_in)), *other.read(sizeof(sockaddr_in)));
    RawAddress six(AF_INET6), labelled(AF_INET6);
    labelled.raw_.v6.sin6_flowinfo = 7;
    EXPECT_EQ(*six.read(sizeof(sockaddr_in6)), *labelled.read(sizeof(sockaddr_in6)));
    EXPECT_EQ(six.read(sizeof(sockaddr_in6))->hash(), labelled.read(sizeof(sockaddr_in6))->hash());
}

}  // namespace
}  // namespace fivetuple

#include "fivetuple/os/option_catalogue.h"
#include "fivetuple/os/options.h"
#include "fivetuple/os/socket.h"

#include "tests/testing/testing.h"
#include <string>

namespace fivetuple {
namespace {

Socket tcp() {
    auto socket = Socket::open(Family::ipv4, SocketType::stream);
    EXPECT_TRUE(socket.has_value());
    return *std::move(socket);
}

// What became of it: "ok", or the error.
std::string written(Socket& socket, const char* name, std::string_view text) {
    const OptionEntry* entry = find_option(name);
    EXPECT_NE(entry, nullptr);
    EXPECT_NE(entry->write, nullptr) << name;
    const auto done = entry->write(OptionAccess(socket), text);
    return done ? "ok" : done.error().message();
}

TEST(OptionText, ASwitchIsOnOrOff) {
    Socket socket = tcp();
    for (const char* on : {"on", "1"}) {
        EXPECT_EQ(written(socket, "TCP_NODELAY", "off"), "ok");
        EXPECT_FALSE(get<NoDelay>(socket)->on);
        EXPECT_EQ(written(socket, "TCP_NODELAY", on), "ok");
        EXPECT_TRUE(get<NoDelay>(socket)->on);
    }
    EXPECT_EQ(written(socket, "TCP_NODELAY", "yes"),
              "setsockopt TCP_NODELAY: it takes on or off, not \"yes\"");
}

TEST(OptionText, ANumberAndALengthOfTimeAreInTheirUnit) {
    Socket socket = tcp();
    EXPECT_EQ(written(socket, "TCP_KEEPIDLE", "30"), "ok");
    EXPECT_EQ(get<KeepAliveIdle>(socket)->value, std::chrono::seconds(30));
    EXPECT_EQ(written(socket, "TCP_USER_TIMEOUT", "1500"), "ok");
    EXPECT_EQ(get<UserTimeout>(socket)->value, std::chrono::milliseconds(1500));
    EXPECT_EQ(written(socket, "TCP_SYNCNT", "3"), "ok");
    EXPECT_EQ(get<SynRetries>(socket)->value, 3);
    EXPECT_EQ(written(socket, "TCP_KEEPIDLE", "30s"),
              "setsockopt TCP_KEEPIDLE: it takes a whole number (s), not \"30s\"");
    EXPECT_EQ(written(socket, "TCP_SYNCNT", ""),
              "setsockopt TCP_SYNCNT: it takes a whole number (retries), not \"\"");
    EXPECT_EQ(written(socket, "SO_RCVBUF", "4294967296"),
              "setsockopt SO_RCVBUF: the number is too large");
    EXPECT_NE(written(socket, "TCP_KEEPIDLE", "0"), "ok") << "its range is looked at, too";
}

TEST(OptionText, ANameAndAWordAreThemselves) {
    Socket socket = tcp();
    EXPECT_EQ(written(socket, "TCP_CONGESTION", "reno"), "ok");
    EXPECT_EQ(get<CongestionControl>(socket)->value, "reno");
    EXPECT_EQ(written(socket, "IP_MTU_DISCOVER", "probe"), "ok");
    EXPECT_NE(written(socket, "IP_MTU_DISCOVER", "sometimes").find(" or "), std::string::npos);
}

TEST(OptionText, WhatIsMoreThanOneWordHasNone) {
    for (const char* name : {"SO_LINGER", "TCP_MD5SIG", "IP_ADD_MEMBERSHIP", "SO_TYPE"}) {
        ASSERT_NE(find_option(name), nullptr);
        EXPECT_EQ(find_option(name)->write, nullptr) << name;
    }
}

TEST(OptionText, EverySwitchNumberAndTimeThatCanBeSetHasOne) {
    for (const OptionEntry& each : option_catalogue()) {
        const bool is_plain = each.form == "switch" || each.form == "number" || each.form == "time";
        const bool has_several = each.type == "MaxPacingRate";  // A number, or none.
        if (each.is_settable && is_plain && !has_several) {
            EXPECT_NE(each.write, nullptr) << each.key.name;
        }
    }
}

}  // namespace
}  // namespace fivetuple

#include "fivetuple/os/hardware_address.h"

#include "tests/testing/testing.h"
#include <string>
#include <vector>

namespace fivetuple {
namespace {

TEST(HardwareAddressTest, IsReadAsItIsWritten) {
    for (const char* text : {"02:00:5e:10:00:01", "ff", "00:00:00:00:00:00:00:00"}) {
        const auto address = HardwareAddress::parse(text);
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(address->to_string(), text);
        EXPECT_EQ(HardwareAddress::from_bytes(address->bytes()).value(), *address);
    }
    EXPECT_EQ(HardwareAddress::parse("0A:FF")->to_string(), "0a:ff");
    EXPECT_EQ(HardwareAddress().to_string(), "");
    EXPECT_TRUE(HardwareAddress().empty());
}

TEST(HardwareAddressTest, WhatIsNoneIsAnErrorThatNamesIt) {
    for (const char* text : {"", "0", "000", "02:", ":02", "02:0g", "02-00", "0x:01", "+1", " 1"}) {
        const auto address = HardwareAddress::parse(text);
        ASSERT_FALSE(address) << text;
        EXPECT_EQ(address.error().message(),
                  "hardware address \"" + std::string(text) +
                      "\": it is not pairs of hexadecimal digits with colons");
    }
    std::string long_text = "00";
    for (int more = 0; more < 31; ++more) long_text += ":00";
    EXPECT_TRUE(HardwareAddress::parse(long_text));
    EXPECT_EQ(HardwareAddress::parse(long_text + ":00").error().cause(), Cause::limit);
    EXPECT_FALSE(HardwareAddress::from_bytes(std::vector<std::byte>(33)));
}

}  // namespace
}  // namespace fivetuple

#include "fivetuple/cli/units.h"

#include "tests/testing/testing.h"
#include <chrono>
#include <string>

namespace fivetuple {
namespace {

using namespace std::chrono_literals;

std::string why_not(const auto& result) {
    return result ? "it was read" : std::string(result.error().message());
}

TEST(Units, ReadsDurations) {
    struct {
        const char* text;
        Duration length;
    } constexpr kGood[] = {{"250ms", 250ms}, {"1.5s", 1500ms},     {"2m", 2min},
                           {"2min", 2min},   {"1h", 1h},           {"50us", 50us},
                           {"7ns", 7ns},     {"0", 0ns},           {"0.25", 250ms},
                           {"10", 10s},      {"1e3ms", 1s},        {"2MS", 2ms},
                           {".5s", 500ms},   {"0.4ns", 0ns},       {"2500000h", 2500000h},
                           {"-0s", 0ns},     {"1.0000000001s", 1s}};
    for (const auto& each : kGood) {
        const auto length = parse_duration(each.text);
        ASSERT_TRUE(length.has_value()) << each.text;
        EXPECT_EQ(*length, each.length) << each.text;
    }
}

TEST(Units, SaysHowADurationIsWritten) {
    for (const std::string text :
         {"",      "s",        "ms",     "1x",    "-1s",  "1 s",       " 1s",
          "1s ",   "+1s",      "1.5.2s", "nan",   "inf",  "infs",      "0x10",
          "1e400", "2600000h", "9.3e9",  "1s2ms", "\xff", "1\xc2\xb5s"}) {
        EXPECT_EQ(why_not(parse_duration(text)),
                  "duration \"" + text + "\": write it as 250ms, 1.5s, 2m or 1h");
    }
}

TEST(Units, ReadsNumbersOfBytes) {
    struct {
        const char* text;
        std::uint64_t bytes;
    } constexpr kGood[] = {{"0", 0},
                           {"64", 64},
                           {"64b", 64},
                           {"16k", 16384},
                           {"16K", 16384},
                           {"16KiB", 16384},
                           {"1m", 1 << 20},
                           {"1MiB", 1 << 20},
                           {"2GiB", std::uint64_t{2} << 30},
                           {"0.5k", 512},
                           {"1.5M", 1572864},
                           {"9007199254740991", 9007199254740991},
                           {"8000000g", std::uint64_t{8'000'000} << 30}};
    for (const auto& each : kGood) {
        const auto bytes = parse_bytes(each.text);
        ASSERT_TRUE(bytes.has_value()) << each.text;
        EXPECT_EQ(*bytes, each.bytes) << each.text;
    }
}

TEST(Units, SaysHowANumberOfBytesIsWritten) {
    for (const std::string text :
         {"", "k", "1kb", "1mb", "1t", "-1", "1 k", "ten", "9.3e18", "9000000000g", "nan"}) {
        EXPECT_EQ(why_not(parse_bytes(text)),
                  "size \"" + text + "\": write it as 64, 16KiB or 1MiB");
    }
}

TEST(Units, WritesDurationsWithThreeDigitsThatMatter) {
    struct {
        Duration length;
        const char* text;
    } constexpr kShown[] = {{0ns, "0 ns"},
                            {1ns, "1 ns"},
                            {999ns, "999 ns"},
                            {1us, "1.00 us"},
                            {4610ns, "4.61 us"},
                            {9994ns, "9.99 us"},
                            {9996ns, "10.0 us"},
                            {99'940ns, "99.9 us"},
                            {99'960ns, "100 us"},
                            {999'499ns, "999 us"},
                            {999'500ns, "1.00 ms"},
                            {70ms, "70.0 ms"},
                            {1500ms, "1.50 s"},
                            {999'499'999ns, "999 ms"},
                            {999'500us, "1.00 s"},
                            {15min, "900 s"},
                            {24h, "86400 s"},
                            {-4610ns, "-4.61 us"},
                            {Duration::max(), "9223372037 s"}};
    for (const auto& each : kShown) EXPECT_EQ(format_duration(each.length), each.text);
}

TEST(Units, WritesBytesInTheUnitThatFits) {
    struct {
        double bytes;
        const char* text;
    } constexpr kShown[] = {{0, "0 B"},
                            {270, "270 B"},
                            {1023, "1023 B"},
                            {1023.5, "1.00 KiB"},
                            {1536, "1.50 KiB"},
                            {10240, "10.0 KiB"},
                            {102400, "100 KiB"},
                            {1023.0 * 1024, "1023 KiB"},
                            {67108864, "64.0 MiB"},
                            {3.1 * 1024 * 1024 * 1024, "3.10 GiB"},
                            {2048.0 * 1024 * 1024 * 1024 * 1024, "2048 TiB"}};
    for (const auto& each : kShown) EXPECT_EQ(format_bytes(each.bytes), each.text);
}

TEST(Units, WritesCountsInGroupsOfThreeDigits) {
    EXPECT_EQ(format_count(0), "0");
    EXPECT_EQ(format_count(999), "999");
    EXPECT_EQ(format_count(1000), "1,000");
    EXPECT_EQ(format_count(1234567), "1,234,567");
    EXPECT_EQ(format_count(100000), "100,000");
    EXPECT_EQ(format_count(UINT64_MAX), "18,446,744,073,709,551,615");
}

TEST(Units, WritesNumbersWithThreeDigits) {
    EXPECT_EQ(format_number(0), "0.00");
    EXPECT_EQ(format_number(1.234), "1.23");
    EXPECT_EQ(format_number(12.34), "12.3");
    EXPECT_EQ(format_number(123.4), "123");
    EXPECT_EQ(format_number(-12.34), "-12.3");
    EXPECT_EQ(format_number(123456), "123456");
}

TEST(Units, ReadsBitRates) {
    struct {
        const char* text;
        std::uint64_t bits;
    } constexpr kGood[] = {{"10mbit", 10'000'000}, {"1Gbit", 1'000'000'000}, {"56kbit", 56'000},
                           {"9600bit", 9'600},     {"1.5mbit", 1'500'000},   {"0bit", 0}};
    for (const auto& each : kGood) {
        const auto bits = parse_bit_rate(each.text);
        ASSERT_TRUE(bits.has_value()) << each.text;
        EXPECT_EQ(*bits, each.bits) << each.text;
    }
    for (const std::string text : {"", "10", "10m", "10mb", "mbit", "-1mbit", "1e30gbit"}) {
        EXPECT_EQ(why_not(parse_bit_rate(text)),
                  "rate \"" + text + "\": write it as 10mbit, 1gbit or 56kbit");
    }
}

TEST(Units, ReadsShares) {
    EXPECT_EQ(parse_share("2%").value(), 0.02);
    EXPECT_EQ(parse_share("0.02").value(), 0.02);
    EXPECT_EQ(parse_share("0").value(), 0.0);
    EXPECT_EQ(parse_share("100%").value(), 1.0);
    EXPECT_EQ(why_not(parse_share("101%")), "share \"101%\": it is more than all");
    for (const std::string text : {"", "%", "-1%", "2 %", "two", "nan"}) {
        EXPECT_EQ(why_not(parse_share(text)), "share \"" + text + "\": write it as 2% or 0.02");
    }
}

}  // namespace
}  // namespace fivetuple

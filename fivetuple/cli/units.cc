#include "fivetuple/cli/units.h"

#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <iterator>

namespace fivetuple {
namespace {

struct Unit {
    std::string_view name;
    double factor;
};

constexpr Unit kTimes[] = {{"", 1e9},  {"ns", 1},   {"us", 1e3},   {"ms", 1e6},
                           {"s", 1e9}, {"m", 60e9}, {"min", 60e9}, {"h", 3600e9}};
constexpr double kKi = 1024;
constexpr Unit kSizes[] = {
    {"", 1},         {"b", 1},          {"k", kKi},           {"kib", kKi},
    {"m", kKi* kKi}, {"mib", kKi* kKi}, {"g", kKi* kKi* kKi}, {"gib", kKi* kKi* kKi}};
constexpr Unit kBitRates[] = {
    {"bit", 1}, {"kbit", 1e3}, {"mbit", 1e6}, {"gbit", 1e9}, {"tbit", 1e12}};
constexpr Unit kShares[] = {{"", 1}, {"%", 0.01}};

template <std::size_t N>
Result<double> parse_with(std::string_view text, const Unit (&units)[N], const char* what,
                          std::string_view forms) {
    double value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    std::string unit(end, text.data() + text.size());
    for (char& letter : unit) {
        letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    }
    if (failure == std::errc() && std::isfinite(value) && value >= 0) {
        for (const Unit& each : units) {
            if (each.name == unit && value * each.factor < 9.2e18) return value * each.factor;
        }
    }
    return std::unexpected(Error::malformed(what, "write it as " + std::string(forms))
                               .about("\"" + std::string(text) + "\""));
}

std::string printed(const char* format, double value, const char* unit) {
    char room[64];
    std::snprintf(room, sizeof room, format, value, unit);
    return room;
}

const char* digits_for(double value) {
    if (value >= 99.95) return "%.0f%s";
    if (value >= 9.995) return "%.1f%s";
    return "%.2f%s";
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
    FT_TRY(const double value, parse_with(text, kTimes, "duration", "250ms, 1.5s, 2m or 1h"));
    return Duration(std::llround(value));
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
    FT_TRY(const double value, parse_with(text, kSizes, "size", "64, 16KiB or 1MiB"));
    return static_cast<std::uint64_t>(std::llround(value));
}

Result<std::uint64_t> parse_bit_rate(std::string_view text) {
    FT_TRY(const double value, parse_with(text, kBitRates, "rate", "10mbit, 1gbit or 56kbit"));
    return static_cast<std::uint64_t>(std::llround(value));
}

Result<double> parse_share(std::string_view text) {
    FT_TRY(const double value, parse_with(text, kShares, "share", "2% or 0.02"));
    if (value <= 1) return value;
    return std::unexpected(
        Error::malformed("share", "it is more than all").about("\"" + std::string(text) + "\""));
}

std::string format_duration(Duration length) {
    const auto value = static_cast<double>(length.count());
    const double size = std::abs(value);
    if (size < 999.5) return printed("%.0f%s", value, " ns");
    if (size < 999.5e3) return printed(digits_for(size / 1e3), value / 1e3, " us");
    if (size < 999.5e6) return printed(digits_for(size / 1e6), value / 1e6, " ms");
    return printed(digits_for(size / 1e9), value / 1e9, " s");
}

std::string format_bytes(double bytes) {
    constexpr const char* kUnits[] = {" B", " KiB", " MiB", " GiB", " TiB"};
    std::size_t unit = 0;
    while (bytes >= 1023.5 && unit + 1 < std::size(kUnits)) {
        bytes /= kKi;
        ++unit;
    }
    return printed(unit == 0 ? "%.0f%s" : digits_for(bytes), bytes, kUnits[unit]);
}

std::string format_count(std::uint64_t count) {
    std::string digits = std::to_string(count);
    for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
    return digits;
}

std::string format_number(double value) { return printed(digits_for(std::abs(value)), value, ""); }

}  // namespace fivetuple

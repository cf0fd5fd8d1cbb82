#include "fivetuple/cli/units.h"

#include "fuzz/input.h"
#include <algorithm>
#include <cctype>
#include <charconv>
#include <string>

using namespace fivetuple;

namespace {

std::string in_capitals(std::string_view text) {
    std::string capitals(text);
    for (char& each : capitals) {
        each = static_cast<char>(std::toupper(static_cast<unsigned char>(each)));
    }
    return capitals;
}

// The number that `text` is when it consists of digits only; -1 where it does not, or is too long
// for a double to hold every digit.
std::int64_t whole_number(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool all_digits = text.find_first_not_of("0123456789") == text.npos && !text.empty();
    return all_digits && failure == std::errc() && text.size() <= 15 ? number : -1;
}

void check_duration(const std::string& text) {
    const auto length = parse_duration(text);
    const auto again = parse_duration(in_capitals(text));
    FT_ASSERT(length.has_value() == again.has_value(), "capitals make no difference");
    if (!length) {
        FT_ASSERT(length.error().cause() == Cause::malformed, "a text can be nothing else");
        return;
    }
    FT_ASSERT(*length == *again, "capitals make no difference");
    FT_ASSERT(*length >= Duration::zero(), "no length is negative");
    FT_ASSERT(!parse_duration(text + "~") && !parse_duration(" " + text), "nothing is overlooked");
    const std::string shown = format_duration(*length);
    FT_ASSERT(shown.size() <= 13 && shown.ends_with('s'), "it is short enough for a table");
    if (const auto number = whole_number(text); number >= 0 && number < 9'000'000) {
        FT_ASSERT(*length == std::chrono::seconds(number), "a bare number is seconds");
    }
}

void check_bytes(const std::string& text) {
    const auto bytes = parse_bytes(text);
    const auto again = parse_bytes(in_capitals(text));
    FT_ASSERT(bytes.has_value() == again.has_value(), "capitals make no difference");
    if (!bytes) {
        FT_ASSERT(bytes.error().cause() == Cause::malformed, "a text can be nothing else");
        return;
    }
    FT_ASSERT(*bytes == *again, "capitals make no difference");
    FT_ASSERT(*bytes <= INT64_MAX, "it fits into 63 bits");
    FT_ASSERT(!parse_bytes(text + "~") && !parse_bytes(" " + text), "nothing is overlooked");
    FT_ASSERT(format_bytes(static_cast<double>(*bytes)).ends_with('B'), "it has its unit");
    if (const auto number = whole_number(text); number >= 0) {
        FT_ASSERT(*bytes == static_cast<std::uint64_t>(number), "a bare number is bytes");
    }
    std::string digits = format_count(*bytes);
    FT_ASSERT(!digits.starts_with(','), "a comma stands between digits");
    std::erase(digits, ',');
    FT_ASSERT(digits == std::to_string(*bytes), "commas change no number");
}

}  // namespace

// A text is a length of time or a number of bytes altogether, or not at all.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzzing::Input input(data, size);
    const std::string text(input.text());
    check_duration(text);
    check_bytes(text);
    return 0;
}

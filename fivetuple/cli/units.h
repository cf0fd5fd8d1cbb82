#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/base/time.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace fivetuple {

/// Reads `250ms`, `1.5s`, `2m`, `1h`, `50us`; a bare number is seconds.
/// Errors: malformed, for other text and for negative lengths.
Result<Duration> parse_duration(std::string_view text);

/// Reads `64`, `16k`, `16KiB`, `1M`, `2GiB`: bytes, by powers of 1024.
/// Errors: malformed, for other text and for what does not fit into 63 bits.
Result<std::uint64_t> parse_bytes(std::string_view text);

/// Reads `10mbit`, `1gbit`, `56kbit`, `9600bit`: bits a second, by powers of 1000.
/// Errors: malformed, for other text and for what does not fit into 63 bits.
Result<std::uint64_t> parse_bit_rate(std::string_view text);

/// Reads `2%` or `0.02`: a part of all, 0 to 1. Errors: malformed, for other text.
Result<double> parse_share(std::string_view text);

/// `4.61 us`, `70.0 ms`, `900 s`: three digits that matter.
std::string format_duration(Duration length);
/// `270 B`, `1.50 KiB`, `64.0 MiB`
std::string format_bytes(double bytes);
/// `1,234,567`
std::string format_count(std::uint64_t count);
/// As many digits behind the point as make three in all.
std::string format_number(double value);

}  // namespace fivetuple

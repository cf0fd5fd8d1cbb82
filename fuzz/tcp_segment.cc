#include "fivetuple/os/internet_checksum.h"
#include "fivetuple/sim/tcp/segment.h"

#include "fuzz/input.h"
#include <vector>

using namespace fivetuple;

// A segment of any bytes, behind a checksum that fits (else nothing would get past it), is refused
// or is what it is again when it is written and read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzzing::Input input(data, size);
    const bool v6 = input.choose(2) == 1;
    const IpAddress from = v6 ? IpAddress::loopback_v6() : IpAddress::loopback_v4();
    const Bytes rest = input.rest();
    std::vector<std::byte> bytes(rest.begin(), rest.end());
    const auto as_it_is = sim::tcp::parse_segment(bytes, from, from);
    if (bytes.size() >= sim::tcp::Segment::kHeaderBytes) {
        put_integer<std::uint16_t>(MutableBytes(bytes).subspan(16), 0);
        InternetChecksum sum;
        sum.add_pseudo_header(from, from, 6, static_cast<std::uint32_t>(bytes.size()));
        sum.add(bytes);
        put_integer(MutableBytes(bytes).subspan(16), sum.value());
    }
    const auto segment = sim::tcp::parse_segment(bytes, from, from);
    FT_ASSERT(segment || !as_it_is, "a right checksum makes nothing worse");
    if (!segment) return 0;
    FT_ASSERT(!segment->to_string().empty(), "it can be printed");
    FT_ASSERT(segment->payload.size() <= bytes.size(), "its payload is a part of it");
    const auto written = write_segment(*segment, from, from);
    const auto again = sim::tcp::parse_segment(written, from, from);
    FT_ASSERT(again.has_value(), "what was written can be read");
    FT_ASSERT(*again == *segment, "and says the same");
    return 0;
}

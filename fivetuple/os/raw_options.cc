#include "fivetuple/os/raw_options.h"

namespace fivetuple {
namespace {

template <class Filter>
std::string passed(const Filter& filter, unsigned types) {
    std::string text;
    for (unsigned type = 0; type < types; ++type) {
        if (!filter.passes(static_cast<std::uint8_t>(type))) continue;
        text += (text.empty() ? "passes " : ", ") + std::to_string(type);
    }
    return text.empty() ? "passes none" : text;
}

}  // namespace

IcmpFilter IcmpFilter::only(std::initializer_list<std::uint8_t> types) {
    IcmpFilter filter{UINT32_MAX};
    for (const std::uint8_t type : types) filter.blocked &= ~(std::uint32_t{1} << type % 32);
    return filter;
}

std::string IcmpFilter::to_string() const {
    return blocked == 0 ? "passes all" : passed(*this, 32);
}

Icmpv6Filter Icmpv6Filter::only(std::initializer_list<std::uint8_t> types) {
    Icmpv6Filter filter;
    filter.blocked.fill(UINT32_MAX);
    for (const std::uint8_t type : types) {
        filter.blocked[type / 32] &= ~(std::uint32_t{1} << type % 32);
    }
    return filter;
}

std::string Icmpv6Filter::to_string() const {
    if (blocked == std::array<std::uint32_t, 8>{}) return "passes all";
    return passed(*this, 256);
}

}  // namespace fivetuple

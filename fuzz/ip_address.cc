#include "fivetuple/os/ip_address.h"

#include "fuzz/input.h"

using namespace fivetuple;

namespace {

void check_kind(const IpAddress& ip) {
    FT_ASSERT(ip.is_v4() != ip.is_v6(), "it is of one kind");
    FT_ASSERT(!ip.is_v4() || ip.scope() == 0, "IPv4 has no scopes");
    FT_ASSERT(!(ip.is_loopback() && ip.is_multicast()), "the ranges do not overlap");
    FT_ASSERT(!(ip.is_unspecified() && ip.is_link_local()), "the ranges do not overlap");
    const IpAddress plain = ip.unmapped();
    FT_ASSERT(plain.unmapped() == plain, "there is nothing left to unwrap");
    FT_ASSERT(plain.is_loopback() == ip.is_loopback(), "a mapped address is of the same kind");
    FT_ASSERT(plain.is_multicast() == ip.is_multicast(), "a mapped address is of the same kind");
}

}  // namespace

// An address that is read can be written, and what is written reads as the same address.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzzing::Input input(data, size);
    const auto ip = IpAddress::parse(input.text());
    if (!ip) {
        FT_ASSERT(ip.error().cause() == Cause::malformed, "a text can be nothing else");
        return 0;
    }
    const std::string text = ip->to_string();
    const auto again = IpAddress::parse(text);
    FT_ASSERT(again.has_value(), "what is written can be read");
    FT_ASSERT(*again == *ip, "it is the same address");
    FT_ASSERT(again->hash() == ip->hash(), "equal addresses have equal hashes");
    FT_ASSERT(again->to_string() == text, "there is one way to write it");
    check_kind(*ip);
    return 0;
}

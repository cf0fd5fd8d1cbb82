#include "fivetuple/os/address.h"

#include "fuzz/input.h"

using namespace fivetuple;

// An address that is read can be written, and what is written reads as the same address.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzzing::Input input(data, size);
    const auto address = SocketAddress::parse(input.text());
    if (!address) {
        const Cause cause = address.error().cause();
        FT_ASSERT(cause == Cause::malformed || cause == Cause::limit, "a text can be nothing else");
        FT_ASSERT(!address.error().reason().empty(), "it says what is wrong");
        return 0;
    }
    const std::string text = address->to_string();
    const auto again = SocketAddress::parse(text);
    FT_ASSERT(again.has_value(), "what is written can be read");
    FT_ASSERT(*again == *address, "it is the same address");
    FT_ASSERT(again->hash() == address->hash(), "equal addresses have equal hashes");
    FT_ASSERT(again->to_string() == text, "there is one way to write it");

    const auto returned = SocketAddress::from_raw(address->raw(), address->raw_size());
    FT_ASSERT(returned.has_value(), "the kernel can give it back");
    FT_ASSERT(*returned == *address, "it is the same address");
    return 0;
}

#include "fivetuple/os/tcp_info.h"

#include "fuzz/input.h"
#include <algorithm>
#include <memory>

using namespace fivetuple;

// A structure of any length, from a kernel of any age, is refused or gives the fields that fit.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes bytes = fuzzing::Input(data, size).rest();
    // Memory that ends where the structure does, so that a look behind it is seen.
    const auto copy = std::make_unique<std::byte[]>(size);
    std::ranges::copy(bytes, copy.get());
    const auto info = TcpInfo::from_bytes(Bytes(copy.get(), size));
    FT_ASSERT(info.has_value() == (size >= 104), "every kernel tells the first 104 bytes");
    if (!info) return 0;
    FT_ASSERT(!info->to_string().empty(), "there is a line for it");
    const auto fields = info->fields();
    FT_ASSERT(fields.size() >= 41 && fields.size() <= 77, "the first 41 are always there");
    for (const TcpInfo::Field& each : fields) {
        FT_ASSERT(!each.value.empty(), "each field has a value");
    }
    const auto shorter = TcpInfo::from_bytes(Bytes(copy.get(), size - 1));
    FT_ASSERT(!shorter || shorter->fields().size() <= fields.size(), "less is told by less");
    return 0;
}

#include "fivetuple/server/proxy_header.h"

#include "fuzz/input.h"
#include <algorithm>
#include <vector>

using namespace fivetuple;

namespace {

// What was read can be written, and is read as the same again.
void check_header(ProxyHeader header) {
    FT_ASSERT(header.unique_id.size() <= 128, "a limit of the protocol");
    FT_ASSERT(!header.is_local || !header.knows_client(), "who speaks for itself names nobody");
    FT_ASSERT(header.from.family() == header.to.family(), "both are of one kind");
    if (header.version == 1) {
        const auto line = to_proxy_v1(header);
        FT_ASSERT(line && line->size() <= 107, "a line is never longer");
        const auto again = find_proxy_header(bytes_of(*line));
        FT_ASSERT(again && *again, "it is whole");
        FT_ASSERT(!header.knows_client() || (*again)->to == header.to, "it says the same");
        return;
    }
    const auto block = to_proxy_v2(header);
    FT_ASSERT(block, "all that was read fits");
    const auto again = find_proxy_header(*block, {.bytes_max = 70'000});
    FT_ASSERT(again && *again, "it is whole");
    // A mapped address beside another one is written as the IPv4 address that it is.
    const bool is_mapped = header.from.ip().unmapped() != header.from.ip();
    // The form of no field is kept, and who knows no client tells of no transport.
    if (is_mapped || !header.knows_client()) return;
    header.size = (*again)->size;
    FT_ASSERT(**again == header, "it says the same");
}

}  // namespace

// A stream begins with a header, or is refused: in pieces as in one, and no byte behind is wanted.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzzing::Input input(data, std::min<std::size_t>(size, 4096));
    const Bytes bytes = input.rest();
    const auto whole = find_proxy_header(bytes);
    Bytes front;
    Result<std::optional<ProxyHeader>> found = std::nullopt;
    while (found && !*found && front.size() < bytes.size()) {
        const std::size_t missing = proxy_bytes_missing(front);
        FT_ASSERT(missing > 0, "it gets on");
        front = bytes.first(std::min(front.size() + missing, bytes.size()));
        found = find_proxy_header(front);
    }
    FT_ASSERT(found.has_value() == whole.has_value(), "in pieces it is the same");
    if (!whole || !*whole) return 0;
    FT_ASSERT((*whole)->size == front.size(), "all of it was read, and nothing more");
    FT_ASSERT(**found == **whole, "in pieces it is the same");
    check_header(**whole);
    return 0;
}

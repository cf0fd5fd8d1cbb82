#include "fivetuple/os/packet_block.h"

#include "fuzz/input.h"
#include <algorithm>
#include <memory>

using namespace fivetuple;

// A block of frames, whatever its offsets and lengths say, is walked to an end without a look
// outside of it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes bytes = fuzzing::Input(data, size).rest();
    // Memory that ends where the block does, so that a look behind it is seen.
    const auto copy = std::make_unique<std::byte[]>(size);
    std::ranges::copy(bytes, copy.get());
    const Bytes block(copy.get(), size);
    BlockReader frames(block);
    const std::size_t told = frames.frames();
    std::size_t seen = 0;
    std::size_t sum = 0;
    for (LinkFrame frame; frames.next(frame);) {
        ++seen;
        FT_ASSERT(frame.bytes.size() <= size && frame.size >= frame.bytes.size(), "it has a size");
        for (const std::byte each : frame.bytes) sum += std::to_integer<std::size_t>(each);
        FT_ASSERT(frame.network_bytes().size() <= frame.bytes.size(), "its front is in it");
        FT_ASSERT(frame.from.hardware.bytes().size() <= 8, "its sender has 8 bytes at most");
        FT_ASSERT(seen <= size, "frames do not lie upon each other for ever");
    }
    FT_ASSERT(frames.fault() != nullptr || seen == told, "all are seen, or there is a reason");
    FT_ASSERT(sum <= size * size * 255, "each byte counts at most once a frame");
    return 0;
}

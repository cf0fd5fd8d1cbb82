#include "fivetuple/protocol/framing/length_prefix.h"

#include "fuzz/input.h"
#include <algorithm>
#include <array>
#include <vector>

using namespace fivetuple;

namespace {

LengthPrefix choose_framing(fuzzing::Input& input) {
    constexpr std::array<std::size_t, 4> kWidths = {1, 2, 4, 8};
    constexpr std::array<std::size_t, 5> kLimits = {0, 7, 300, std::size_t{1} << 20, SIZE_MAX};
    LengthPrefix framing;
    framing.width = kWidths[input.choose(kWidths.size())];
    framing.order = input.choose(2) == 0 ? ByteOrder::big : ByteOrder::little;
    framing.has_type = input.choose(2) == 1;
    framing.limit = kLimits[input.choose(kLimits.size())];
    return framing;
}

// A frame that is written again is what it was read from.
void check_frame(const LengthPrefix& framing, Bytes bytes, const Frame& frame) {
    FT_ASSERT(frame.size <= bytes.size(), "a frame is part of the bytes");
    FT_ASSERT(frame.payload.size() <= framing.limit, "the limit holds");
    std::vector<std::byte> written(framing.header_size());
    FT_ASSERT(framing.put_header(written, frame.payload.size(), frame.type).has_value(),
              "what was read can be written");
    written.insert(written.end(), frame.payload.begin(), frame.payload.end());
    FT_ASSERT(std::ranges::equal(written, bytes.first(frame.size)), "it is the same again");
}

// However much of the stream has come: the answer is the whole stream's, or "not yet" with a number
// of bytes that brings it nearer.
void check_every_split(const LengthPrefix& framing, Bytes bytes) {
    const auto whole = framing.find(bytes);
    for (std::size_t come = 0; come <= bytes.size(); ++come) {
        const Bytes part = bytes.first(come);
        const auto found = framing.find(part);
        if (found && !*found) {
            FT_ASSERT(framing.needed(part) > come, "more is needed than has come");
            if (whole && *whole) {
                FT_ASSERT(come < (*whole)->size, "a frame that is all there is found");
                FT_ASSERT(framing.needed(part) <= (*whole)->size, "no more is needed than it has");
            }
        } else if (found) {
            FT_ASSERT(whole && *whole && (*whole)->size == (*found)->size, "it is the same frame");
            FT_ASSERT((*whole)->payload.data() == (*found)->payload.data(), "at the same place");
        } else {
            FT_ASSERT(found.error().cause() == Cause::limit, "nothing else can be wrong");
            FT_ASSERT(!whole, "what is too long does not become shorter");
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzzing::Input input(data, std::min<std::size_t>(size, 2048));
    const LengthPrefix framing = choose_framing(input);
    Bytes bytes = input.rest();
    check_every_split(framing, bytes);
    while (true) {
        const auto frame = framing.find(bytes);
        if (!frame || !*frame) return 0;
        check_frame(framing, bytes, **frame);
        bytes = bytes.subspan((*frame)->size);
    }
}

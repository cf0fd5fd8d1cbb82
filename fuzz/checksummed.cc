#include "fivetuple/protocol/framing/checksummed.h"

#include "fivetuple/base/crc32c.h"

#include "fuzz/input.h"
#include <algorithm>
#include <array>
#include <vector>

using namespace fivetuple;

namespace {

Checksummed choose_framing(fuzzing::Input& input) {
    constexpr std::array<std::size_t, 4> kWidths = {1, 2, 4, 8};
    constexpr std::array<std::size_t, 5> kLimits = {0, 7, 300, std::size_t{1} << 20, SIZE_MAX};
    Checksummed framing;
    framing.width = kWidths[input.choose(kWidths.size())];
    const std::size_t flags = input.choose(8);
    framing.order = (flags & 1) == 0 ? ByteOrder::big : ByteOrder::little;
    framing.has_type = (flags & 2) != 0;
    framing.sums_header = (flags & 4) == 0;
    framing.limit = kLimits[input.choose(kLimits.size())];
    return framing;
}

// However much of the stream has come: the answer is the whole stream's, or "not yet" with a number
// of bytes that brings it nearer; and whatever is handed out has the sum that it announced.
void check_every_split(const Checksummed& framing, Bytes bytes) {
    const auto whole = framing.find(bytes);
    for (std::size_t come = 0; come <= bytes.size(); ++come) {
        const Bytes part = bytes.first(come);
        const auto found = framing.find(part);
        if (!found) {
            const bool is_known =
                found.error().cause() == Cause::limit || found.error().cause() == Cause::malformed;
            FT_ASSERT(is_known, "nothing else can be wrong");
            FT_ASSERT(!whole, "what is wrong does not become right");
        } else if (!*found) {
            FT_ASSERT(framing.needed(part) > come, "more is needed than has come");
            FT_ASSERT(framing.truncated(part).cause() == Cause::ended, "its end is told");
        } else {
            FT_ASSERT(whole && *whole && (*whole)->size == (*found)->size, "it is the same frame");
        }
    }
}

void check_written_again(const Checksummed& framing, Bytes bytes, const Frame& frame) {
    FT_ASSERT(frame.payload.size() <= framing.limit, "the limit holds");
    const auto borders = framing.enclose(frame.payload, frame.type);
    FT_ASSERT(borders.has_value(), "what was read can be written");
    FT_ASSERT(std::ranges::equal(borders->front(), bytes.first(framing.header_size())),
              "it is the same again");
}

// The input's bytes as the payload of a frame, with one bit of the frame turned.
void check_damage(const Checksummed& framing, Bytes payload, std::size_t bit) {
    const auto borders = framing.enclose(payload.first(std::min<std::size_t>(payload.size(), 200)));
    if (!borders) return;
    std::vector<std::byte> frame(borders->front().begin(), borders->front().end());
    frame.insert(
        frame.end(), payload.begin(),
        payload.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(payload.size(), 200)));
    bit %= frame.size() * 8;
    frame[bit / 8] ^= std::byte{1} << (bit % 8);
    const bool is_in_header = bit / 8 < framing.header_size() - 4;
    const auto found = framing.find(frame);
    if (framing.sums_header || !is_in_header) {
        FT_ASSERT(!found || !*found, "a bit that has turned is noticed");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzzing::Input input(data, std::min<std::size_t>(size, 2048));
    const Checksummed framing = choose_framing(input);
    const std::size_t bit = input.choose(256) * 7;
    Bytes bytes = input.rest();
    FT_ASSERT(crc32c(bytes) == crc32c_by_tables(bytes), "both ways to sum agree");
    check_damage(framing, bytes, bit);
    check_every_split(framing, bytes);
    while (true) {
        const auto frame = framing.find(bytes);
        if (!frame || !*frame) return 0;
        check_written_again(framing, bytes, **frame);
        bytes = bytes.subspan((*frame)->size);
    }
}

#include "fivetuple/protocol/framing/delimiter.h"

#include "fuzz/input.h"
#include <algorithm>
#include <array>
#include <string>
#include <vector>

using namespace fivetuple;

namespace {

// What a stream is made of: its frames, and whether it broke the limit behind them.
struct Reading {
    std::vector<std::string> frames;
    bool is_too_long = false;
    bool operator==(const Reading&) const = default;
};

// The same in the plainest way.
Reading read_plainly(std::string_view text, std::string_view delimiter, std::size_t limit) {
    Reading reading;
    while (true) {
        const std::size_t end = text.find(delimiter);
        const std::size_t payload = end == text.npos ? text.size() : end;
        // Of a frame without an end, the last bytes may be the delimiter's beginning.
        const std::size_t spare = end == text.npos ? delimiter.size() - 1 : 0;
        if (payload > spare && payload - spare > limit) {
            reading.is_too_long = true;
            return reading;
        }
        if (end == text.npos) return reading;
        reading.frames.emplace_back(text.substr(0, end));
        text.remove_prefix(end + delimiter.size());
    }
}

// As a stream that grows by `step` bytes at a time.
Reading read_in_steps(Bytes bytes, Delimiter framing, std::size_t step) {
    Reading reading;
    std::size_t begin = 0;
    for (std::size_t come = 0;; come = std::min(come + step, bytes.size())) {
        while (true) {
            const auto frame = framing.find(bytes.subspan(begin, come - begin));
            if (!frame) {
                FT_ASSERT(frame.error().cause() == Cause::limit, "nothing else can be wrong");
                reading.is_too_long = true;
                return reading;
            }
            if (!*frame) break;
            reading.frames.emplace_back(text_of((*frame)->payload));
            begin += (*frame)->size;
        }
        if (come == bytes.size()) return reading;
    }
}

}  // namespace

// However a stream is cut into pieces, its frames are the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::array<std::string_view, 5> kDelimiters = {"\n", "\r\n", "aa", "abab", "--end--"};
    constexpr std::array<std::size_t, 4> kLimits = {0, 5, 64, SIZE_MAX};
    fuzzing::Input input(data, std::min<std::size_t>(size, 4096));
    const std::string delimiter(kDelimiters[input.choose(kDelimiters.size())]);
    const std::size_t limit = kLimits[input.choose(kLimits.size())];
    const std::size_t step = input.choose(255) + 1;
    const Bytes bytes = input.rest();

    const Reading plain = read_plainly(input.text(), delimiter, limit);
    FT_ASSERT(read_in_steps(bytes, Delimiter(delimiter, limit), bytes.size() + 1) == plain,
              "read whole");
    FT_ASSERT(read_in_steps(bytes, Delimiter(delimiter, limit), 1) == plain, "read byte by byte");
    FT_ASSERT(read_in_steps(bytes, Delimiter(delimiter, limit), step) == plain, "read in steps");
    return 0;
}

#include "fivetuple/base/random.h"
#include "fivetuple/protocol/framing/checksummed.h"
#include "fivetuple/protocol/framing/delimiter.h"
#include "fivetuple/protocol/framing/fixed_size.h"
#include "fivetuple/protocol/framing/frame_input.h"
#include "fivetuple/protocol/framing/frame_queue.h"
#include "fivetuple/protocol/framing/length_prefix.h"

#include "fuzz/input.h"
#include <algorithm>
#include <string>
#include <vector>

using namespace fivetuple;

namespace {

// The input cut into payloads, each as long as a byte in front of it says.
std::vector<std::string> payloads_of(fuzzing::Input& input) {
    std::vector<std::string> payloads;
    payloads.reserve(64);
    std::string_view left = input.text();
    while (!left.empty() && payloads.size() < 64) {
        const auto wish = static_cast<std::size_t>(static_cast<unsigned char>(left.front()));
        left.remove_prefix(1);
        const std::size_t size = std::min(wish, left.size());
        payloads.emplace_back(left.substr(0, size));
        left.remove_prefix(size);
    }
    return payloads;
}

template <class Framing>
void check(const std::vector<std::string>& payloads, const Framing& framing, bool has_type,
           std::uint64_t seed) {
    Random random(seed);
    FrameQueue queue;
    std::vector<std::string> taken;
    taken.reserve(payloads.size());
    std::string sent;
    const auto send_some = [&](std::size_t most) {
        std::string all;
        for (const Bytes piece : queue.pieces()) all += text_of(piece);
        FT_ASSERT(all.size() == queue.size(), "the pieces are all that waits");
        const std::size_t count = std::min(most, all.size());
        queue.went(count);
        sent += all.substr(0, count);
    };
    for (const std::string& each : payloads) {
        const auto type = static_cast<std::uint8_t>(has_type ? taken.size() : 0);
        const auto borders = framing.enclose(bytes_of(each), type);
        if (!borders) continue;
        taken.push_back(each);
        if (random.below(2) == 0) {
            queue.add(*borders, bytes_of(each));
        } else {
            queue.lend(*borders, bytes_of(each));
        }
        if (random.below(8) == 0) queue.keep();
        send_some(static_cast<std::size_t>(random.below(300)));
    }
    send_some(SIZE_MAX);

    FrameInput<Framing> input(framing);
    std::size_t come = 0;
    for (std::size_t at = 0; at < taken.size();) {
        const auto frame = input.next();
        FT_ASSERT(frame.has_value(), "what was written is no error");
        if (*frame) {
            FT_ASSERT(text_of((*frame)->payload) == taken[at], "the payloads are the same");
            FT_ASSERT((*frame)->type == (has_type ? at % 256 : 0), "and their types");
            ++at;
            continue;
        }
        FT_ASSERT(come < sent.size(), "all that was written is found");
        const MutableBytes room = input.room();
        const std::size_t count = std::min(
            {static_cast<std::size_t>(random.below(40) + 1), room.size(), sent.size() - come});
        std::ranges::copy(bytes_of(sent).subspan(come, count), room.begin());
        input.filled(count);
        come += count;
    }
    FT_ASSERT(come == sent.size() && input.rest().empty(), "and nothing else");
}

}  // namespace

// Whatever a framing takes from a writer, its reader finds again: through every kind of queue, and
// however the bytes are cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzzing::Input input(data, std::min<std::size_t>(size, 4096));
    const std::size_t form = input.choose(7);
    const std::size_t seed = input.choose(256);
    const auto payloads = payloads_of(input);
    if (form == 0) check(payloads, LengthPrefix{.width = 1, .has_type = true}, true, seed);
    if (form == 1) check(payloads, LengthPrefix{.width = 8, .limit = 100}, false, seed);
    if (form == 2) check(payloads, Checksummed{.width = 2, .has_type = true}, true, seed);
    if (form == 3) check(payloads, Checksummed{.sums_header = false}, false, seed);
    if (form == 4) check(payloads, Delimiter("\r\n", 200), false, seed);
    if (form == 5) check(payloads, Delimiter("aba"), false, seed);
    if (form == 6) check(payloads, FixedSize(seed % 16 + 1), false, seed);
    return 0;
}

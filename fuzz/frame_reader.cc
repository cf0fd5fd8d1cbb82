#include "fivetuple/io/loop.h"
#include "fivetuple/protocol/framing/checksummed.h"
#include "fivetuple/protocol/framing/delimiter.h"
#include "fivetuple/protocol/framing/fixed_size.h"
#include "fivetuple/protocol/framing/frames.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/transport/pipe.h"

#include "fuzz/input.h"
#include <algorithm>
#include <string>
#include <vector>

using namespace fivetuple;

namespace {

struct Reading {
    std::vector<std::string> payloads;
    std::string types;
    Cause end = Cause::system;  // Cause::system: the stream ended behind a frame.
    bool operator==(const Reading&) const = default;

    void add(const Frame& frame) {
        payloads.emplace_back(text_of(frame.payload));
        types.push_back(static_cast<char>(frame.type));
    }
};

template <class Framing>
Reading read_whole(Bytes bytes, Framing framing) {
    Reading reading;
    while (true) {
        const auto frame = framing.find(bytes);
        if (!frame) {
            reading.end = frame.error().cause();
            return reading;
        }
        if (!*frame) break;
        reading.add(**frame);
        bytes = bytes.subspan((*frame)->size);
    }
    if (!bytes.empty()) reading.end = Cause::ended;
    return reading;
}

// The sizes of the pieces are the bytes themselves, so that the fuzzer chooses them.
Task<void> write_in_pieces(PipeStream stream, Bytes bytes) {
    while (!bytes.empty()) {
        const auto wish = std::to_integer<std::size_t>(bytes.front()) + 1;
        const std::size_t size = std::min(wish, bytes.size());
        const Transfer put = co_await stream.write_all(bytes.first(size));
        if (!put) co_return;
        bytes = bytes.subspan(size);
        if (wish % 2 == 0) static_cast<void>(co_await yield());
    }
}

template <class Framing>
Task<Reading> read_all(PipeStream& stream, Framing framing) {
    FrameReader reader(stream, framing);
    Reading reading;
    while (true) {
        auto frame = co_await reader.read();
        if (!frame) {
            reading.end = frame.error().cause();
            co_return reading;
        }
        if (!*frame) co_return reading;
        reading.add(**frame);
    }
}

template <class Framing>
Task<void> transfer(Scope& scope, Bytes bytes, Framing framing, std::size_t capacity,
                    Reading* reading) {
    Pipe pipe(capacity);
    scope.spawn(write_in_pieces, std::move(pipe.left), bytes);
    *reading = co_await read_all(pipe.right, framing);
}

template <class Framing>
Task<Reading> transferred(Bytes bytes, Framing framing, std::size_t capacity) {
    Reading reading;
    auto done = co_await with_scope(transfer<Framing>, bytes, framing, capacity, &reading);
    FT_ASSERT(done.has_value(), "nothing else can fail");
    co_return reading;
}

Loop& loop() {
    static Loop* const opened = Loop::open({.backend = BackendKind::poll})->release();
    return *opened;
}

template <class Framing>
void check(Bytes bytes, const Framing& framing, std::size_t capacity) {
    FT_ASSERT(run(loop(), transferred(bytes, framing, capacity)) == read_whole(bytes, framing),
              "a stream in pieces has the frames of the whole");
}

}  // namespace

// However a stream comes in, a FrameReader finds what is found in the whole of it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzzing::Input input(data, std::min<std::size_t>(size, 4096));
    const std::size_t framing = input.choose(7);
    const std::size_t capacity = input.choose(128) + 1;
    const Bytes bytes = input.rest();
    if (framing == 0) check(bytes, LengthPrefix{.width = 1, .has_type = true}, capacity);
    if (framing == 1) check(bytes, LengthPrefix{.width = 2, .limit = 600}, capacity);
    if (framing == 2) check(bytes, Delimiter("\n", 80), capacity);
    if (framing == 3) check(bytes, Delimiter("\r\n"), capacity);
    if (framing == 4) check(bytes, FixedSize(capacity), 64);
    if (framing == 5) check(bytes, Checksummed{.width = 1, .limit = 200}, capacity);
    if (framing == 6) check(bytes, Checksummed{.width = 2, .sums_header = false}, capacity);
    return 0;
}

#include "fivetuple/protocol/framing/frames.h"

#include "fivetuple/protocol/framing/checksummed.h"
#include "fivetuple/protocol/framing/delimiter.h"
#include "fivetuple/protocol/framing/fixed_size.h"
#include "fivetuple/task/run.h"
#include "fivetuple/transport/unix.h"

#include "tests/allocations/count_allocations.h"
#include "tests/testing/world.h"
#include <string>

// Once warm, no frame asks for memory, of whatever form and on any backend.
namespace fivetuple::testing_help {
namespace {

class FrameAllocations : public TaskTest {};
FT_IN_KERNEL_WORLDS(FrameAllocations);

constexpr int kWarm = 200;
constexpr int kMeasured = 500;

// A few frames at a time, copied and lent.
template <class Framing>
Task<Result<std::uint64_t>> count_of_frames(Loop& loop, Framing framing, std::size_t size) {
    FT_CO_TRY(auto pair, UnixStream::pair(loop));
    FrameWriter writer(pair.first, framing);
    FrameReader reader(pair.second, framing);
    const std::string payload(size, 'x');
    std::uint64_t before = 0;
    for (int times = 0; times < kWarm + kMeasured; ++times) {
        if (times == kWarm) before = allocations();
        for (int each = 0; each < 3; ++each) FT_CO_TRY_VOID(writer.add(bytes_of(payload)));
        FT_CO_TRY_VOID(writer.lend(bytes_of(payload)));
        auto sent = co_await writer.flush();
        if (!sent) co_return std::unexpected(std::move(sent).error());
        for (int each = 0; each < 4; ++each) {
            FT_CO_TRY(const auto frame, co_await reader.read());
            if (!frame || text_of(frame->payload) != payload) {
                co_return std::unexpected(Error::malformed("read", "it is another frame"));
            }
        }
    }
    co_return allocations() - before;
}

template <class Framing>
std::uint64_t frames(Loop& loop, const Framing& framing, std::size_t size) {
    auto counted = run(loop, count_of_frames(loop, framing, size));
    EXPECT_TRUE(counted) << counted.error().message();
    return counted.value_or(UINT64_MAX);
}

TEST_P(FrameAllocations, C3_AFrameAsksForNone) {
    for (const std::size_t size : {1, 100, 5000, 20'000}) {
        EXPECT_EQ(frames(loop(), LengthPrefix{}, size), 0u) << size;
        EXPECT_EQ(frames(loop(), Checksummed{}, size), 0u) << size;
        EXPECT_EQ(frames(loop(), Delimiter(), size), 0u) << size;
        EXPECT_EQ(frames(loop(), FixedSize(size), size), 0u) << size;
    }
}

}  // namespace
}  // namespace fivetuple::testing_help

#include "fivetuple/blocking/transfers.h"

#include "fivetuple/blocking/tcp.h"
#include "fivetuple/blocking/unix.h"
#include "fivetuple/os/clock.h"

#include <fcntl.h>
#include <unistd.h>

#include "tests/testing/testing.h"
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <thread>
#include <vector>

namespace fivetuple::blocking {
namespace {

using namespace std::chrono_literals;
using testing_help::some_bytes;

class Transfers : public ::testing::Test {
protected:
    static Time soon(Duration limit = 20s) { return monotonic_now() + limit; }

private:
    testing_help::NoDescriptorLeaks no_leaks_;
};

void expect_pumped(const PumpOptions& options, PumpWay way) {
    auto in = UnixStream::pair().value();
    auto out = UnixStream::pair().value();
    const auto bytes = some_bytes(1'000'000);
    std::thread source([&] {
        EXPECT_TRUE(in.first.write_all(bytes));
        EXPECT_TRUE(in.first.shutdown_write());
    });
    std::vector<std::byte> room(bytes.size());
    std::thread sink([&] {
        EXPECT_TRUE(out.second.read_exact(room));
        EXPECT_EQ(out.second.read_some(room).value(), 0u);
    });
    const auto done = pump(in.second, out.first, options);
    source.join();
    sink.join();
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_EQ(done->bytes, bytes.size());
    EXPECT_EQ(done->way(), way);
    EXPECT_TRUE(done->ended);
    EXPECT_EQ(room, some_bytes(1'000'000));
}

TEST_F(Transfers, C7_APumpMovesAllAndPassesTheEndOn) {
    expect_pumped({}, PumpWay::spliced);
    PumpOptions copying;
    copying.may_splice = false;
    expect_pumped(copying, PumpWay::copied);
}

TEST_F(Transfers, APumpStopsAtALimitAndAtADeadline) {
    for (const bool may_splice : {true, false}) {
        auto in = UnixStream::pair().value();
        auto out = UnixStream::pair().value();
        EXPECT_TRUE(in.first.write_all(bytes_of("one two")));
        PumpOptions options;
        options.may_splice = may_splice;
        options.bytes_max = 3;
        const auto done = pump(in.second, out.first, options, Transfers::soon());
        ASSERT_TRUE(done) << done.error().message();
        EXPECT_EQ(done->bytes, 3u);
        EXPECT_FALSE(done->ended);
        PumpCount count;
        options.bytes_max = UINT64_MAX;
        options.so_far = &count;
        const auto late = pump(in.second, out.first, options, Transfers::soon(10ms));
        EXPECT_TRUE(!late && late.error().is_deadline());
        EXPECT_EQ(count.bytes, 4u);
    }
}

TEST_F(Transfers, C7_AFileIsSentAndAShorterOneIsAnError) {
    const testing_help::TemporaryFolder folder;
    const Fd file(::open(folder.path("file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    ASSERT_TRUE(file);
    const auto bytes = some_bytes(50'000);
    ASSERT_EQ(::write(file.raw(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    auto pair = UnixStream::pair().value();
    const auto sent = send_file(pair.first, file.raw(), 10'000, 20'000, soon());
    ASSERT_TRUE(sent) << sent.error().message();
    std::vector<std::byte> room(20'000);
    EXPECT_TRUE(pair.second.read_exact(room, soon()));
    EXPECT_TRUE(std::ranges::equal(room, std::span(bytes).subspan(10'000, 20'000)));
    const auto short_one = send_file(pair.first, file.raw(), 49'990, 100, soon());
    EXPECT_EQ(short_one.bytes_moved(), 10u);
    EXPECT_TRUE(!short_one && short_one.error().cause() == Cause::ended);
    pair.second.close();
    const auto gone = send_file(pair.first, file.raw(), 0, 100, soon());
    EXPECT_TRUE(!gone && gone.error().is(EPIPE));
}

TEST_F(Transfers, DescriptorsComeWithTheirBytes) {
    auto pair = UnixStream::pair().value();
    const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    const std::array<int, 1> files{null.raw()};
    EXPECT_TRUE(pair.first.send_files(bytes_of("with one"), files, soon()));
    std::array<std::byte, 100> room;
    const auto got = pair.second.receive_message(room, soon());
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_EQ(text_of(got->bytes), "with one");
    EXPECT_EQ(got->files.size(), 1u);
    const auto late = pair.second.receive_message(room, soon(5ms));
    EXPECT_TRUE(!late && late.error().is_deadline());
    // More than there is room for.
    const auto bytes = some_bytes(1'000'000);
    std::thread source([&] {
        EXPECT_EQ(*pair.first.send_files(bytes, files, soon()), bytes.size());
        pair.first.close();
    });
    std::vector<std::byte> all;
    std::size_t count = 0;
    while (true) {
        std::array<std::byte, 5000> part;
        const auto came = pair.second.receive_message(part, soon());
        ASSERT_TRUE(came) << came.error().message();
        if (came->bytes.empty()) break;
        all.insert(all.end(), came->bytes.begin(), came->bytes.end());
        count += came->files.size();
    }
    source.join();
    EXPECT_EQ(all, bytes);
    EXPECT_EQ(count, 1u);
    const auto empty = pair.second.send_files({}, files);
    EXPECT_TRUE(!empty && empty.error().is(EINVAL));
}

}  // namespace
}  // namespace fivetuple::blocking

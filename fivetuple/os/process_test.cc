#include "fivetuple/os/process.h"

#include "fivetuple/os/socket.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/testing/child.h"
#include "tests/testing/testing.h"
#include <filesystem>
#include <set>
#include <thread>

namespace fivetuple {
namespace {

using testing_help::in_child;

std::string target_of(int fd) {
    return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd)).string();
}

TEST(ProcessMark, DiffersInAForkedChildAndItsChildren) {
    const std::string ours = std::to_string(process_mark());
    const std::string childs = in_child([] { return std::to_string(process_mark()); });
    const std::string grandchilds =
        in_child([] { return in_child([] { return std::to_string(process_mark()); }); });
    EXPECT_NE(childs, ours);
    EXPECT_NE(grandchilds, ours);
    EXPECT_NE(grandchilds, childs);
    EXPECT_EQ(std::to_string(process_mark()), ours);
}

TEST(ThreadMark, IsEachThreadsOwn) {
    std::set<std::uint64_t> marks{thread_mark()};
    for (int count = 0; count < 8; ++count) {
        std::uint64_t first = 0;
        std::uint64_t second = 0;
        std::thread([&] {
            first = thread_mark();
            second = thread_mark();
        }).join();
        EXPECT_EQ(first, second);
        marks.insert(first);
    }
    EXPECT_EQ(marks.size(), 9u);
    EXPECT_FALSE(marks.contains(0));
    EXPECT_TRUE(marks.contains(thread_mark()));
}

TEST(StandardDescriptors, F85_ClosedOnesAreOpenedSoThatNoSocketGetsTheirNumbers) {
    const std::string answer = in_child([] {
        for (int fd = 0; fd <= 2; ++fd) ::close(fd);
        keep_standard_descriptors();
        const auto socket = Socket::open(Family::ipv4, SocketType::stream);
        if (!socket) return socket.error().message();
        return target_of(0) + " " + target_of(1) + " " + target_of(2) +
               (socket->fd().raw() > 2 ? " apart" : " mixed up");
    });
    EXPECT_EQ(answer, "/dev/null /dev/null /dev/null apart");
}

TEST(StandardDescriptors, F85_OneThatIsOpenIsLeftAlone) {
    const std::string answer = in_child([] {
        const int other = ::open("/dev/zero", O_RDWR | O_CLOEXEC);
        if (other < 0 || ::dup2(other, 0) != 0 || ::dup2(other, 2) != 2)
            return std::string("no dup2");
        ::close(1);
        keep_standard_descriptors();
        return target_of(0) + " " + target_of(1) + " " + target_of(2);
    });
    EXPECT_EQ(answer, "/dev/zero /dev/null /dev/zero");
}

TEST(DescriptorLimit, IsRaisedToTheHardOne) {
    const std::string answer = in_child([] {
        rlimit limit{};
        ::getrlimit(RLIMIT_NOFILE, &limit);
        const rlim_t most = limit.rlim_max;
        limit.rlim_cur = 64;
        ::setrlimit(RLIMIT_NOFILE, &limit);
        const bool said = raise_descriptor_limit() == most;
        ::getrlimit(RLIMIT_NOFILE, &limit);
        const bool done = limit.rlim_cur == most && limit.rlim_max == most;
        return std::string(said ? "said " : "") + (done ? "done" : "");
    });
    EXPECT_EQ(answer, "said done");
}

}  // namespace
}  // namespace fivetuple

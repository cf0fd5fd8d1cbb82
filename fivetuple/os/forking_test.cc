#include "fivetuple/os/forking.h"

#include "fivetuple/os/fd.h"
#include "fivetuple/os/shared_pages.h"
#include "fivetuple/os/signals.h"

#include <fcntl.h>
#include <sched.h>

#include "tests/testing/child.h"
#include "tests/testing/eventually.h"
#include "tests/testing/testing.h"
#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <thread>

namespace fivetuple::testing_help {
namespace {

TEST(Forking, AnEndIsToldInWords) {
    EXPECT_EQ((ProcessEnd{1, 3, 0}.to_string()), "ended with code 3");
    EXPECT_EQ((ProcessEnd{1, 0, SIGKILL}.to_string()), "was killed by signal 9 (Killed)");
    EXPECT_TRUE((ProcessEnd{1, 0, 0}.is_clean()));
}

TEST(Forking, AChildsEndIsToldOnce) {
    const auto child = fork_with_parent(SIGTERM);
    ASSERT_TRUE(child);
    if (*child == 0) end_copy(7);
    std::optional<ProcessEnd> end;
    EXPECT_TRUE(eventually([&] { return (end = take_end_of(*child)).has_value(); }));
    EXPECT_EQ(end->code, 7);
    EXPECT_EQ(wait_for_end_of(*child).process, *child) << "somebody has asked before";
}

TEST(Forking, AChildHearsOfItsParentsEnd) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    const Fd told(ends[0]);
    Fd tells(ends[1]);
    const std::string parent = in_child([&]() -> std::string {
        const auto grandchild = fork_with_parent(SIGTERM);
        if (grandchild && *grandchild == 0) {
            while (true) ::pause();
        }
        return "ends";
    });
    EXPECT_EQ(parent, "ends");
    // The grandchild holds the other end until it ends.
    tells = Fd();
    char nothing = 0;
    EXPECT_EQ(::read(told.raw(), &nothing, 1), 0);
}

struct Counting final : SignalWatcher {
    std::atomic<int> times = 0;
    void signal_came(int) override { times++; }
};

TEST(Forking, WhatItsParentWatchesIsNotTheChilds) {
    Counting watcher;
    ASSERT_EQ(watch_signal(SIGUSR2, watcher), 0);
    const auto child = fork_with_parent(SIGTERM);
    ASSERT_TRUE(child);
    if (*child == 0) {
        ::raise(SIGUSR2);  // Which ends a process that does not catch it.
        ::_exit(0);
    }
    EXPECT_EQ(wait_for_end_of(*child).signal, SIGUSR2);
    EXPECT_EQ(::raise(SIGUSR2), 0);
    EXPECT_EQ(watcher.times, 1);
    unwatch_signals(watcher);
}

TEST(Forking, AllDescriptorsButThoseThatAreKeptAreClosed) {
    const std::string outcome = in_child([]() -> std::string {
        const Fd kept(::open("/dev/null", O_RDONLY));
        Fd other(::open("/dev/null", O_RDONLY));
        auto all = list_descriptors();
        if (!all || !std::ranges::is_sorted(*all)) return "no list";
        if (std::ranges::find(*all, other.raw()) == all->end()) return "not listed";
        std::erase(*all, other.raw());
        close_all_but(*all);
        const bool is_open = ::fcntl(other.release(), F_GETFD) >= 0;
        const auto left = list_descriptors();
        return is_open || !left || *left != *all ? "not as it should be" : "closed";
    });
    EXPECT_EQ(outcome, "closed");
}

TEST(Forking, ThreadsAreCounted) {
    std::thread([] {}).join();  // Sanitizers begin one of their own beside the first.
    const std::size_t before = thread_count();
    std::atomic<bool> may_end = false;
    std::thread other([&] { may_end.wait(false); });
    EXPECT_EQ(thread_count(), before + 1);
    may_end = true;
    may_end.notify_all();
    other.join();
}

TEST(Forking, AThreadStaysOnTheProcessorsThatSteeringGivesIt) {
    const std::string outcome = in_child([]() -> std::string {
        cpu_set_t before;
        CPU_ZERO(&before);
        if (::sched_getaffinity(0, sizeof before, &before) != 0) return "no processors";
        const auto stays = stay_on_processors(0, 2);
        cpu_set_t now;
        CPU_ZERO(&now);
        ::sched_getaffinity(0, sizeof now, &now);
        bool has_even = false;
        for (unsigned each = 0; each < CPU_SETSIZE; ++each) {
            const bool should = each % 2 == 0 && CPU_ISSET(each, &before);
            has_even = has_even || should;
            if (stays && static_cast<bool>(CPU_ISSET(each, &now)) != should) return "others";
        }
        if (stays.has_value() != has_even) return "wrong answer";
        // There is no processor with so high a number.
        return stay_on_processors(CPU_SETSIZE - 1, CPU_SETSIZE) ? "too much" : "stays";
    });
    EXPECT_EQ(outcome, "stays");
}

TEST(SharedPages, WhatACopyWritesIsRead) {
    auto pages = SharedPages::open(100'000);
    ASSERT_TRUE(pages);
    EXPECT_EQ(pages->bytes()[99'999], std::byte{0});
    const std::string outcome = in_child([&] {
        pages->bytes()[99'999] = std::byte{7};
        return std::string("written");
    });
    EXPECT_EQ(outcome, "written");
    EXPECT_EQ(pages->bytes()[99'999], std::byte{7});
}

}  // namespace
}  // namespace fivetuple::testing_help

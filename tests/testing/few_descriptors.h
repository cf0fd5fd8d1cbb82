#pragma once

#include "fivetuple/os/fd.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

// A process that runs out of descriptors.
namespace fivetuple::testing_help {

/// Lets this process have only a few more descriptors than it has, while it lives. (io_uring takes
/// the limit when it begins to accept, so it is set before that.)
class FewDescriptors {
public:
    FewDescriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const Fd next(::dup(2));
        rlimit lower = before_;
        lower.rlim_cur = static_cast<rlim_t>(next.raw()) + 50;
        EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &lower), 0);
    }
    FewDescriptors(const FewDescriptors&) = delete;
    FewDescriptors& operator=(const FewDescriptors&) = delete;
    ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

/// Holds all that are left.
class NoDescriptorLeft {
public:
    NoDescriptorLeft() {
        held_.reserve(100);
        for (int number = ::dup(2); number >= 0; number = ::dup(2)) held_.emplace_back(number);
        EXPECT_EQ(errno, EMFILE);
    }

private:
    std::vector<Fd> held_;
};

}  // namespace fivetuple::testing_help

#pragma once

#include "fivetuple/task/run.h"

#include "tests/testing/own_network.h"
#include "tests/testing/router.h"
#include "tests/testing/world.h"
#include <string>

namespace fivetuple::testing_help {

/// Tests that have a network of their own, and a loop in it: frames and raw packets would reach
/// others.
class OwnNetworkTest : public ::testing::TestWithParam<NamedWorld> {
protected:
    /// Done in the network before the loop is opened: what went wrong, or nothing.
    virtual std::string prepare() { return {}; }

    /// Runs `body(loop)`, a task, in a forked child with a network that has a loopback device only.
    template <class Body>
    void in_a_network(Body body) {
        const std::string outcome = in_own_network([&]() -> std::string {
            if (std::string wrong = prepare(); !wrong.empty()) return wrong;
            const auto world = GetParam().make();
            {
                const NoDescriptorLeaks no_leaks;
                const auto loop = world->open_loop({});
                run(*loop, body(*loop));
            }
            return HasFailure() ? "it failed" : "ok";
        });
        if (outcome == kNoOwnNetwork) GTEST_SKIP() << "this user may not make networks";
        EXPECT_EQ(outcome, "ok");
    }
};

}  // namespace fivetuple::testing_help

#pragma once

#include "fivetuple/os/clock.h"

#include <chrono>
#include <thread>

namespace fivetuple::testing_help {

/// Whether `is_so` comes true, in far more time than it can take: what the kernel does beside us is
/// mostly done at once, and now and then a little later.
template <class Condition>
bool eventually(Condition is_so) {
    const Time give_up = monotonic_now() + std::chrono::seconds(20);
    while (!is_so()) {
        if (monotonic_now() >= give_up) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

}  // namespace fivetuple::testing_help

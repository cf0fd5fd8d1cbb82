#include "fivetuple/io/turn_time.h"

#include <utility>

namespace fivetuple {
namespace {

thread_local Time* began_of_waiting = nullptr;

}  // namespace

TurnTime::TurnTime(Time& began) : before_(std::exchange(began_of_waiting, &began)) {}

TurnTime::~TurnTime() { began_of_waiting = before_; }

void begin_turn_at(Time now) {
    if (began_of_waiting != nullptr) *began_of_waiting = now;
}

}  // namespace fivetuple

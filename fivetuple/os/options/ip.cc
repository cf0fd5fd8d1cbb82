#include "fivetuple/os/options/ip.h"

namespace fivetuple {

std::string ServiceByte::to_string() const {
    constexpr const char* kMarks[] = {"not ECN-capable", "ECT(1)", "ECT(0)", "CE"};
    return "dscp " + std::to_string(dscp) + ", " + kMarks[static_cast<int>(ecn) & 3];
}

}  // namespace fivetuple

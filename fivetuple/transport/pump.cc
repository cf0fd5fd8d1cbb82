#include "fivetuple/transport/pump.h"

namespace fivetuple {

std::string_view to_string(PumpWay way) { return way == PumpWay::spliced ? "spliced" : "copied"; }

}  // namespace fivetuple

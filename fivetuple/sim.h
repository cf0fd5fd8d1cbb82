#pragma once

// All that a simulated test needs beside the code that it tests.

#include "fivetuple/sim/host.h"
#include "fivetuple/sim/link/link.h"
#include "fivetuple/sim/node.h"
#include "fivetuple/sim/pcap.h"
#include "fivetuple/sim/world.h"

#pragma once

// A server that is safe by default: limits, workers, drain, counters.

#include "fivetuple/server/connection.h"
#include "fivetuple/server/controls.h"
#include "fivetuple/server/counters.h"
#include "fivetuple/server/lingering.h"
#include "fivetuple/server/options.h"
#include "fivetuple/server/server.h"
#include "fivetuple/server/workers.h"

#pragma once

// A server that is safe by default: limits, workers, drain, counters; and what stands around one.

#include "fivetuple/server/access_list.h"
#include "fivetuple/server/activation.h"
#include "fivetuple/server/connection.h"
#include "fivetuple/server/controls.h"
#include "fivetuple/server/counters.h"
#include "fivetuple/server/hand_over.h"
#include "fivetuple/server/lingering.h"
#include "fivetuple/server/notify.h"
#include "fivetuple/server/options.h"
#include "fivetuple/server/processes.h"
#include "fivetuple/server/proxy_protocol.h"
#include "fivetuple/server/server.h"
#include "fivetuple/server/workers.h"

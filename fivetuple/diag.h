#pragma once

// The sockets of a machine, as the kernel tells them: who holds them, how they are, what is left.

#include "fivetuple/diag/bytecode.h"
#include "fivetuple/diag/counters.h"
#include "fivetuple/diag/filter.h"
#include "fivetuple/diag/findings.h"
#include "fivetuple/diag/headroom.h"
#include "fivetuple/diag/owners.h"
#include "fivetuple/diag/sock_diag.h"
#include "fivetuple/diag/socket.h"
#include "fivetuple/diag/states.h"

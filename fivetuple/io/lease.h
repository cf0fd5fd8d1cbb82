#pragma once

#include "fivetuple/base/lease.h"

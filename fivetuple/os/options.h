#pragma once

// Every socket option, by family. `ft options` describes them; so does docs/options.md.

#include "fivetuple/os/option_report.h"
#include "fivetuple/os/options/filter.h"
#include "fivetuple/os/options/ip.h"
#include "fivetuple/os/options/ipv6.h"
#include "fivetuple/os/options/multicast.h"
#include "fivetuple/os/options/socket.h"
#include "fivetuple/os/options/tcp.h"
#include "fivetuple/os/options/tcp_md5.h"
#include "fivetuple/os/options/timestamps.h"
#include "fivetuple/os/options/udp.h"
#include "fivetuple/os/options/unix.h"
#include "fivetuple/os/steering.h"
#include "fivetuple/os/tcp_info.h"

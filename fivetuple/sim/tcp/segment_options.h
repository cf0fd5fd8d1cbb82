#pragma once

#include "fivetuple/sim/tcp/segment.h"

namespace fivetuple::sim::tcp {

/// Fills `room`, of options.size() bytes, in Linux's order, with padding that aligns each option.
void write_options(const SegmentOptions& options, MutableBytes room);

/// What is known of the bytes behind a header. Those that belong to a SYN are heard only there.
SegmentOptions parse_options(Bytes bytes, bool is_syn);

/// `mss 1460,sackOK,TS val 1 ecr 0`; empty where there are none.
std::string text_of_options(const SegmentOptions& options);

}  // namespace fivetuple::sim::tcp

#pragma once

#include "fivetuple/diag/filter.h"

#include <cstddef>
#include <vector>

namespace fivetuple::diag {

/// A filter as the kernel's inet_diag runs it over each socket, so that what nobody wants is not
/// even copied. include/uapi/linux/inet_diag.h
struct Bytecode {
    /// Empty: the kernel passes all.
    std::vector<std::byte> bytes;
    /// Whether it passes the same sockets as the filter, apart from their states. Where it does
    /// not it passes more, and Filter::matches() has to judge what comes.
    bool is_exact = true;
};

/// What of a filter the kernel can judge: addresses, ports, interfaces, marks and cgroups. States
/// go into the request beside it; processes and users are known to the kernel's other parts only.
Bytecode compile(const Filter& filter);

}  // namespace fivetuple::diag

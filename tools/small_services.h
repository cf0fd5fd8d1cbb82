#pragma once

#include "fivetuple/server/options.h"

#include "tools/command.h"
#include <cstdint>
#include <string_view>

namespace ft_tool {

void add_discard(CLI::App& program, Run& chosen);
void add_chargen(CLI::App& program, Run& chosen);
void add_daytime(CLI::App& program, Run& chosen);
void add_serve_tcp(CLI::App& program, Run& chosen);

/// One of them, for whoever runs it elsewhere.
struct SmallService {
    std::string_view name;
    std::uint16_t port;  ///< That of the RFC.
    fivetuple::ConnectionHandler handler;
};
/// echo, discard, chargen or daytime; null for any other name.
const SmallService* find_small_service(std::string_view name);

}  // namespace ft_tool

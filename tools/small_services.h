#pragma once

#include "tools/command.h"

namespace ft_tool {

void add_discard(CLI::App& program, Run& chosen);
void add_chargen(CLI::App& program, Run& chosen);
void add_daytime(CLI::App& program, Run& chosen);
void add_serve_tcp(CLI::App& program, Run& chosen);

}  // namespace ft_tool

#pragma once

#include "fivetuple/os/option_catalogue.h"

#include <string>

namespace fivetuple {

/// All that is known of an option, a line for each thing: what `ft options NAME` prints.
std::string option_page(const OptionEntry& entry);

/// A line for each option: what `ft options` prints.
std::string option_list();

/// The page docs/options.md, whole.
std::string options_markdown();

/// `SOL_SOCKET`, `IPPROTO_TCP` ...
std::string level_name(int level);

}  // namespace fivetuple

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fivetuple {

/// In small letters, of the 26 of English.
std::string lowered(std::string_view text);

/// How many letters must be put in, taken out, changed, or exchanged with their neighbour, to make
/// the one of the other.
std::size_t letters_between(std::string_view a, std::string_view b);

/// How unlike what somebody asked for is to a name, case aside; lower is likelier. A part of the
/// name counts more than letters in common.
std::size_t unlikeness(std::string_view asked, std::string_view name);

/// Whether a name that is so unlike could be what was meant.
bool could_be_meant(std::string_view asked, std::size_t unlikeness);

}  // namespace fivetuple

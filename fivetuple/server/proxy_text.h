#pragma once

#include "fivetuple/server/proxy_header.h"

#include <string_view>

// Version 1 of the PROXY protocol, a line of text: what proxy_header.h is made of.
namespace fivetuple {

inline constexpr std::string_view kProxyTextStart = "PROXY ";
/// The longest line that can be, with its CR LF.
inline constexpr std::size_t kProxyTextMost = 107;

/// As find_proxy_header(), of a text that begins as such a line.
Result<std::optional<ProxyHeader>> find_proxy_text(std::string_view front);
/// As proxy_bytes_missing(), of at least 12 bytes.
std::size_t proxy_text_missing(std::string_view front);

}  // namespace fivetuple

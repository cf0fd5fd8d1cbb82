#include "fivetuple/server/proxy_header.h"

#include "fivetuple/server/proxy_binary.h"
#include "fivetuple/server/proxy_text.h"

#include <algorithm>

namespace fivetuple {
namespace {

// Whether the bytes so far could be the front of `what`, or have all of it in front.
bool begins_like(Bytes front, std::string_view what) {
    const std::size_t count = std::min(front.size(), what.size());
    return text_of(front.first(count)) == what.substr(0, count);
}

}  // namespace

Result<std::optional<ProxyHeader>> find_proxy_header(Bytes front, const ProxyLimits& limits) {
    const bool like_v1 = begins_like(front, kProxyTextStart);
    const bool like_v2 = begins_like(front, kProxyBinaryStart);
    if (!like_v1 && !like_v2) {
        return std::unexpected(Error::malformed("PROXY header", "it does not begin as one"));
    }
    if (front.empty()) return std::nullopt;
    if (like_v1 && !limits.takes_v1) {
        return std::unexpected(Error::malformed("PROXY header", "version 1 is not taken here"));
    }
    if (like_v2 && !limits.takes_v2) {
        return std::unexpected(Error::malformed("PROXY header", "version 2 is not taken here"));
    }
    return like_v1 ? find_proxy_text(text_of(front)) : find_proxy_binary(front, limits.bytes_max);
}

std::size_t proxy_bytes_missing(Bytes front) {
    // Twelve tell the versions apart, and every header has more.
    if (front.size() < kProxyBinaryStart.size()) return kProxyBinaryStart.size() - front.size();
    return begins_like(front, kProxyBinaryStart) ? proxy_binary_missing(front)
                                                 : proxy_text_missing(text_of(front));
}

}  // namespace fivetuple

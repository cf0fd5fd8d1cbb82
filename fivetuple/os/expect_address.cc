#include "fivetuple/os/expect_address.h"

#include <string>

namespace fivetuple {

Result<void> expect_ip(const SocketAddress& address, const char* call, const char* what) {
    if (address.is_ip()) return {};
    return std::unexpected(Error::malformed(call, std::string(what) + " needs an IP address")
                               .about(address.to_string()));
}

Result<void> expect_unix(const SocketAddress& address, const char* call) {
    if (address.is_unix()) return {};
    return std::unexpected(Error::malformed(call, "it is not an address in the Unix domain")
                               .about(address.to_string()));
}

}  // namespace fivetuple

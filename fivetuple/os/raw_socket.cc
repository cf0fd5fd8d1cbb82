#include "fivetuple/os/raw_socket.h"

#include "fivetuple/os/options.h"
#include "fivetuple/os/raw_options.h"

#include <sys/socket.h>

#include <cerrno>

namespace fivetuple {

Error no_raw_socket(int code, const char* what) {
    Error error = Error::system(code, "socket").about(what);
    if (code != EPERM && code != EACCES) return error;
    return std::move(error).because("Operation not permitted without CAP_NET_RAW");
}

Result<Socket> open_raw_socket(Family family, std::uint8_t protocol, const RawOptions& options) {
    const bool v6 = family == Family::ipv6;
    const char* what = v6 ? "raw IPv6" : "raw IPv4";
    if (!v6 && family != Family::ipv4) {
        return std::unexpected(Error::malformed("socket", "raw sockets are IPv4 or IPv6"));
    }
    if (v6 && options.with_header) {
        return std::unexpected(Error::system(EINVAL, "socket")
                                   .about(what)
                                   .because("only IPv4 packets are sent with their header"));
    }
    Fd opened(::socket(raw_family(family), SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
    if (!opened) return std::unexpected(no_raw_socket(errno, what));
    Socket socket(std::move(opened));
    // The filter first: what comes before it would slip in.
    if (options.filter) FT_TRY_VOID(set(socket, SocketFilter{*options.filter}));
    if (options.with_header) FT_TRY_VOID(set(socket, HeaderIncluded{}));
    FT_TRY_VOID(switch_on(OptionAccess(socket), family, options.tell));
    if (options.report_failures) {
        if (v6) FT_TRY_VOID(set(socket, V6ReceiveErrors{}));
        if (!v6) FT_TRY_VOID(set(socket, ReceiveErrors{}));
    }
    if (!options.interface.empty()) FT_TRY_VOID(set(socket, BindToDevice{{options.interface}}));
    if (options.at) FT_TRY_VOID(socket.bind(SocketAddress(*options.at, 0)));
    return socket;
}

}  // namespace fivetuple

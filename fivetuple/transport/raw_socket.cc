#include "fivetuple/transport/raw_socket.h"

namespace fivetuple {

Result<RawSocket> RawSocket::adopt(Loop& loop, Socket socket, bool reports_failures) {
    FT_TRY(const Handle handle, loop.sockets().adopt(std::move(socket).release()));
    RawSocket adopted(loop, handle);
    if (reports_failures) adopted.failures_ = std::make_unique<FailureLog>();
    return adopted;
}

Result<RawSocket> RawSocket::open(Loop& loop, Family family, std::uint8_t protocol,
                                  const RawOptions& options) {
    FT_TRY(Socket socket, open_raw_socket(family, protocol, options));
    return adopt(loop, std::move(socket), options.report_failures);
}

}  // namespace fivetuple

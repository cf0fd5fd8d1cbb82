#include "fivetuple/blocking/raw_socket.h"

namespace fivetuple::blocking {

RawSocket RawSocket::adopt(Socket socket, bool reports_failures) {
    RawSocket adopted(std::move(socket));
    if (reports_failures) adopted.failures_ = std::make_unique<FailureLog>();
    return adopted;
}

Result<RawSocket> RawSocket::open(Family family, std::uint8_t protocol, const RawOptions& options) {
    FT_TRY(Socket socket, open_raw_socket(family, protocol, options));
    return adopt(std::move(socket), options.report_failures);
}

}  // namespace fivetuple::blocking

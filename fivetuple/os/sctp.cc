#include "fivetuple/os/sctp.h"

#include <cerrno>

namespace fivetuple {

Error explain_sctp(Error error) {
    if (!error.is(EPROTONOSUPPORT) && !error.is(ESOCKTNOSUPPORT)) return error;
    return Error::unsupported("socket",
                              "this kernel has no SCTP, or its module is not loaded "
                              "(`modprobe sctp`)")
        .about("SCTP");
}

}  // namespace fivetuple

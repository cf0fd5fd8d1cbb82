#include "fivetuple/os/listening.h"

#include "fivetuple/os/options.h"

namespace fivetuple {

Result<void> prepare_listener(OptionAccess socket, Family family, const ListenOptions& options) {
    if (family == Family::ipv4 || family == Family::ipv6) {
        FT_TRY_VOID(set(socket, ReuseAddress{}));
        FT_TRY_VOID(set(socket, NoDelay{}));
    }
    if (options.reuse_port) FT_TRY_VOID(set(socket, ReusePort{}));
    if (family == Family::ipv6) FT_TRY_VOID(set(socket, V6Only{{options.v6_only}}));
    return {};
}

Result<AcceptQueue> accept_queue_of(OptionAccess listener) {
    FT_TRY(const auto info, get<ListenerInfo>(listener));
    return AcceptQueue{info.waiting, info.limit};
}

}  // namespace fivetuple

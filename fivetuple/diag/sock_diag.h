#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/base/time.h"
#include "fivetuple/diag/filter.h"
#include "fivetuple/diag/owners.h"
#include "fivetuple/diag/socket.h"
#include "fivetuple/os/netlink/exchange.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace fivetuple::diag {

/// Which sockets of this network namespace are to be shown, and what of them.
struct Query {
    bool tcp = true;
    bool udp = false;
    bool raw = false;
    bool unix_domain = false;
    bool packet = false;
    bool ipv4 = true;  ///< Of the Internet's, as the next.
    bool ipv6 = true;
    StateSet states = StateSet::all();
    /// Beside what always comes. Each costs the kernel time and bytes for each socket.
    bool with_tcp_info = false;  ///< And what BBR knows.
    bool with_memory = false;
    bool with_congestion = false;
    bool with_service_bytes = false;  ///< IP_TOS, IPV6_TCLASS, and the priority.
    /// Which of them; null for all. It must stay.
    const Filter* filter = nullptr;
    /// For a filter that asks for processes. It must stay.
    const Owners* owners = nullptr;
};

/// To whom sockets are shown.
class Visitor {
public:
    virtual ~Visitor() = default;
    /// Another one, valid inside the call only. An error ends the visit, and is its result.
    virtual Result<void> see(const SeenSocket& socket) = 0;
    /// All that has been seen so far stays seen.
    virtual void keep() {}
    /// What has been seen since the last keep() is void, and comes again: the kernel's list was
    /// disturbed.
    virtual void forget() = 0;
};

/// How a visit went.
struct Visit {
    std::size_t seen = 0;            ///< Shown to the visitor, without what it had to forget.
    std::size_t passed_over = 0;     ///< Told by the kernel, and refused by the filter here.
    std::size_t asked_again = 0;     ///< Lists that were disturbed while they were read.
    bool is_filtered_there = false;  ///< The kernel judged all or a part of the filter.
    /// What could not be seen and why, in words: a kind that this kernel does not list, marks that
    /// this user may not see.
    std::vector<std::string> limits;
};

/// Shows the visitor each socket, as the kernel lists them: nothing is gathered, so millions can
/// pass. A socket that ends meanwhile is or is not among them; of one that changes either state may
/// be told, or, where it changed its list, both. A list that is disturbed (NLM_F_DUMP_INTR) or lost
/// (ENOBUFS) is asked for again, up to ten times. sock_diag(7)
/// Errors: EAGAIN, after the last of them; deadline; malformed; what the visitor gives.
Result<Visit> visit_sockets(const Query& query, Visitor& visitor, Time deadline = kNever);

/// Ends a connection, or a socket of datagrams, as if its program had: the peer of TCP gets a
/// reset, the program ECONNABORTED. It must be the one that was seen: its cookie is compared.
/// Errors: EPERM (it takes CAP_NET_ADMIN); EOPNOTSUPP (this kernel was made without
/// CONFIG_INET_DIAG_DESTROY, or this kind cannot be ended); ENOENT (it is gone); unsupported, for
/// sockets that are not TCP or UDP; deadline.
Result<void> destroy(const SeenSocket& socket, Time deadline = kNever);

/// Repeats `attempt` until it brings no ENOBUFS, up to ten times; `sink` is told to start again
/// before each but the first. For lists whose datagrams can be lost.
/// Errors: as `attempt`.
Result<void> until_nothing_is_lost(const std::function<Result<void>()>& attempt,
                                   netlink::Sink& sink);

}  // namespace fivetuple::diag

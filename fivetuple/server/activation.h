#pragma once

#include "fivetuple/os/inherited_sockets.h"
#include "fivetuple/transport/tcp.h"
#include "fivetuple/transport/unix.h"

#include <span>
#include <string_view>
#include <vector>

// Listeners that another program has opened: a service manager (socket activation), or the server
// whose successor this program is (hand_over.h). They stay open, with all who wait to be accepted,
// when this program restarts.
namespace fivetuple {

/// The listeners that this program was started with; the variables of sd_listen_fds(3) are taken
/// out of the environment. None where it was started by hand.
/// Errors: as take_inherited_sockets(); EINVAL, for a socket that is no listener for streams: its
/// unit needs ListenStream=, and no Accept=yes.
Result<std::vector<InheritedSocket>> take_inherited_listeners();

/// The first of that name, taken out of `sockets`. Errors: ENOENT, saying which names there are.
Result<InheritedSocket> take_named(std::vector<InheritedSocket>& sockets, std::string_view name);

/// On a loop, what has been inherited. It keeps the options that its opener has set.
/// Errors: EINVAL, where it does not listen for streams of TCP; as Sockets::adopt().
Result<TcpListener> adopt_tcp_listener(Loop& loop, InheritedSocket inherited);
/// The same of a connection, which a server serves by Server::serve_also().
/// Errors: EINVAL, where it is no stream of TCP, or listens; as Sockets::adopt().
Result<TcpStream> adopt_tcp_stream(Loop& loop, InheritedSocket inherited);
/// As adopt_tcp_listener(), of the Unix domain; its path stays when it is closed, as it is the
/// opener's.
Result<SocketListener<UnixStream>> adopt_unix_listener(Loop& loop, InheritedSocket inherited);

}  // namespace fivetuple

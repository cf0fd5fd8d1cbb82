#pragma once

#include "fivetuple/server/access_list.h"
#include "fivetuple/server/proxy_header.h"
#include "fivetuple/task/task.h"
#include "fivetuple/transport/socket_stream.h"
#include "fivetuple/transport/stream.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

// The PROXY protocol on streams. haproxy's proxy-protocol.txt
namespace fivetuple {

/// A header on its way in: asks for no byte behind it.
class ProxyReading {
public:
    explicit ProxyReading(const ProxyLimits& limits) : limits_(limits) {}

    /// Room for what must still come, good until the next call.
    MutableBytes room();
    /// So many bytes of it have been filled; the header where it is whole.
    /// Errors: as find_proxy_header(); ended, where the stream has.
    Result<std::optional<ProxyHeader>> filled(std::size_t count);

private:
    ProxyLimits limits_;
    std::vector<std::byte> bytes_;
    std::size_t count_ = 0;
};

/// Reads a header from a stream that must begin with one, and nothing behind it: bound it by
/// `within(3s, ...)`. The stream must outlive it.
/// Errors: as find_proxy_header() and of the stream; ended, where that comes first.
template <Stream S>
Task<Result<ProxyHeader>> read_proxy_header(S& stream, ProxyLimits limits = {}) {
    ProxyReading reading(limits);
    while (true) {
        FT_CO_TRY(const std::size_t count, co_await stream.read_some(reading.room()));
        FT_CO_TRY(auto header, reading.filled(count));
        if (header) co_return *std::move(header);
    }
}

/// A header of the version that it names. Errors: as to_proxy_v1() or to_proxy_v2().
Result<std::vector<std::byte>> to_proxy_bytes(const ProxyHeader& header);

/// Writes a header, of the version that it names, in front of all else.
/// Errors: as to_proxy_v1() or to_proxy_v2(), and of the stream.
template <Stream S>
Task<Result<void>> write_proxy_header(S& stream, ProxyHeader header) {
    FT_CO_TRY(const std::vector<std::byte> bytes, to_proxy_bytes(header));
    Transfer sent = co_await stream.write_all(bytes);
    if (!sent) co_return std::unexpected(std::move(sent).error());
    co_return {};
}

/// The header that tells others of this client, to be added to. Errors: ENOTCONN.
Result<ProxyHeader> proxy_header_for(const SocketStream& client);

/// Whose word is taken for who the client is.
struct ProxyOptions {
    /// Peers that may speak for others, and must begin with a header. Nobody, unless told.
    AccessList trusted = AccessList(Access::deny);
    /// The same of peers in the Unix domain, which have no network.
    bool trusts_unix = false;
    /// Others are served as the clients that they are, and whatever they send is taken as it is; or
    /// they are refused.
    bool serves_others = false;
    /// How long the whole header may take. A proxy sends it with its first packet; three seconds
    /// leave time for that to be lost and sent again.
    Duration limit = std::chrono::seconds(3);
    ProxyLimits limits = {};
};

/// Who is served.
struct KnownClient {
    SocketAddress from;  ///< The client.
    SocketAddress to;    ///< What it connected to.
    /// What the proxy said; none where the client came by itself.
    std::optional<ProxyHeader> header;
};

/// Finds out who stands behind a connection just accepted: reads the header of a peer that is
/// trusted, and no byte behind it. Stream and options must outlive it.
/// Errors: EACCES, of a peer that is neither trusted nor to be served; deadline, where the limit
/// ran out; as read_proxy_header(). After an error the connection is good for nothing but closing.
Task<Result<KnownClient>> know_client(SocketStream& stream, const ProxyOptions& options);

}  // namespace fivetuple

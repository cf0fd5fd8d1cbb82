#include "fivetuple/server/proxy_protocol.h"

#include "fivetuple/task/within.h"

#include <cerrno>

namespace fivetuple {

MutableBytes ProxyReading::room() {
    bytes_.resize(count_ + proxy_bytes_missing(std::span(bytes_).first(count_)));
    return std::span(bytes_).subspan(count_);
}

Result<std::optional<ProxyHeader>> ProxyReading::filled(std::size_t count) {
    if (count == 0) {
        return std::unexpected(
            Error::ended("PROXY header")
                .because("the stream ended after " + std::to_string(count_) + " bytes of it"));
    }
    count_ += count;
    return find_proxy_header(std::span(bytes_).first(count_), limits_);
}

Result<std::vector<std::byte>> to_proxy_bytes(const ProxyHeader& header) {
    if (header.version != 1) return to_proxy_v2(header);
    FT_TRY(const std::string line, to_proxy_v1(header));
    const Bytes bytes = bytes_of(line);
    return std::vector<std::byte>(bytes.begin(), bytes.end());
}

Result<ProxyHeader> proxy_header_for(const SocketStream& client) {
    ProxyHeader header;
    FT_TRY(header.from, client.peer_address());
    FT_TRY(header.to, client.local_address());
    return header;
}

Task<Result<KnownClient>> know_client(SocketStream& stream, const ProxyOptions& options) {
    KnownClient client;
    FT_CO_TRY(client.from, stream.peer_address());
    FT_CO_TRY(client.to, stream.local_address());
    const bool is_trusted =
        client.from.is_unix() ? options.trusts_unix : options.trusted.allows(client.from);
    if (!is_trusted && !options.serves_others) {
        co_return std::unexpected(Error::system(EACCES, "PROXY header")
                                      .about(client.from.to_string())
                                      .because("the peer is not one that is trusted to send any"));
    }
    if (!is_trusted) co_return client;
    auto header = co_await within(options.limit, read_proxy_header(stream, options.limits));
    if (!header) {
        Error why = header.error().is_deadline() ? Error::deadline("PROXY header")
                                                 : std::move(header).error();
        co_return std::unexpected(std::move(why).about(client.from.to_string()));
    }
    if (header->knows_client()) {
        client.from = header->from;
        client.to = header->to;
    }
    client.header = *std::move(header);
    co_return client;
}

}  // namespace fivetuple

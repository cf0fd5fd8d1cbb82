#pragma once

#include "fivetuple/os/address.h"
#include "fivetuple/os/option_catalogue.h"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fivetuple {

/// What one side of a relay can be.
enum class RelayKind : std::uint8_t {
    tcp,
    tcp_listen,
    udp,
    udp_listen,
    unix_stream,
    unix_listen,
    unix_datagram,
    unix_datagram_listen,
    seqpacket,
    seqpacket_listen,
    standard,  ///< Standard input and output.
    file,
    exec,
};

/// What is wrong with the text of a relay's address, and where.
struct RelayFault {
    std::size_t at = 0;  ///< Bytes in front of the place.
    std::string why;
    std::string hint;  ///< Empty where none is known.

    /// The text, and below it a mark at the place with the reason behind it: two lines.
    std::string shown_in(std::string_view text) const;
};

/// One side of a relay as a person writes it: `KIND:PLACE[,OPTION[=VALUE]]...`, as in
/// `tcp-listen:8080,fork,nodelay`, `unix:/run/socket`, `exec:sort -u`, `file:/tmp/log,append`, `-`.
/// A comma that belongs to a place or a value is written `\,`.
struct RelayAddress {
    /// A socket option, and its value as OptionEntry::write takes it.
    struct Setting {
        const OptionEntry* option;
        std::string value;
    };

    RelayKind kind = RelayKind::standard;
    std::string text;   ///< As it was written.
    SocketAddress at;   ///< Of sockets.
    std::string place;  ///< Of others: a path, a command line.
    std::vector<Setting> settings;
    std::optional<SocketAddress> from;  ///< `bind=`: the local address of what connects.
    std::optional<std::uint32_t> mode;  ///< `mode=`: permission bits of a path that is made.
    unsigned connections = 0;  ///< `fork`: so many at once, of a listener; 0: one, then the end.
    bool reads = true;         ///< Of a file: that something is read from it.
    bool writes = true;        ///< And that something is written to it.
    bool creates = false;
    bool truncates = false;
    bool appends = false;

    /// Reads one. Errors: what is wrong, and where.
    static std::expected<RelayAddress, RelayFault> parse(std::string_view text);

    /// Whether others connect to it: a stream's or SEQPACKET's listener.
    bool is_listener() const;
    /// Whether it moves messages instead of a stream of bytes.
    bool keeps_messages() const;
    /// Whether it can tell that no more will come, and be told.
    bool has_end() const;
};

/// A line for each kind, and for the options: what help texts say.
std::string_view relay_address_help();

}  // namespace fivetuple

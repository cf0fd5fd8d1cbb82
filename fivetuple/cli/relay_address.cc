#include "fivetuple/cli/relay_address.h"

#include "fivetuple/base/assert.h"
#include "fivetuple/cli/relay_options.h"

#include <algorithm>
#include <charconv>

namespace fivetuple {
namespace {

struct KindName {
    std::string_view name;
    RelayKind kind;
    bool is_abstract = false;
};

constexpr KindName kKinds[] = {
    {"tcp", RelayKind::tcp},
    {"tcp-listen", RelayKind::tcp_listen},
    {"udp", RelayKind::udp},
    {"udp-listen", RelayKind::udp_listen},
    {"unix", RelayKind::unix_stream},
    {"unix-listen", RelayKind::unix_listen},
    {"unix-dgram", RelayKind::unix_datagram},
    {"unix-dgram-listen", RelayKind::unix_datagram_listen},
    {"seqpacket", RelayKind::seqpacket},
    {"seqpacket-listen", RelayKind::seqpacket_listen},
    {"abstract", RelayKind::unix_stream, true},
    {"abstract-listen", RelayKind::unix_listen, true},
    {"stdio", RelayKind::standard},
    {"-", RelayKind::standard},
    {"file", RelayKind::file},
    {"exec", RelayKind::exec},
};

// What `fork` allows at once where it does not say.
constexpr unsigned kUsualConnections = 1024;

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

// The text with `\,` as the comma that it means.
std::string with_commas(std::string_view text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '\\' && at + 1 < text.size() && text[at + 1] == ',') continue;
        plain += text[at];
    }
    return plain;
}

// Where the part that begins at `from` ends: at the next comma that is one.
std::size_t end_of_part(std::string_view text, std::size_t from) {
    for (std::size_t at = from; at < text.size(); ++at) {
        if (text[at] == ',' && (at == from || text[at - 1] != '\\')) return at;
    }
    return text.size();
}

bool is_ip(RelayKind kind) {
    return kind == RelayKind::tcp || kind == RelayKind::tcp_listen || kind == RelayKind::udp ||
           kind == RelayKind::udp_listen;
}
bool is_unix(RelayKind kind) {
    return kind >= RelayKind::unix_stream && kind <= RelayKind::seqpacket_listen;
}
bool waits_for_peers(RelayKind kind) {
    return kind == RelayKind::tcp_listen || kind == RelayKind::udp_listen ||
           kind == RelayKind::unix_listen || kind == RelayKind::unix_datagram_listen ||
           kind == RelayKind::seqpacket_listen;
}

SocketKind socket_kind(const RelayAddress& address) {
    const bool v6 = address.at.family() == Family::ipv6;
    switch (address.kind) {
        case RelayKind::tcp:
        case RelayKind::tcp_listen:
            return v6 ? SocketKind::tcp_v6 : SocketKind::tcp_v4;
        case RelayKind::udp:
        case RelayKind::udp_listen:
            return v6 ? SocketKind::udp_v6 : SocketKind::udp_v4;
        case RelayKind::unix_stream:
        case RelayKind::unix_listen:
            return SocketKind::unix_stream;
        case RelayKind::unix_datagram:
        case RelayKind::unix_datagram_listen:
            return SocketKind::unix_datagram;
        case RelayKind::seqpacket:
        case RelayKind::seqpacket_listen:
            return SocketKind::unix_seqpacket;
        default:
            return SocketKind::other;
    }
}

// Reads one address, from its front to its end.
class Parser {
public:
    explicit Parser(std::string_view text) : text_(text) { address_.text = text; }

    std::expected<RelayAddress, RelayFault> parse() {
        if (!read_kind() || !read_place()) return std::unexpected(fault_);
        while (at_ < text_.size()) {
            if (!read_option()) return std::unexpected(fault_);
        }
        if (!check()) return std::unexpected(fault_);
        return address_;
    }

private:
    bool fail(std::size_t at, std::string why, std::string hint = {}) {
        fault_ = {at, std::move(why), std::move(hint)};
        return false;
    }

    bool read_kind();
    bool unknown_kind(std::string_view name);
    bool read_place();
    bool read_ip(std::string place, std::size_t at);
    bool read_unix(const std::string& place, std::size_t at);
    bool read_option();
    bool read_named(const RelayOptionText& option);
    bool read_file_option(const RelayOptionText& option);
    bool read_fork(const RelayOptionText& option);
    bool read_bind(const RelayOptionText& option);
    bool read_mode(const RelayOptionText& option);
    bool check();

    std::string_view text_;
    std::size_t at_ = 0;  // What is in front of it has been read.
    const KindName* kind_ = nullptr;
    RelayAddress address_;
    RelayFault fault_;
    bool says_reads_ = false;
    bool says_writes_ = false;
    bool says_read_only_ = false;
};

bool Parser::unknown_kind(std::string_view name) {
    const std::string written(text_.substr(0, end_of_part(text_, 0)));
    const auto at = SocketAddress::parse(written);
    if (at && (at->is_ip() || (at->is_unix() && !at->is_unnamed()))) {
        const bool is_path = at->is_unix();
        return fail(0, "it does not say of what kind it is",
                    is_path
                        ? "for a Unix socket write unix:" + written + ", for a file file:" + written
                        : "write tcp:" + written + " or udp:" + written);
    }
    std::string all;
    for (const KindName& each : kKinds) all += (all.empty() ? "" : ", ") + std::string(each.name);
    return fail(0, name.empty() ? "the kind is missing" : "there is no kind " + quoted(name),
                "the kinds are " + all);
}

bool Parser::read_kind() {
    const std::size_t end = std::min(text_.find_first_of(":,"), text_.size());
    const std::string_view name = text_.substr(0, end);
    const auto* found = std::ranges::find(kKinds, name, &KindName::name);
    if (found == std::end(kKinds)) return unknown_kind(name);
    kind_ = found;
    address_.kind = found->kind;
    at_ = end;
    if (found->kind == RelayKind::standard) {
        if (end == text_.size() || text_[end] == ',') return true;
        return fail(end, "nothing goes behind " + std::string(name) + " but options");
    }
    if (end == text_.size() || text_[end] == ',') {
        return fail(end, "what it is about is missing",
                    "write " + std::string(name) + ":" +
                        (is_ip(found->kind)               ? "ADDRESS:PORT"
                         : found->kind == RelayKind::exec ? "COMMAND"
                         : found->is_abstract             ? "NAME"
                                                          : "PATH"));
    }
    at_ = end + 1;
    return true;
}

bool Parser::read_place() {
    if (address_.kind == RelayKind::standard) return true;
    const std::size_t from = at_;
    at_ = end_of_part(text_, from);
    const std::string place = with_commas(text_.substr(from, at_ - from));
    if (place.find('\0') != place.npos) return fail(from, "it holds a zero byte");
    if (is_ip(address_.kind)) return read_ip(place, from);
    if (is_unix(address_.kind)) return read_unix(place, from);
    const bool is_file = address_.kind == RelayKind::file;
    if (place.find_first_not_of(' ') == place.npos) {
        return fail(from, is_file ? "the path is missing" : "the command is missing");
    }
    address_.place = place;
    return true;
}

bool Parser::read_ip(std::string place, std::size_t at) {
    const bool waits = waits_for_peers(address_.kind);
    if (is_number(place)) {
        if (!waits) {
            return fail(at, "the host is missing",
                        "write " + std::string(kind_->name) + ":127.0.0.1:" + place);
        }
        place = "*:" + place;
    }
    const auto parsed = SocketAddress::parse(place);
    if (!parsed) return fail(at, parsed.error().reason());
    if (!parsed->is_ip()) {
        return fail(at, "it is no IP address", "for a path write unix:" + place);
    }
    if (!waits && parsed->port() == 0) return fail(at, "nobody can listen on port 0");
    address_.at = *parsed;
    return true;
}

bool Parser::read_unix(const std::string& place, std::size_t at) {
    if (place.empty())
        return fail(at, kind_->is_abstract ? "the name is missing" : "the path is missing");
    const auto parsed = SocketAddress::parse((kind_->is_abstract ? "unix:@" : "unix:") + place);
    if (!parsed) return fail(at, parsed.error().reason());
    address_.at = *parsed;
    return true;
}

bool Parser::read_option() {
    FT_ASSERT(text_[at_] == ',', "a part ends at a comma");
    const std::size_t from = at_ + 1;
    at_ = end_of_part(text_, from);
    const std::string_view part = text_.substr(from, at_ - from);
    const std::size_t equals = std::min(part.find('='), part.size());
    RelayOptionText option{part.substr(0, equals), std::nullopt, from, from + equals + 1};
    if (equals < part.size()) option.value = with_commas(part.substr(equals + 1));
    if (option.name.empty()) {
        return fail(from, "an option is missing", "a comma of a place or value is written \\,");
    }
    return read_named(option);
}

bool Parser::read_named(const RelayOptionText& option) {
    if (option.name == "fork") return read_fork(option);
    if (option.name == "bind") return read_bind(option);
    if (option.name == "mode") return read_mode(option);
    if (address_.kind == RelayKind::file) return read_file_option(option);
    if (address_.kind == RelayKind::standard || address_.kind == RelayKind::exec) {
        return fail(
            option.name_at, std::string(kind_->name) + " has no options",
            address_.kind == RelayKind::exec ? "a comma of the command is written \\," : "");
    }
    const auto read = read_socket_option(option, socket_kind(address_), address_.settings);
    if (read) return true;
    fault_ = read.error();
    return false;
}

bool Parser::read_file_option(const RelayOptionText& option) {
    const std::string_view name = option.name;
    if (option.value) return fail(option.value_at, std::string(name) + " takes no value");
    if (name == "read-only" || name == "read-write") says_reads_ = true;
    if (name == "write-only" || name == "read-write") says_writes_ = true;
    if (name == "read-only") says_read_only_ = true;
    if (name == "create") address_.creates = says_writes_ = true;
    if (name == "truncate") address_.truncates = says_writes_ = true;
    if (name == "append") address_.appends = says_writes_ = true;
    constexpr std::string_view kNames[] = {"read-only", "write-only", "read-write",
                                           "create",    "truncate",   "append"};
    if (std::ranges::find(kNames, name) != std::end(kNames)) return true;
    return fail(option.name_at, "a file has no option " + quoted(name),
                "its options are read-only, write-only, read-write, create, truncate, append and "
                "mode");
}

bool Parser::read_fork(const RelayOptionText& option) {
    if (!address_.is_listener()) {
        return fail(option.name_at,
                    "fork is for tcp-listen, unix-listen, abstract-listen and "
                    "seqpacket-listen");
    }
    address_.connections = kUsualConnections;
    if (!option.value) return true;
    const char* const end = option.value->data() + option.value->size();
    const auto [read, failure] = std::from_chars(option.value->data(), end, address_.connections);
    if (failure == std::errc() && read == end && address_.connections > 0) return true;
    return fail(option.value_at, quoted(*option.value) + " is no number of connections");
}

bool Parser::read_bind(const RelayOptionText& option) {
    const RelayKind kind = address_.kind;
    if (kind != RelayKind::tcp && kind != RelayKind::udp && kind != RelayKind::unix_datagram) {
        return fail(option.name_at, "bind is for tcp, udp and unix-dgram",
                    waits_for_peers(kind) ? "a listener's own address stands behind its kind" : "");
    }
    if (!option.value) return fail(option.name_at, "bind needs a value: bind=ADDRESS");
    if (kind == RelayKind::unix_datagram) {
        const auto name = SocketAddress::parse("unix:" + *option.value);
        if (!name) return fail(option.value_at, name.error().reason());
        if (name->is_unnamed()) return fail(option.value_at, "the path is missing");
        address_.from = *name;
        return true;
    }
    auto from = SocketAddress::parse(*option.value);
    if (const auto ip = IpAddress::parse(*option.value); ip) from = SocketAddress(*ip, 0);
    if (!from) return fail(option.value_at, from.error().reason());
    if (from->family() != address_.at.family()) {
        return fail(option.value_at, "it is of another family than " + address_.at.to_string());
    }
    address_.from = *from;
    return true;
}

bool Parser::read_mode(const RelayOptionText& option) {
    const bool makes_path =
        address_.kind == RelayKind::file ||
        (is_unix(address_.kind) && waits_for_peers(address_.kind) && !address_.at.is_abstract());
    if (!makes_path) return fail(option.name_at, "mode is for what makes a path");
    if (!option.value) return fail(option.name_at, "mode needs a value: mode=600");
    const char* const end = option.value->data() + option.value->size();
    std::uint32_t mode = 0;
    const auto [read, failure] = std::from_chars(option.value->data(), end, mode, 8);
    if (failure != std::errc() || read != end || mode > 0777) {
        return fail(option.value_at, quoted(*option.value) +
                                         " is no mode: it has octal digits, 0 "
                                         "to 777");
    }
    address_.mode = mode;
    return true;
}

bool Parser::check() {
    if (address_.kind != RelayKind::file) return true;
    if (!says_reads_ && !says_writes_) says_reads_ = true;
    address_.reads = says_reads_;
    address_.writes = says_writes_;
    if (says_read_only_ && says_writes_) return fail(0, "it is read only, and written to");
    if (address_.mode && !address_.creates) {
        return fail(text_.find(",mode") + 1, "mode is for a file that is made", "add create");
    }
    return true;
}

}  // namespace

std::expected<RelayAddress, RelayFault> RelayAddress::parse(std::string_view text) {
    return Parser(text).parse();
}

bool RelayAddress::is_listener() const {
    return kind == RelayKind::tcp_listen || kind == RelayKind::unix_listen ||
           kind == RelayKind::seqpacket_listen;
}

bool RelayAddress::keeps_messages() const {
    return socket_kind(*this) == SocketKind::udp_v4 || socket_kind(*this) == SocketKind::udp_v6 ||
           socket_kind(*this) == SocketKind::unix_datagram ||
           socket_kind(*this) == SocketKind::unix_seqpacket;
}

bool RelayAddress::has_end() const {
    return !keeps_messages() || socket_kind(*this) == SocketKind::unix_seqpacket;
}

std::string RelayFault::shown_in(std::string_view text) const {
    std::string line(text);
    std::size_t width = 0;
    for (std::size_t place = 0; place < line.size(); ++place) {
        const auto byte = static_cast<unsigned char>(line[place]);
        if (byte < 0x20 || byte == 0x7f) line[place] = '?';
        // The bytes behind the first of a letter take no room.
        if (place < at && (byte & 0xc0) != 0x80) ++width;
    }
    return line + "\n" + std::string(width, ' ') + "^ " + why;
}

std::string_view relay_address_help() {
    return "KIND:PLACE[,OPTION[=VALUE]]...\n"
           "  tcp:ADDRESS:PORT, udp:ADDRESS:PORT        connect there\n"
           "  tcp-listen:[ADDRESS:]PORT                 wait for a connection\n"
           "  udp-listen:[ADDRESS:]PORT                 wait for a datagram; its sender is the "
           "peer\n"
           "  unix:PATH, seqpacket:PATH, unix-dgram:PATH, abstract:NAME\n"
           "  unix-listen:PATH, seqpacket-listen:PATH, unix-dgram-listen:PATH, "
           "abstract-listen:NAME\n"
           "  stdio or -                                standard input and output\n"
           "  file:PATH                                 read; with create, truncate, append or\n"
           "                                            write-only written; with read-write both\n"
           "  exec:COMMAND                              a shell command's input and output\n"
           "Options: fork[=N] serves every connection of LEFT, N at once; bind=ADDRESS; mode=600;\n"
           "and every socket option by its short name (`ft options`): nodelay, keepalive=30s,\n"
           "sndbuf=64KiB, reuseport. A comma that belongs to a place is written \\,.";
}

}  // namespace fivetuple

#include "fivetuple/server/proxy_text.h"

#include "fivetuple/server/proxy_addresses.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace fivetuple {
namespace {

Error bad(std::string_view why) { return Error::malformed("PROXY header", why); }

// "PROXY TCP4 1.1.1.1 2.2.2.2 1 1": six words, with one space between them.
constexpr std::size_t kWords = 6;

// Takes the first word off `line`, and the space behind it.
std::string_view take_word(std::string_view& line) {
    const std::size_t end = std::min(line.find(' '), line.size());
    const std::string_view word = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    return word;
}

Result<IpAddress> read_ip(std::string_view word, bool is_v4) {
    // An interface of the proxy's would mean nothing here.
    auto ip = word.find('%') == word.npos ? IpAddress::parse(word)
                                          : std::unexpected(bad("an address has no interface"));
    if (!ip || ip->is_v4() != is_v4) {
        return std::unexpected(
            bad("\"" + std::string(word) + "\" is no IPv" + (is_v4 ? "4" : "6") + " address"));
    }
    return *ip;
}

Result<std::uint16_t> read_port(std::string_view word) {
    std::uint16_t port = 0;
    const auto [end, failure] = std::from_chars(word.data(), word.data() + word.size(), port);
    const bool is_whole = failure == std::errc() && end == word.data() + word.size();
    if (!is_whole || (word.size() > 1 && word.front() == '0')) {
        return std::unexpected(bad("\"" + std::string(word) + "\" is no port"));
    }
    return port;
}

Result<ProxyHeader> read_line(std::string_view line) {
    ProxyHeader header;
    header.version = 1;
    header.size = line.size() + 2;
    std::string_view rest = line.substr(kProxyTextStart.size());
    const bool has_rest = rest.find(' ') != rest.npos;
    const std::string_view family = take_word(rest);
    // What stands behind UNKNOWN is to be ignored.
    if (family == "UNKNOWN") return header;
    if (!has_rest || std::ranges::count(line, ' ') != kWords - 1) {
        return std::unexpected(bad("it needs two addresses and two ports, one space apart"));
    }
    const bool is_v4 = family == "TCP4";
    FT_TRY(const IpAddress from, read_ip(take_word(rest), is_v4));
    FT_TRY(const IpAddress to, read_ip(take_word(rest), is_v4));
    FT_TRY(const std::uint16_t from_port, read_port(take_word(rest)));
    FT_TRY(const std::uint16_t to_port, read_port(rest));
    header.from = SocketAddress(from, from_port);
    header.to = SocketAddress(to, to_port);
    return header;
}

// Whether the second word, as far as it has come, is one of the three that there are.
bool has_family(std::string_view front) {
    std::string_view rest = front.substr(std::min(kProxyTextStart.size(), front.size()));
    const std::size_t end = rest.find_first_of(std::string_view(" \r\n\0", 4));
    for (const std::string_view each : {"TCP4", "TCP6", "UNKNOWN"}) {
        if (end == rest.npos ? each.starts_with(rest) : each == rest.substr(0, end)) return true;
    }
    return false;
}

}  // namespace

Result<std::optional<ProxyHeader>> find_proxy_text(std::string_view front) {
    if (!has_family(front)) return std::unexpected(bad("it is neither TCP4, TCP6 nor UNKNOWN"));
    const std::string_view line = front.substr(0, kProxyTextMost);
    // What no line can hold is said at once, not when the line ends.
    const std::size_t end = line.find_first_of(std::string_view("\r\n\0", 3));
    if (end == line.npos) {
        if (line.size() == kProxyTextMost) {
            return std::unexpected(bad("its line does not end within 107 bytes"));
        }
        return std::nullopt;
    }
    if (line[end] != '\r') return std::unexpected(bad("its line does not end with CR LF"));
    if (end + 1 == front.size() && end + 1 < kProxyTextMost) return std::nullopt;
    if (end + 1 >= line.size() || line[end + 1] != '\n') {
        return std::unexpected(bad("its line does not end with CR LF"));
    }
    FT_TRY(ProxyHeader header, read_line(line.substr(0, end)));
    return header;
}

std::size_t proxy_text_missing(std::string_view front) {
    if (front.ends_with('\r')) return 1;
    const bool is_v4 = front.starts_with("PROXY TCP4 ");
    if (!is_v4 && !front.starts_with("PROXY TCP6 ")) return 2;
    // The least that the words to come can be, each with the space before it, and the line's end.
    const std::size_t least_address = is_v4 ? 7 : 2;
    const std::array<std::size_t, kWords> least{5, 4, least_address, least_address, 1, 1};
    const auto words = static_cast<std::size_t>(std::ranges::count(front, ' ')) + 1;
    std::size_t missing = 2;
    for (std::size_t at = words; at < kWords; ++at) missing += 1 + least[at];
    if (front.ends_with(' ') && words <= kWords) missing += least[words - 1];
    return missing;
}

Result<std::string> to_proxy_v1(const ProxyHeader& header) {
    if (header.is_local || !header.knows_client()) return "PROXY UNKNOWN\r\n";
    FT_TRY(const ProxyAddresses both, alike(header.from, header.to));
    if (!both.from.is_ip() || header.is_datagram) {
        return std::unexpected(
            Error::unsupported("PROXY header", "version 1 tells of TCP connections only"));
    }
    std::string line(kProxyTextStart);
    line += both.from.ip().is_v4() ? "TCP4 " : "TCP6 ";
    line += plain_text_of(both.from.ip()) + " " + plain_text_of(both.to.ip()) + " ";
    return line + std::to_string(both.from.port()) + " " + std::to_string(both.to.port()) + "\r\n";
}

}  // namespace fivetuple

#include "fivetuple/base/similar.h"
#include "fivetuple/diag/filter_parser.h"

#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/stat.h>

#include <array>
#include <charconv>
#include <utility>

// The conditions of a filter, word by word.
namespace fivetuple::diag {
namespace {

template <class T>
std::optional<T> number_in(std::string_view text, int base = 10) {
    T value{};
    const auto [end, failure] =
        std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// Decimal, or hexadecimal behind 0x.
template <class T>
std::optional<T> either_number_in(std::string_view text) {
    if (text.starts_with("0x") || text.starts_with("0X")) return number_in<T>(text.substr(2), 16);
    return number_in<T>(text);
}

// /etc/services, services(5)
std::optional<std::uint16_t> service_port(const std::string& name) {
    servent entry{};
    servent* found = nullptr;
    std::array<char, 1024> room;
    for (const char* protocol : {"tcp", "udp"}) {
        if (::getservbyname_r(name.c_str(), protocol, &entry, room.data(), room.size(), &found) ==
                0 &&
            found != nullptr) {
            return ntohs(static_cast<std::uint16_t>(found->s_port));
        }
    }
    return std::nullopt;
}

// Where `text` is an address and, behind it, a port: `10.0.0.1:80`, `[::1]:80`, `*:80`, `:80`.
struct HostParts {
    std::string_view address;  ///< With its prefix; empty or * for any.
    std::string_view port;     ///< Empty where there is none.
};

HostParts split_host(std::string_view text) {
    const std::size_t bracket = text.rfind(']');
    const std::size_t colon = text.rfind(':');
    const bool is_bare_v6 = bracket == text.npos && colon != text.npos && text.find(':') != colon;
    if (colon == text.npos || is_bare_v6 || (bracket != text.npos && colon < bracket)) {
        return {text, {}};
    }
    return {text.substr(0, colon), text.substr(colon + 1)};
}

std::expected<IpNetwork, std::string> read_network(std::string_view text) {
    const std::size_t slash = text.find('/');
    std::string_view address = text.substr(0, slash);
    if (address.starts_with('[') && address.ends_with(']')) {
        address = address.substr(1, address.size() - 2);
    }
    const auto ip = IpAddress::parse(address);
    if (!ip) return std::unexpected(ip.error().reason());
    const unsigned most = ip->is_v4() ? 32 : 128;
    if (slash == text.npos) return IpNetwork(*ip, most);
    const auto prefix = number_in<unsigned>(text.substr(slash + 1));
    if (!prefix || *prefix > most) {
        return std::unexpected("behind the / belongs a number from 0 to " + std::to_string(most));
    }
    return IpNetwork(*ip, *prefix);
}

}  // namespace

FilterParser::Parsed<FilterParser::Sign> FilterParser::sign() {
    if (take({"=", "==", "eq"})) return Sign::equal;
    if (take({"!=", "ne", "neq"})) return Sign::unequal;
    if (take({"<", "lt"})) return Sign::below;
    if (take({"<=", "le", "leq"})) return Sign::at_most;
    if (take({">", "gt"})) return Sign::above;
    if (take({">=", "ge", "geq"})) return Sign::at_least;
    return Sign::equal;
}

FilterParser::Parsed<FilterParser::Sign> FilterParser::sign_of_equality() {
    const std::size_t at = here();
    const auto found = sign();
    if (*found == Sign::equal || *found == Sign::unequal) return found;
    return wrong(at, "this can only be equal (=) or not (!=)");
}

FilterParser::Parsed<FilterWord> FilterParser::value(const char* meaning) {
    const bool is_missing =
        is_at_end() || (!words_[next_].is_quoted &&
                        next_is_one_of({"and", "or", "not", "(", ")", "!", "&", "&&", "|", "||",
                                        "=", "==", "!=", "<", ">", "<=", ">="}));
    if (is_missing) return wrong(here(), std::string(meaning) + " belongs here");
    return words_[next_++];
}

FilterParser::Made FilterParser::with_sign(Sign sign, Node node) {
    using Compare = Node::Compare;
    if (sign == Sign::at_most || sign == Sign::above) node.compare = Compare::at_most;
    if (sign == Sign::at_least || sign == Sign::below) node.compare = Compare::at_least;
    const Made made = add(std::move(node));
    const bool is_opposite = sign == Sign::unequal || sign == Sign::above || sign == Sign::below;
    return made && is_opposite ? join(Node::What::neither, *made, 0) : made;
}

FilterParser::Made FilterParser::term() {
    if (is_at_end() || words_[next_].is_quoted) return unknown_word();
    const std::string word = lowered(words_[next_].text);
    using What = Node::What;
    using Parse = Made (*)(FilterParser&);
    static constexpr std::array<std::pair<std::string_view, Parse>, 13> kParsers{{
        {"state", [](FilterParser& it) { return it.states_term(false); }},
        {"exclude", [](FilterParser& it) { return it.states_term(true); }},
        {"dport", [](FilterParser& it) { return it.port_term(What::peer_port); }},
        {"sport", [](FilterParser& it) { return it.port_term(What::local_port); }},
        {"dst", [](FilterParser& it) { return it.host_term(false); }},
        {"src", [](FilterParser& it) { return it.host_term(true); }},
        {"dev", [](FilterParser& it) { return it.interface_term(); }},
        {"fwmark", [](FilterParser& it) { return it.mark_term(); }},
        {"cgroup", [](FilterParser& it) { return it.cgroup_term(); }},
        {"process", [](FilterParser& it) { return it.process_term(); }},
        {"pid",
         [](FilterParser& it) { return it.number_term(What::pid, "the number of a process"); }},
        {"uid",
         [](FilterParser& it) { return it.number_term(What::user, "the number of a user"); }},
        {"inode",
         [](FilterParser& it) { return it.number_term(What::inode, "the number of an inode"); }},
    }};
    for (const auto& [name, parse] : kParsers) {
        if (word != name) continue;
        ++next_;
        return parse(*this);
    }
    return unknown_word();
}

FilterParser::Made FilterParser::states_term(bool is_excluded) {
    const auto name = value("the name of a state");
    if (!name) return std::unexpected(name.error());
    const auto states = StateSet::named(name->text);
    if (!states) {
        return wrong(name->at, "there is no state \"" + name->text + "\"",
                     "they are " + StateSet::names());
    }
    Node node;
    node.what = Node::What::states;
    node.states = is_excluded ? StateSet::all() - *states : *states;
    return add(std::move(node));
}

FilterParser::Parsed<std::uint16_t> FilterParser::read_port(std::string_view text,
                                                            std::size_t at) const {
    if (text.starts_with(':')) text.remove_prefix(1);
    if (const auto number = number_in<std::uint16_t>(text)) return *number;
    const std::string name(text);
    if (name.find_first_not_of("0123456789") == name.npos || name.find('\0') != name.npos) {
        return wrong(at, "a port is a number from 0 to 65535");
    }
    if (const auto port = service_port(name)) return *port;
    return wrong(at, "\"" + name + "\" is no port",
                 "a number from 0 to 65535, or the name of a service in /etc/services");
}

FilterParser::Made FilterParser::port_term(Node::What what) {
    const auto how = sign();
    const auto word = value("a port");
    if (!word) return std::unexpected(word.error());
    const auto port = read_port(word->text, word->at);
    if (!port) return std::unexpected(port.error());
    Node node;
    node.what = what;
    node.number = *port;
    return with_sign(*how, std::move(node));
}

FilterParser::Parsed<> FilterParser::read_host(const FilterWord& word, Node& node) const {
    const HostParts parts = split_host(word.text);
    if (!parts.port.empty() && parts.port != "*") {
        const auto port = read_port(parts.port, word.at + word.text.size() - parts.port.size());
        if (!port) return std::unexpected(port.error());
        node.port = *port;
    }
    if (parts.address.empty() || parts.address == "*") return {};
    auto network = read_network(parts.address);
    if (!network) {
        return wrong(word.at, "\"" + word.text + "\" is no address: " + network.error(),
                     "10.0.0.1, 10.0.0.0/8, 10.0.0.1:443, [2001:db8::1]:443, :443, /run/a.socket, "
                     "@name");
    }
    node.network = *network;
    return {};
}

FilterParser::Made FilterParser::host_term(bool is_local) {
    const auto how = sign_of_equality();
    if (!how) return std::unexpected(how.error());
    const auto word = value("an address");
    if (!word) return std::unexpected(word.error());
    Node node;
    std::string_view text = word->text;
    const bool is_said = text.starts_with("unix:");
    if (is_said) text.remove_prefix(5);
    if (is_said || text.starts_with('/') || text.starts_with('@')) {
        if (!is_local) {
            return wrong(word->at, "the peer of a Unix socket is not known by name",
                         "src finds the end that has the name");
        }
        node.what = Node::What::local_name;
        node.text = text;
        return with_sign(*how, std::move(node));
    }
    node.what = is_local ? Node::What::local_host : Node::What::peer_host;
    const auto is_read = read_host(*word, node);
    if (!is_read) return std::unexpected(is_read.error());
    return with_sign(*how, std::move(node));
}

FilterParser::Made FilterParser::interface_term() {
    const auto how = sign_of_equality();
    if (!how) return std::unexpected(how.error());
    const auto name = value("the name of an interface");
    if (!name) return std::unexpected(name.error());
    const auto number = number_in<std::uint32_t>(name->text);
    Node node;
    node.what = Node::What::interface;
    node.number = number ? *number : ::if_nametoindex(name->text.c_str());
    if (!number && node.number == 0) {
        return wrong(name->at, "there is no interface \"" + name->text + "\"",
                     "`ip link` lists them");
    }
    return with_sign(*how, std::move(node));
}

FilterParser::Made FilterParser::mark_term() {
    const auto how = sign_of_equality();
    if (!how) return std::unexpected(how.error());
    const auto word = value("a mark");
    if (!word) return std::unexpected(word.error());
    const std::size_t slash = word->text.find('/');
    const auto mark = either_number_in<std::uint32_t>(word->text.substr(0, slash));
    const auto mask = slash == std::string::npos
                          ? UINT32_MAX
                          : either_number_in<std::uint32_t>(word->text.substr(slash + 1));
    if (!mark || !mask) {
        return wrong(word->at, "\"" + word->text + "\" is no mark", "7, 0x10, 0x10/0xf0");
    }
    Node node;
    node.what = Node::What::mark;
    node.number = *mark & *mask;
    node.mask = *mask;
    return with_sign(*how, std::move(node));
}

FilterParser::Made FilterParser::cgroup_term() {
    const auto how = sign_of_equality();
    if (!how) return std::unexpected(how.error());
    const auto word = value("the path of a cgroup");
    if (!word) return std::unexpected(word.error());
    Node node;
    node.what = Node::What::cgroup;
    if (const auto number = number_in<std::uint64_t>(word->text)) {
        node.number = *number;
        return with_sign(*how, std::move(node));
    }
    // Where cgroup v2 is mounted on its own, or beside the older one.
    struct stat folder{};
    const bool is_whole = word->text.starts_with("/sys/fs/cgroup");
    for (const char* above : {"/sys/fs/cgroup/", "/sys/fs/cgroup/unified/"}) {
        if (::stat(((is_whole ? "" : above) + word->text).c_str(), &folder) == 0) {
            node.number = folder.st_ino;
            return with_sign(*how, std::move(node));
        }
    }
    return wrong(word->at, "there is no cgroup \"" + word->text + "\"",
                 "a path below /sys/fs/cgroup, or the number of its inode");
}

FilterParser::Made FilterParser::process_term() {
    const auto how = sign_of_equality();
    if (!how) return std::unexpected(how.error());
    const auto name = value("the name of a process");
    if (!name) return std::unexpected(name.error());
    Node node;
    node.what = Node::What::process;
    node.text = name->text;
    return with_sign(*how, std::move(node));
}

FilterParser::Made FilterParser::number_term(Node::What what, const char* meaning) {
    const auto how = sign_of_equality();
    if (!how) return std::unexpected(how.error());
    const auto word = value(meaning);
    if (!word) return std::unexpected(word.error());
    const auto number = number_in<std::uint32_t>(word->text);
    if (!number) return wrong(word->at, "\"" + word->text + "\" is not " + meaning);
    Node node;
    node.what = what;
    node.number = *number;
    return with_sign(*how, std::move(node));
}

}  // namespace fivetuple::diag

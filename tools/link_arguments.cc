#include "tools/link_arguments.h"

#include "fivetuple/cli/units.h"
#include "fivetuple/os/ip_network.h"

#include "tools/command.h"
#include <array>
#include <charconv>
#include <random>

namespace ft_tool {

namespace ft = fivetuple;

namespace {

std::string check_share(const std::string& text) {
    const auto share = ft::parse_share(text);
    return share ? std::string() : share.error().message();
}

std::string check_rate(const std::string& text) {
    const auto rate = ft::parse_bit_rate(text);
    if (!rate) return rate.error().message();
    return *rate > 0 ? std::string() : "a line of 0 bits a second carries nothing";
}

}  // namespace

void LinkArguments::add_to(CLI::App& command) {
    auto add = [&command](const char* name, std::string& value, const char* type, const char* help,
                          auto check) {
        auto* option = command.add_option(name, value, help)->type_name(type)->check(check);
        if (!value.empty()) option->capture_default_str();
    };
    add("--delay", delay, "TIME", "each packet travels so long", check_duration);
    add("--jitter", jitter, "TIME", "and up to so long more", check_duration);
    add("--rate", rate, "RATE", "bits a second of the line, as 10mbit; else as many as come",
        check_rate);
    add("--queue", queue, "BYTES", "what waits for the line at most; the rest is dropped",
        check_bytes);
    add("--loss", loss, "SHARE", "packets that are lost, each for itself", check_share);
    add("--bursts", bursts, "SHARE", "packets that begin a burst of losses, of two on average",
        check_share);
    add("--duplicate", duplicate, "SHARE", "packets that come twice", check_share);
    add("--reorder", reorder, "SHARE", "packets that are held back by 10 ms", check_share);
    add("--corrupt", corrupt, "SHARE", "packets of which one bit is turned", check_share);
    command.add_option("--mtu", mtu, "the largest packet, in bytes")
        ->capture_default_str()
        ->type_name("BYTES")
        ->check(CLI::Range(68, 65535).description(""));
    command.add_option("--seed", seed, "of what happens to packets; else another each time")
        ->type_name("N");
    command.add_option("--pcap", pcap, "write all packets into this file, for tcpdump")
        ->type_name("FILE");
}

ft::sim::LinkOptions LinkArguments::options() const {
    ft::sim::LinkOptions options;
    options.delay = duration_of(delay);
    options.jitter = duration_of(jitter);
    if (!rate.empty()) options.rate = *ft::parse_bit_rate(rate);
    options.queue = bytes_of_text(queue);
    options.loss = *ft::parse_share(loss);
    options.bursts.begin = *ft::parse_share(bursts);
    options.duplicate = *ft::parse_share(duplicate);
    options.reorder = *ft::parse_share(reorder);
    options.corrupt = *ft::parse_share(corrupt);
    options.mtu = mtu;
    return options;
}

ft::Result<std::optional<ft::sim::Pcap>> LinkArguments::open_pcap() const {
    if (pcap.empty()) return std::nullopt;
    FT_TRY(ft::sim::Pcap file, ft::sim::Pcap::create(pcap));
    return std::optional(std::move(file));
}

std::uint64_t LinkArguments::seed_or_chance() const {
    return seed != 0 ? seed : std::random_device()();
}

ft::Result<PlacedAddress> PlacedAddress::parse(std::string_view text) {
    auto wrong = [text](const char* why) {
        return std::unexpected(
            ft::Error::malformed("address", why).about("\"" + std::string(text) + "\""));
    };
    PlacedAddress placed;
    const std::size_t sign = text.find('@');
    if (sign != std::string_view::npos) {
        placed.network = text.substr(sign + 1);
        if (placed.network.empty()) return wrong("there is no network's name behind the @");
    }
    const std::string_view with_prefix = text.substr(0, sign);
    const std::size_t slash = with_prefix.find('/');
    if (slash == std::string_view::npos) return wrong("write it as 10.9.0.2/24 or fd00::2/64");
    FT_TRY(placed.address, ft::IpAddress::parse(with_prefix.substr(0, slash)));
    const std::string_view bits = with_prefix.substr(slash + 1);
    const auto [end, failed] =
        std::from_chars(bits.data(), bits.data() + bits.size(), placed.prefix);
    const unsigned most = placed.address.is_v4() ? 30 : 126;
    if (failed != std::errc() || end != bits.data() + bits.size() || placed.prefix < 1 ||
        placed.prefix > most) {
        return wrong(placed.address.is_v4() ? "its network has 1 to 30 bits: 10.9.0.2/24"
                                            : "its network has 1 to 126 bits: fd00::2/64");
    }
    return placed;
}

ft::Result<ft::IpAddress> PlacedAddress::neighbour() const {
    const ft::IpNetwork whole(address, prefix);
    for (unsigned number = 1; number <= 2; ++number) {
        // The first address of a network ends in at least two bits of zero.
        ft::IpAddress other = whole.first();
        if (other.is_v4()) {
            auto bytes = other.v4_bytes();
            bytes.back() = static_cast<std::uint8_t>(bytes.back() | number);
            other = ft::IpAddress(bytes);
        } else {
            auto bytes = other.v6_bytes();
            bytes.back() = static_cast<std::uint8_t>(bytes.back() | number);
            other = ft::IpAddress(bytes);
        }
        if (other != address) return other;
    }
    return std::unexpected(ft::Error::malformed("address", "its network has no other"));
}

std::string check_placed_address(const std::string& text) {
    const auto placed = PlacedAddress::parse(text);
    return placed ? std::string() : placed.error().message();
}

}  // namespace ft_tool

#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/os/ip_address.h"
#include "fivetuple/sim/link/link.h"
#include "fivetuple/sim/pcap.h"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>

namespace ft_tool {

/// What `ft tun` and `ft wire` are told of the cable, the same both ways.
struct LinkArguments {
    std::string delay = "0";
    std::string jitter = "0";
    std::string rate;
    std::string queue = "256KiB";
    std::string loss = "0";
    std::string bursts = "0";
    std::string duplicate = "0";
    std::string reorder = "0";
    std::string corrupt = "0";
    std::uint32_t mtu = 1500;
    std::uint64_t seed = 0;
    std::string pcap;

    void add_to(CLI::App& command);
    fivetuple::sim::LinkOptions options() const;
    /// The file of `--pcap`, if there is to be one. Errors: those of open(2).
    fivetuple::Result<std::optional<fivetuple::sim::Pcap>> open_pcap() const;
    /// That of `--seed`, or one that nobody knows.
    std::uint64_t seed_or_chance() const;
};

/// An address with its network, and where it is: `10.9.0.2/24`, `fd00::2/64@left`.
struct PlacedAddress {
    fivetuple::IpAddress address;
    std::uint8_t prefix = 0;
    std::string network;  ///< What stands behind the `@`.

    /// Errors: malformed, in words.
    static fivetuple::Result<PlacedAddress> parse(std::string_view text);
    /// Another address of the same network, for the other end: the first that a host may have.
    fivetuple::Result<fivetuple::IpAddress> neighbour() const;
};

/// For CLI11: what is wrong with a text, or nothing.
std::string check_placed_address(const std::string& text);

}  // namespace ft_tool

#pragma once

#include "fivetuple/os/fd.h"
#include "fivetuple/os/ip_address.h"

#include "tests/testing/eventually.h"
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace fivetuple::testing_help {

/// A packet of TCP or UDP over IPv4 as it left a host.
struct CapturedPacket {
    IpAddress from;
    IpAddress to;
    std::uint16_t from_port = 0;
    std::uint16_t to_port = 0;
    int ttl = 0;
    int tos = 0;
    bool may_be_cut = true;  ///< The header's "don't fragment" is off.
    bool is_tcp = false;
    bool syn = false;
    bool ack = false;
    bool fin = false;
    bool rst = false;
    unsigned window = 0;        ///< As it stands in the header, not scaled.
    unsigned largest = 0;       ///< The option of a SYN: the largest segment; 0 where it is absent.
    unsigned window_scale = 0;  ///< The option of a SYN: by how many bits windows are shifted.
    std::string text;           ///< The bytes it carries.

    /// As in `45678>80 ACK "hello"`, for tests that fail.
    std::string to_string() const;
};

/// Listens to all that leaves by an interface of this network. packet(7)
class Capture {
public:
    explicit Capture(const char* interface);

    /// All packets so far.
    const std::vector<CapturedPacket>& packets();
    /// Waits until there is one that `is_so`; false where none comes.
    template <class Condition>
    bool saw(Condition is_so) {
        return eventually([&] {
            for (const CapturedPacket& each : packets()) {
                if (is_so(each)) return true;
            }
            return false;
        });
    }
    /// The texts of the segments that left from `port`, one behind the other: `head|body`.
    std::string texts_from(std::uint16_t port);
    std::string to_string();

private:
    Fd socket_;
    std::vector<CapturedPacket> packets_;
};

}  // namespace fivetuple::testing_help

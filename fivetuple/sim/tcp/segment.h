#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/result.h"
#include "fivetuple/os/ecn.h"
#include "fivetuple/os/ip_address.h"
#include "fivetuple/sim/tcp/payload.h"
#include "fivetuple/sim/tcp/sequence.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fivetuple::sim::tcp {

/// The eight flags of a header. RFC 9293, section 3.1; RFC 3168 for the last two.
struct Flags {
    bool fin = false;
    bool syn = false;
    bool rst = false;
    bool psh = false;
    bool ack = false;
    bool urg = false;
    bool ece = false;
    bool cwr = false;

    bool operator==(const Flags&) const = default;
};

struct SackBlock {
    Sequence begin;
    Sequence end;
    bool operator==(const SackBlock&) const = default;
};

/// Up to four blocks, in the order in which they stand in the option. RFC 2018
class SackBlocks {
public:
    static constexpr std::size_t kMost = 4;

    void add(SackBlock block) {
        if (count_ < kMost) blocks_[count_++] = block;
    }
    std::size_t size() const { return count_; }
    bool empty() const { return count_ == 0; }
    const SackBlock* begin() const { return blocks_.data(); }
    const SackBlock* end() const { return blocks_.data() + count_; }
    const SackBlock& operator[](std::size_t at) const { return blocks_[at]; }
    void keep(std::size_t count) { count_ = count < count_ ? count : count_; }

    bool operator==(const SackBlocks& other) const;

private:
    std::array<SackBlock, kMost> blocks_{};
    std::size_t count_ = 0;
};

/// RFC 7323, section 3.2
struct Timestamps {
    std::uint32_t value = 0;
    std::uint32_t echo = 0;
    bool operator==(const Timestamps&) const = default;
};

/// The option of fast open: without bytes it asks for a cookie. RFC 7413, section 4.1.1
struct FastOpenCookie {
    static constexpr std::size_t kMost = 16;
    std::array<std::byte, kMost> bytes{};
    std::uint8_t size = 0;
    bool operator==(const FastOpenCookie&) const = default;
};

struct SegmentOptions {
    std::optional<std::uint16_t> max_segment;
    std::optional<std::uint8_t> window_scale;
    bool sack_permitted = false;
    std::optional<Timestamps> timestamps;
    std::optional<FastOpenCookie> fast_open;
    SackBlocks sack;

    bool operator==(const SegmentOptions&) const = default;
    /// What they take in a header, filled up to words of four bytes.
    std::size_t size() const;
};

/// A segment of TCP, with the bytes that it carries, and what its header of IP says of congestion.
struct Segment {
    static constexpr std::size_t kHeaderBytes = 20;
    static constexpr std::size_t kMostOptionBytes = 40;

    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
    Sequence sequence;
    Sequence acknowledgement;
    Flags flags;
    std::uint16_t window = 0;
    std::uint16_t urgent_pointer = 0;
    SegmentOptions options;
    Payload payload;
    Ecn ecn = Ecn::not_capable;

    /// What it takes of the sequence: its bytes, its SYN and its FIN.
    std::uint32_t length() const {
        return static_cast<std::uint32_t>(payload.size()) + (flags.syn ? 1 : 0) +
               (flags.fin ? 1 : 0);
    }
    Sequence end() const { return sequence + length(); }
    std::size_t wire_size() const { return kHeaderBytes + options.size() + payload.size(); }

    bool operator==(const Segment&) const = default;
    /// `S. 100:100(0) ack 1 win 65535 <mss 1460,sackOK>`: about as tcpdump(8) has it.
    std::string to_string() const;
};

/// The segment as it stands behind an IP header, its checksum made with both addresses, which must
/// be of one family. Its `ecn` is not in it. RFC 9293, section 3.1
std::vector<std::byte> write_segment(const Segment& segment, const IpAddress& from,
                                     const IpAddress& to);
/// The same of a segment that is given away: its payload stays where it is and gets the header in
/// front of it, and in front of that there is room for a header of IP.
PoolBytes write_in_place(Segment&& segment, const IpAddress& from, const IpAddress& to);

/// Reads what stands behind an IP header. Options that are not known are skipped, and malformed
/// ones end the list, as Linux does it.
/// Errors: malformed, where it is cut short, or its checksum or its length is wrong.
Result<Segment> parse_segment(Bytes bytes, const IpAddress& from, const IpAddress& to);
/// The same, and the payload stays where it is.
Result<Segment> parse_in_place(PoolBytes bytes, const IpAddress& from, const IpAddress& to);

}  // namespace fivetuple::sim::tcp

#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/fifo.h"
#include "fivetuple/base/pool_bytes.h"
#include "fivetuple/sim/tcp/segment.h"
#include "fivetuple/sim/tcp/sequence.h"

#include <cstddef>
#include <optional>
#include <vector>

namespace fivetuple::sim::tcp {

/// Makes a stream of segments that come in any order, and remembers what the peer ought to be told
/// of gaps. It holds what it is given: the window keeps that within bounds. RFC 2018, RFC 2883
class Reassembly {
public:
    void start(Sequence first) { next_ = read_ = first; }

    /// The first byte that is missing, and the first that has not been read.
    Sequence next() const { return next_; }
    Sequence first_unread() const { return read_; }
    std::size_t readable() const { return readable_; }
    bool has_gaps() const { return !ranges_.empty(); }
    /// Bytes behind the first gap.
    std::size_t waiting() const;

    struct Outcome {
        std::size_t in_order = 0;   ///< Bytes that can be read now and could not before.
        bool filled_gap = false;    ///< Some of them had come earlier.
        bool out_of_order = false;  ///< It stays behind a gap.
        bool duplicate = false;     ///< Nothing of it was new.
    };
    /// Takes bytes that begin at `at` and lie within the window.
    Outcome add(Sequence at, PoolBytes bytes);
    Outcome add(Sequence at, Bytes bytes) { return add(at, PoolBytes::copy_of(bytes)); }

    /// Steps over something that is no byte: the FIN.
    void skip() { next_ += 1; }

    std::size_t copy(MutableBytes to) const;
    void consume(std::size_t count);
    void purge();

    /// Something came twice; the next acknowledgement says so.
    void report_duplicate(Sequence begin, Sequence end) { duplicate_ = SackBlock{begin, end}; }
    /// Blocks for an acknowledgement: a duplicate first, then the newest.
    SackBlocks blocks(std::size_t most) const;
    void duplicate_reported() { duplicate_.reset(); }
    bool has_duplicate() const { return duplicate_.has_value(); }

private:
    struct Range {
        Sequence begin;
        std::vector<std::byte> bytes;
        std::uint64_t touched;  // The newest is told first.
        Sequence end() const { return begin + static_cast<std::uint32_t>(bytes.size()); }
    };

    void append(PoolBytes bytes);
    void keep(Sequence at, Bytes bytes, Outcome& outcome);
    void take_ranges(Outcome& outcome);

    Fifo<PoolBytes> ready_;  // None of them empty; as they came, for no copy is as cheap as none.
    std::size_t readable_ = 0;
    Sequence next_;
    Sequence read_;
    std::vector<Range> ranges_;  // In order, and with gaps between them.
    std::optional<SackBlock> duplicate_;
    std::uint64_t touches_ = 0;
};

}  // namespace fivetuple::sim::tcp

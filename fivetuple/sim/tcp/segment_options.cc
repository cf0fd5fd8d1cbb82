#include "fivetuple/sim/tcp/segment_options.h"

#include <algorithm>

namespace fivetuple::sim::tcp {

namespace {

constexpr std::uint8_t kEnd = 0;
constexpr std::uint8_t kNothing = 1;
constexpr std::uint8_t kMaxSegment = 2;
constexpr std::uint8_t kWindowScale = 3;
constexpr std::uint8_t kSackPermitted = 4;
constexpr std::uint8_t kSack = 5;
constexpr std::uint8_t kTimestamps = 8;
constexpr std::uint8_t kFastOpen = 34;

constexpr std::size_t kTimestampBytes = 10;
constexpr std::uint8_t kMostWindowScale = 14;

// Writes one byte or number behind the other.
class Pen {
public:
    explicit Pen(MutableBytes room) : room_(room) {}
    template <class U>
    void put(U number) {
        put_integer(room_, number);
        room_ = room_.subspan(sizeof number);
    }
    void head(std::uint8_t kind, std::size_t size) {
        put(kind);
        put(static_cast<std::uint8_t>(size));
    }
    void pad(std::size_t count) {
        for (; count > 0; --count) put(kNothing);
    }
    std::size_t left() const { return room_.size(); }

private:
    MutableBytes room_;
};

std::size_t to_words(std::size_t bytes) { return (bytes + 3) / 4 * 4; }

void parse_sack(Bytes value, SegmentOptions& options) {
    if (value.size() % 8 != 0) return;
    for (std::size_t at = 0; at < value.size(); at += 8) {
        options.sack.add({Sequence(take_integer<std::uint32_t>(value.subspan(at))),
                          Sequence(take_integer<std::uint32_t>(value.subspan(at + 4)))});
    }
}

void parse_of_syn(std::uint8_t kind, Bytes value, SegmentOptions& options) {
    if (kind == kMaxSegment && value.size() == 2) {
        options.max_segment = take_integer<std::uint16_t>(value);
    } else if (kind == kWindowScale && value.size() == 1) {
        options.window_scale = std::min(std::to_integer<std::uint8_t>(value[0]), kMostWindowScale);
    } else if (kind == kSackPermitted && value.empty()) {
        options.sack_permitted = true;
    } else if (kind == kFastOpen && (value.empty() || value.size() >= 4) &&
               value.size() <= FastOpenCookie::kMost && value.size() % 2 == 0) {
        FastOpenCookie cookie;
        std::ranges::copy(value, cookie.bytes.begin());
        cookie.size = static_cast<std::uint8_t>(value.size());
        options.fast_open = cookie;
    }
}

void parse_one(std::uint8_t kind, Bytes value, bool is_syn, SegmentOptions& options) {
    if (kind == kTimestamps && value.size() == 8) {
        options.timestamps = Timestamps{take_integer<std::uint32_t>(value),
                                        take_integer<std::uint32_t>(value.subspan(4))};
    } else if (kind == kSack && !is_syn) {
        parse_sack(value, options);
    } else if (is_syn) {
        parse_of_syn(kind, value, options);
    }
}

}  // namespace

std::size_t SegmentOptions::size() const {
    std::size_t bytes = 0;
    if (max_segment) bytes += 4;
    if (timestamps) {
        bytes += 12;
    } else if (sack_permitted) {
        bytes += 4;
    }
    if (window_scale) bytes += 4;
    if (fast_open) bytes += to_words(2u + fast_open->size);
    if (!sack.empty()) bytes += 4 + 8 * sack.size();
    return bytes;
}

void write_options(const SegmentOptions& options, MutableBytes room) {
    Pen pen(room);
    if (options.max_segment) {
        pen.head(kMaxSegment, 4);
        pen.put(*options.max_segment);
    }
    if (options.sack_permitted || options.timestamps) {
        if (options.sack_permitted) {
            pen.head(kSackPermitted, 2);
        } else {
            pen.pad(2);
        }
        if (options.timestamps) {
            pen.head(kTimestamps, kTimestampBytes);
            pen.put(options.timestamps->value);
            pen.put(options.timestamps->echo);
        } else {
            pen.pad(2);
        }
    }
    if (options.window_scale) {
        pen.pad(1);
        pen.head(kWindowScale, 3);
        pen.put(*options.window_scale);
    }
    if (!options.sack.empty()) {
        pen.pad(2);
        pen.head(kSack, 2 + 8 * options.sack.size());
        for (const SackBlock& block : options.sack) {
            pen.put(block.begin.number());
            pen.put(block.end.number());
        }
    }
    if (options.fast_open) {
        pen.head(kFastOpen, 2u + options.fast_open->size);
        for (std::size_t at = 0; at < options.fast_open->size; ++at) {
            pen.put(std::to_integer<std::uint8_t>(options.fast_open->bytes[at]));
        }
    }
    pen.pad(pen.left());
}

SegmentOptions parse_options(Bytes bytes, bool is_syn) {
    SegmentOptions options;
    while (!bytes.empty()) {
        const auto kind = std::to_integer<std::uint8_t>(bytes[0]);
        if (kind == kEnd) break;
        if (kind == kNothing) {
            bytes = bytes.subspan(1);
            continue;
        }
        if (bytes.size() < 2) break;
        const auto size = std::to_integer<std::size_t>(bytes[1]);
        if (size < 2 || size > bytes.size()) break;
        parse_one(kind, bytes.subspan(2, size - 2), is_syn, options);
        bytes = bytes.subspan(size);
    }
    return options;
}

std::string text_of_options(const SegmentOptions& options) {
    std::string text;
    const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : ",") + part; };
    if (options.max_segment) add("mss " + std::to_string(*options.max_segment));
    if (options.sack_permitted) add("sackOK");
    if (options.timestamps) {
        add("TS val " + std::to_string(options.timestamps->value) + " ecr " +
            std::to_string(options.timestamps->echo));
    }
    if (options.window_scale) add("wscale " + std::to_string(*options.window_scale));
    for (const SackBlock& block : options.sack) {
        add("sack " + std::to_string(block.begin.number()) + ':' +
            std::to_string(block.end.number()));
    }
    if (options.fast_open) add("tfo " + std::to_string(options.fast_open->size));
    return text;
}

}  // namespace fivetuple::sim::tcp

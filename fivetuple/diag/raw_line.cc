#include "fivetuple/diag/reading.h"

#include <array>
#include <charconv>
#include <cstring>

// Lines of /proc/net/raw.
namespace fivetuple::diag {
namespace {

Error bad_line(std::string_view why) { return Error::malformed("/proc/net/raw", why); }

// Takes words of a line one by one.
class Words {
public:
    explicit Words(std::string_view line) : left_(line) {}

    std::string_view next() {
        left_.remove_prefix(std::min(left_.find_first_not_of(" \t\n"), left_.size()));
        const std::string_view word = left_.substr(0, left_.find_first_of(" \t\n"));
        left_.remove_prefix(word.size());
        return word;
    }

private:
    std::string_view left_;
};

template <class T>
Result<T> number(std::string_view text, int base) {
    T value{};
    const auto [end, failure] =
        std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (failure != std::errc() || end != text.data() + text.size() || text.empty()) {
        return std::unexpected(bad_line("\"" + std::string(text) + "\" is not its number"));
    }
    return value;
}

// `0100007F:0001`: words of an address in this machine's byte order, and a port.
Result<EndPoint> end_point(std::string_view text, bool is_v6) {
    const std::size_t digits = is_v6 ? 32 : 8;
    if (text.size() != digits + 5 || text[digits] != ':') {
        return std::unexpected(bad_line("\"" + std::string(text) + "\" is no address"));
    }
    std::array<std::uint8_t, 16> bytes{};
    for (std::size_t at = 0; at < digits; at += 8) {
        FT_TRY(const auto word, number<std::uint32_t>(text.substr(at, 8), 16));
        std::memcpy(bytes.data() + at / 2, &word, sizeof word);
    }
    FT_TRY(const auto port, number<std::uint16_t>(text.substr(digits + 1), 16));
    if (is_v6) return EndPoint{IpAddress(bytes), port};
    return EndPoint{IpAddress(IpAddress::V4Bytes{bytes[0], bytes[1], bytes[2], bytes[3]}), port};
}

}  // namespace

// sl local_address rem_address st tx_queue:rx_queue tr:when retrnsmt uid timeout inode ...
Result<SeenSocket> read_raw_line(std::string_view line, bool is_v6) {
    Words words(line);
    words.next();
    SeenSocket socket;
    socket.kind = Kind::raw;
    FT_TRY(socket.local, end_point(words.next(), is_v6));
    FT_TRY(socket.peer, end_point(words.next(), is_v6));
    FT_TRY(const auto state, number<std::uint8_t>(words.next(), 16));
    socket.state = static_cast<TcpState>(state);
    const std::string_view queues = words.next();
    const std::size_t colon = queues.find(':');
    if (colon == queues.npos) return std::unexpected(bad_line("the queues are missing"));
    FT_TRY(socket.send_queue, number<std::uint32_t>(queues.substr(0, colon), 16));
    FT_TRY(socket.receive_queue, number<std::uint32_t>(queues.substr(colon + 1), 16));
    words.next();
    words.next();
    FT_TRY(socket.user, number<std::uint32_t>(words.next(), 10));
    words.next();
    FT_TRY(socket.inode, number<std::uint32_t>(words.next(), 10));
    socket.raw_protocol = static_cast<std::uint8_t>(socket.local.port);
    return socket;
}

}  // namespace fivetuple::diag

#include "tools/ss_rows.h"

#include <algorithm>
#include <charconv>

// `ft ss` as a table.
namespace ft_tool {

namespace ft = fivetuple;
namespace diag = fivetuple::diag;

namespace {

constexpr std::array<std::string_view, 7> kHeads{"protocol", "state", "receive", "send",
                                                 "local",    "peer",  "process"};
// The queues stand to the right.
constexpr bool is_figure(std::size_t column) { return column == 2 || column == 3; }

// More than these are counted only: children may hold what their parent opened.
constexpr std::size_t kMostOwners = 3;

void write_end(std::string& text, const diag::EndPoint& end) {
    if (!end.ip.is_v4() || end.ip.is_unspecified()) {
        text += end.to_string();
        return;
    }
    const auto bytes = end.ip.v4_bytes();
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        if (at > 0) text += '.';
        write_number(text, bytes[at]);
    }
    text += ':';
    if (end.port == 0) {
        text += '*';
    } else {
        write_number(text, end.port);
    }
}

void write_queues(std::string& text, const diag::SeenSocket& socket, bool is_receiving) {
    const auto& queue = is_receiving ? socket.receive_queue : socket.send_queue;
    if (!queue) {
        text += '-';
        return;
    }
    const bool is_listener = socket.state == ft::TcpState::listening;
    if (is_listener && !is_receiving) text += "of ";
    write_number(text, *queue);
    if (is_listener && is_receiving) text += " waiting";
}

void write_owners(std::string& text, const diag::SeenSocket& socket, const diag::Owners& owners) {
    std::size_t count = 0;
    owners.for_each(socket.inode, [&](const diag::Owner& each) {
        if (++count > kMostOwners) return;
        if (count > 1) text += ", ";
        text += each.process;
        text += " pid ";
        write_number(text, each.pid);
        text += " fd ";
        write_number(text, each.descriptor);
    });
    if (count > kMostOwners) {
        text += " and ";
        write_number(text, count - kMostOwners);
        text += " more";
    }
}

void write_timer(std::string& text, const diag::SocketTimer& timer) {
    text += "timer ";
    text += diag::name_of(timer.what);
    text += " in ";
    write_number(text, static_cast<std::uint64_t>(timer.left.count()));
    text += " ms";
    if (timer.tries > 0) {
        text += " after ";
        write_number(text, timer.tries);
        text += timer.tries == 1 ? " try" : " tries";
    }
}

void write_memory(std::string& text, const ft::MemoryInfo& memory) {
    text += "memory: receive ";
    write_number(text, memory.receive_allocated);
    text += " of ";
    write_number(text, memory.receive_buffer);
    text += ", send ";
    write_number(text, memory.send_allocated);
    text += " of ";
    write_number(text, memory.send_buffer);
    text += ", reserved ";
    write_number(text, memory.reserved);
    text += ", queued ";
    write_number(text, memory.send_queued);
    text += ", options ";
    write_number(text, memory.options);
    text += ", backlog ";
    write_number(text, memory.backlog);
    text += ", drops ";
    write_number(text, memory.drops);
}

void pad(std::string& text, std::size_t count) { text.append(count, ' '); }

}  // namespace

void write_number(std::string& text, std::uint64_t number) {
    std::array<char, 24> room;
    const auto end = std::to_chars(room.data(), room.data() + room.size(), number).ptr;
    text.append(room.data(), end);
}

void write_milliseconds(std::string& text, std::chrono::microseconds length) {
    const auto all = static_cast<std::uint64_t>(length.count());
    write_number(text, all / 1000);
    if (const std::uint64_t rest = all % 1000; rest != 0) {
        const std::array<char, 4> digits{'.', static_cast<char>('0' + rest / 100),
                                         static_cast<char>('0' + rest / 10 % 10),
                                         static_cast<char>('0' + rest % 10)};
        std::size_t size = digits.size();
        while (digits[size - 1] == '0') --size;
        text.append(digits.data(), size);
    }
    text += " ms";
}

SsRows::SsRows(const SsDetails& details, const diag::Owners* owners)
    : details_(details), owners_(owners) {
    for (std::size_t at = 0; at < kColumns; ++at) widths_[at] = kHeads[at].size();
    text_.reserve(std::size_t{1} << 20);
}

void SsRows::end_cell(Row& row, std::size_t column) {
    std::size_t begin = row.begin;
    for (std::size_t at = 0; at < column; ++at) begin += row.sizes[at];
    row.sizes[column] = static_cast<std::uint32_t>(text_.size() - begin);
    widths_[column] = std::max(widths_[column], text_.size() - begin);
}

ft::Result<void> SsRows::see(const diag::SeenSocket& socket) {
    Row row;
    row.begin = text_.size();
    text_ += socket.is_mptcp() ? "mptcp" : diag::name_of(socket.kind);
    end_cell(row, 0);
    text_ += diag::name_of(socket.state);
    end_cell(row, 1);
    write_queues(text_, socket, true);
    end_cell(row, 2);
    write_queues(text_, socket, false);
    end_cell(row, 3);
    if (diag::is_internet(socket.kind)) {
        write_end(text_, socket.local);
        end_cell(row, 4);
        write_end(text_, socket.peer);
    } else {
        text_ += socket.local_text();
        end_cell(row, 4);
        text_ += socket.peer_text();
    }
    end_cell(row, 5);
    if (owners_ != nullptr) write_owners(text_, socket, *owners_);
    end_cell(row, 6);
    const std::size_t below = text_.size();
    const auto next = [&] { text_ += text_.size() == below ? "" : "; "; };
    if (details_.timers && socket.timer) write_timer(text_, *socket.timer);
    if (details_.memory && socket.memory) {
        next();
        write_memory(text_, *socket.memory);
    }
    if (details_.info) {
        if (const auto info = socket.tcp_info()) {
            next();
            write_tcp_info(text_, socket, *info);
        }
    }
    row.below = static_cast<std::uint32_t>(text_.size() - below);
    rows_.push_back(row);
    return {};
}

void SsRows::keep() {
    kept_rows_ = rows_.size();
    kept_text_ = text_.size();
}

void SsRows::forget() {
    rows_.resize(kept_rows_);
    text_.resize(kept_text_);
}

std::string SsRows::to_string() const {
    std::string all;
    const std::size_t columns = owners_ != nullptr ? kColumns : kColumns - 1;
    std::size_t width = 16;
    for (const std::size_t each : widths_) width += each + 2;
    all.reserve(text_.size() + (rows_.size() + 1) * width);
    const auto add = [&](std::size_t column, std::string_view cell) {
        if (column > 0) all += "  ";
        const bool is_last = column + 1 == columns;
        const std::size_t blanks = widths_[column] - cell.size();
        if (is_figure(column)) pad(all, blanks);
        all += cell;
        if (!is_figure(column) && !is_last) pad(all, blanks);
    };
    for (std::size_t at = 0; at < columns; ++at) add(at, kHeads[at]);
    all += '\n';
    for (const Row& row : rows_) {
        std::size_t begin = row.begin;
        for (std::size_t at = 0; at < kColumns; ++at) {
            if (at < columns) add(at, std::string_view(text_).substr(begin, row.sizes[at]));
            begin += row.sizes[at];
        }
        while (all.back() == ' ') all.pop_back();
        all += '\n';
        if (row.below == 0) continue;
        all += "          ";
        all += std::string_view(text_).substr(begin, row.below);
        all += '\n';
    }
    return all;
}

}  // namespace ft_tool

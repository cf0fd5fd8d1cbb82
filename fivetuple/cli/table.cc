#include "fivetuple/cli/table.h"

#include <algorithm>

namespace fivetuple {

std::string Table::to_string(std::size_t indent) const {
    std::vector<std::size_t> widths(rows_.front().size());
    for (const auto& row : rows_) {
        for (std::size_t at = 0; at < row.size() && at < widths.size(); ++at) {
            widths[at] = std::max(widths[at], row[at].size());
        }
    }
    std::string text;
    const auto write_line = [&](const std::vector<std::string>& row) {
        std::string line(indent, ' ');
        for (std::size_t at = 0; at < row.size() && at < widths.size(); ++at) {
            const std::string padding(widths[at] - row[at].size(), ' ');
            if (at > 0) line += "  ";
            const bool is_left = at == 0 || align_ == Align::text;
            line += is_left ? row[at] + padding : padding + row[at];
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + '\n';
    };
    std::vector<std::string> rule;
    for (const std::size_t width : widths) rule.emplace_back(width, '-');
    for (const auto& row : rows_) {
        write_line(row);
        if (&row == &rows_.front()) write_line(rule);
    }
    return text;
}

}  // namespace fivetuple

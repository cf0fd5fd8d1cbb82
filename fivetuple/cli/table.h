#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fivetuple {

/// Text in columns: the first to the left; the others to the right where they are figures.
class Table {
public:
    enum class Align : std::uint8_t { figures, text };

    explicit Table(std::vector<std::string> heads, Align align = Align::figures) : align_(align) {
        rows_.push_back(std::move(heads));
    }
    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
    /// A line for each row, the heads underlined, indented by `indent` blanks.
    std::string to_string(std::size_t indent = 0) const;

private:
    Align align_;
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace fivetuple

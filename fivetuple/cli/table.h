#pragma once

#include <string>
#include <vector>

namespace fivetuple {

/// Text in columns: the first to the left, the others, which are figures, to the right.
class Table {
public:
    explicit Table(std::vector<std::string> heads) { rows_.push_back(std::move(heads)); }
    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
    /// A line for each row, the heads underlined, indented by `indent` blanks.
    std::string to_string(std::size_t indent = 0) const;

private:
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace fivetuple

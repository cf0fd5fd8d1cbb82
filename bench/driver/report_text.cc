#include "report.h"
#include "sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace bench {
namespace {

constexpr std::size_t kTextWidth = 100;

std::string wrapped(const std::string& text) {
    std::istringstream words(text);
    std::string all, line;
    for (std::string word; words >> word;) {
        if (!line.empty() && line.size() + 1 + word.size() > kTextWidth) {
            all += line + "\n";
            line.clear();
        }
        line += (line.empty() ? "" : " ") + word;
    }
    return all + line + "\n";
}

/// The last column of a table of words stands left, like the first.
bool is_words(const Section& section, std::size_t column) {
    return column == 0 || section.header[column] == "row" || section.header[column] == "by kind";
}

std::vector<std::size_t> widths_of(const Section& section) {
    std::vector<std::size_t> widths;
    for (const std::string& name : section.header) widths.push_back(name.size());
    for (const auto& line : section.lines) {
        for (std::size_t column = 0; column < line.size(); ++column) {
            widths[column] = std::max(widths[column], line[column].size());
        }
    }
    return widths;
}

std::string as_text(const Section& section) {
    std::string text = section.title + "\n" + std::string(section.title.size(), '-') + "\n" +
                       wrapped(section.explanation) + "\n";
    const auto widths = widths_of(section);
    const auto add = [&](const std::vector<std::string>& cells) {
        std::string line;
        for (std::size_t column = 0; column < cells.size(); ++column) {
            line += is_words(section, column)
                        ? fmt::format("{:<{}}  ", cells[column], widths[column])
                        : fmt::format("{:>{}}  ", cells[column], widths[column]);
        }
        text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    };
    add(section.header);
    for (const auto& line : section.lines) add(line);
    return text + "\n";
}

std::string as_markdown(const Section& section) {
    std::string text = "### " + section.title + "\n\n" + section.explanation + "\n\n";
    text += fmt::format("| {} |\n|", fmt::join(section.header, " | "));
    for (std::size_t column = 0; column < section.header.size(); ++column) {
        text += is_words(section, column) ? "---|" : "---:|";
    }
    text += "\n";
    for (const auto& line : section.lines) text += fmt::format("| {} |\n", fmt::join(line, " | "));
    return text + "\n";
}

}  // namespace

std::string text_report(const Results& results) {
    std::string text = "Echo servers side by side, one thread each\n";
    for (const std::string& fact : facts_of(results)) text += "  " + fact + "\n";
    text += "\n";
    for (const Section& section : sections_of(results)) text += as_text(section);
    return text;
}

std::string markdown_report(const Results& results) {
    std::string text;
    for (const std::string& fact : facts_of(results)) text += "* " + fact + "\n";
    text += "\n";
    for (const Section& section : sections_of(results)) text += as_markdown(section);
    return text;
}

}  // namespace bench

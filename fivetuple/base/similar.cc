#include "fivetuple/base/similar.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace fivetuple {

std::string lowered(std::string_view text) {
    std::string low(text);
    for (char& letter : low) {
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    }
    return low;
}

std::size_t letters_between(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t at = 0; at < last.size(); ++at) last[at] = at;
    for (std::size_t i = 0; i < a.size(); ++i) {
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t changed = last[j] + (a[i] == b[j] ? 0 : 1);
            row[j + 1] = std::min({changed, last[j + 1] + 1, row[j] + 1});
            const bool is_exchanged = i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j];
            if (is_exchanged) row[j + 1] = std::min(row[j + 1], before[j - 1] + 1);
        }
        std::swap(before, last);
        std::swap(last, row);
    }
    return last.back();
}

std::size_t unlikeness(std::string_view asked, std::string_view name) {
    const std::string wanted = lowered(asked);
    const std::string there = lowered(name);
    const std::size_t letters = letters_between(wanted, there);
    const bool is_part = wanted.size() >= 3 && there.find(wanted) != there.npos;
    return is_part ? letters / 8 : letters;
}

bool could_be_meant(std::string_view asked, std::size_t unlikeness) {
    return unlikeness <= std::max<std::size_t>(2, asked.size() / 3);
}

}  // namespace fivetuple

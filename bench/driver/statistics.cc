#include "statistics.h"

#include <algorithm>

namespace bench {

double median(std::vector<double> values) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    const std::size_t middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

Figure figure_of(const std::vector<double>& rounds) {
    if (rounds.empty()) return {};
    const auto [least, most] = std::minmax_element(rounds.begin(), rounds.end());
    return {median(rounds), *least, *most};
}

}  // namespace bench

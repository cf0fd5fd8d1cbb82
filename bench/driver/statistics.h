#pragma once

#include <vector>

namespace bench {

/// The middle one of these values (the mean of both middle ones); 0 for none.
double median(std::vector<double> values);

/// A figure of which several rounds were measured.
struct Figure {
    double median = 0;
    double least = 0;
    double most = 0;
};

Figure figure_of(const std::vector<double>& rounds);

}  // namespace bench

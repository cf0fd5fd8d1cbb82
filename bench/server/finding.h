#pragma once

#include "disturbance.h"
#include "statistics.h"

#include <optional>
#include <string>
#include <vector>

namespace bench {

/// One figure, and what it is held to.
struct Finding {
    std::string what;
    std::string unit;  ///< "", "ms", "%" ...
    Figure figure;
    int decimals = 0;
    std::optional<double> most = {};   ///< It may be no more than this.
    std::optional<double> least = {};  ///< It may be no less.

    bool is_met() const {
        return (!most || figure.median <= *most) && (!least || figure.median >= *least);
    }
};

/// A figure of which there is one value.
inline Figure just(double value) { return {value, value, value}; }

/// The figures of one kind of load.
struct Trial {
    std::string name;
    std::string title;
    std::string method;  ///< Sentences.
    std::vector<Finding> findings;
    Disturbance disturbance = {};
};

}  // namespace bench

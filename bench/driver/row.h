#pragma once

#include <string>
#include <vector>

namespace bench {

/// One kind of load; a row of the tables.
struct Row {
    std::string name;
    std::string caption;
    std::string meaning;
    int connections = 1;
    int message_bytes = 64;
    int depth = 1;            ///< Requests that a connection has in flight, sent in one write.
    bool churn = false;       ///< Every request has a connection of its own.
    int in_flight_max = 0;    ///< Connections busy at once; 0 for all.
    int rotation_factor = 1;  ///< Its rounds have so many times more rotations.
    int slice_factor = 1;     ///< Its slices are so many times longer than the others'.
    bool is_counted = false;  ///< System calls are counted on this row.
};

const std::vector<Row>& all_rows();

}  // namespace bench

#include "row.h"

namespace bench {

const std::vector<Row>& all_rows() {
    static const std::vector<Row> rows = {
        {.name = "1",
         .caption = "1 connection",
         .meaning = "1 connection, 64-byte requests, one at a time",
         .connections = 1,
         // Two sleepers waking each other: the noisiest of all, with few requests in a slice.
         .rotation_factor = 3,
         .is_counted = true},
        {.name = "50",
         .caption = "50 connections",
         .meaning = "50 connections, 64-byte requests, one each in flight",
         .connections = 50,
         .is_counted = true},
        {.name = "50x16deep",
         .caption = "50 connections, 16 requests deep",
         .meaning = "50 connections, 16 requests of 64 bytes each in flight, sent in one write "
                    "when all 16 answers are back",
         .connections = 50,
         .depth = 16},
        {.name = "50x16KiB",
         .caption = "50 connections, requests of 16 KiB",
         .meaning = "50 connections, requests of 16 KiB, one each in flight",
         .connections = 50,
         .message_bytes = 16 * 1024},
        {.name = "1000",
         .caption = "1,000 connections",
         .meaning = "1,000 connections, 64-byte requests, one each in flight",
         .connections = 1000},
        {.name = "10000",
         .caption = "10,000 connections",
         .meaning = "10,000 connections, 64-byte requests, one each in flight",
         .connections = 10000,
         .rotation_factor = 2,
         .slice_factor = 5},
        {.name = "churn",
         .caption = "connect, request, close",
         .meaning = "connect, one 64-byte request, close; 32 connections at a time",
         .connections = 32,
         .churn = true,
         .is_counted = true},
    };
    return rows;
}

}  // namespace bench

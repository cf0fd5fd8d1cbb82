#include "fivetuple/cli/table.h"

#include "tests/testing/testing.h"

namespace fivetuple {
namespace {

TEST(Table, PutsNamesToTheLeftAndFiguresToTheRight) {
    Table table({"server", "echoes/s", "p99"});
    table.add({"io_uring", "1,234,567", "70 us"});
    table.add({"a longer name", "9", "1.5 ms"});
    EXPECT_EQ(table.to_string(),
              "server          echoes/s     p99\n"
              "-------------  ---------  ------\n"
              "io_uring       1,234,567   70 us\n"
              "a longer name          9  1.5 ms\n");
}

TEST(Table, IsIndentedAsAsked) {
    Table table({"a", "b"});
    table.add({"1", "22"});
    EXPECT_EQ(table.to_string(2),
              "  a   b\n"
              "  -  --\n"
              "  1  22\n");
}

TEST(Table, OfHeadsAloneIsHeadsAndARule) {
    EXPECT_EQ(Table({"name", "count"}).to_string(), "name  count\n----  -----\n");
}

TEST(Table, LeavesNoBlanksAtTheEndOfALine) {
    Table table({"name", "note"});
    table.add({"x", ""});
    table.add({"shorter"});
    EXPECT_EQ(table.to_string(),
              "name     note\n"
              "-------  ----\n"
              "x\n"
              "shorter\n");
}

TEST(Table, CellsBeyondTheLastHeadAreLeftOut) {
    Table table({"one"});
    table.add({"1", "2"});
    EXPECT_EQ(table.to_string(), "one\n---\n1\n");
}

}  // namespace
}  // namespace fivetuple

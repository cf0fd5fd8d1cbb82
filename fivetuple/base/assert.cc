#include "fivetuple/base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace fivetuple {

void assertion_failed(const char* file, int line, const char* condition, const char* why) {
    std::fprintf(stderr, "%s:%d: %s\n  the program broke a rule of fivetuple: !(%s)\n", file, line,
                 why, condition);
    std::abort();
}

}  // namespace fivetuple

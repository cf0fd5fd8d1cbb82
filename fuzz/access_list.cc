#include "fivetuple/server/access_list.h"

#include "fuzz/input.h"
#include <algorithm>
#include <string>

using namespace fivetuple;

namespace {

// The slow way: every rule is looked at.
bool allows_slowly(const AccessList& list, const IpAddress& address) {
    const AccessRule* narrowest = nullptr;
    for (const AccessRule& rule : list.rules()) {
        const bool is_narrower =
            narrowest == nullptr || rule.network.prefix() > narrowest->network.prefix();
        if (rule.network.contains(address) && is_narrower) narrowest = &rule;
    }
    return (narrowest != nullptr ? narrowest->access : list.otherwise()) == Access::allow;
}

}  // namespace

// A text is an access list, which says the same however it is asked, or is refused.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzzing::Input input(data, std::min<std::size_t>(size, 1024));
    const auto list = AccessList::parse(input.text());
    if (!list) {
        FT_ASSERT(!list.error().reason().empty(), "the reason is told");
        return 0;
    }
    const std::string text = list->to_string();
    const auto again = AccessList::parse(text);
    FT_ASSERT(again && again->to_string() == text, "it is read as it is written");
    for (const AccessRule& rule : list->rules()) {
        for (const IpAddress& each : {rule.network.first(), rule.network.last()}) {
            FT_ASSERT(list->allows(each) == allows_slowly(*list, each), "however it is asked");
        }
    }
    return 0;
}

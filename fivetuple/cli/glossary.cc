#include "fivetuple/cli/glossary.h"

#include <array>
#include <utility>

namespace fivetuple {
namespace {

struct KindName {
    std::string_view name;
    std::string_view heading;
};
// In the order of WordKind.
constexpr std::array<KindName, 9> kKinds{{
    {"error", "Errors"},
    {"option", "Socket options"},
    {"state", "States of a TCP connection"},
    {"segment", "Flags of a TCP segment"},
    {"event", "Events of poll and epoll"},
    {"flag", "Flags of calls"},
    {"family", "Families, types and protocols"},
    {"setting", "Settings of the kernel"},
    {"term", "Terms"},
}};

}  // namespace

std::string_view name_of(WordKind kind) { return kKinds[std::to_underlying(kind)].name; }
std::string_view heading_of(WordKind kind) { return kKinds[std::to_underlying(kind)].heading; }

std::vector<const Word*> glossary() {
    std::vector<const Word*> all;
    for (const auto part : {tcp_words(), call_words(), system_words()}) {
        for (const Word& each : part) all.push_back(&each);
    }
    return all;
}

}  // namespace fivetuple

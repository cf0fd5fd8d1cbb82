#include "fivetuple/diag/bytecode.h"
#include "fivetuple/diag/filter.h"

#include "fuzz/input.h"
#include <algorithm>
#include <string>

using namespace fivetuple;

namespace {

constexpr std::size_t kAnyDepth = 60;

diag::SeenSocket any_socket(fuzzing::Input& input) {
    diag::SeenSocket socket;
    socket.kind = static_cast<diag::Kind>(input.choose(8));
    socket.state = static_cast<TcpState>(1 + input.choose(11));
    socket.local = {IpAddress::loopback_v4(), static_cast<std::uint16_t>(input.choose(256))};
    socket.peer = {IpAddress::loopback_v6(), static_cast<std::uint16_t>(input.choose(256))};
    socket.inode = static_cast<std::uint32_t>(input.choose(4));
    socket.mark = static_cast<std::uint32_t>(input.choose(256));
    if (diag::is_unix(socket.kind)) socket.unix_name = "/run/a";
    return socket;
}

}  // namespace

// Whatever is taken for a filter is written as one that is the same; what is not is told with a
// place in the text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzzing::Input input(data, size);
    const diag::SeenSocket socket = any_socket(input);
    const std::string_view text = input.text();
    const auto filter = diag::Filter::parse(text);
    if (!filter) {
        FT_ASSERT(filter.error().at <= text.size(), "the place lies in the text");
        FT_ASSERT(!filter.error().what.empty(), "what is wrong is said");
        return 0;
    }
    const bool is_so = filter->matches(socket);
    if (is_so) {
        FT_ASSERT(filter->states().contains(socket.state), "its states are those it can have");
    }
    const diag::Bytecode code = diag::compile(*filter);
    FT_ASSERT(code.bytes.size() % 4 == 0, "instructions are words");
    const std::string written = filter->to_string();
    const auto parentheses = static_cast<std::size_t>(std::ranges::count(written, '('));
    const bool is_deep = parentheses + text.size() / 2 > kAnyDepth;
    const auto again = diag::Filter::parse(written);
    FT_ASSERT(again.has_value() || is_deep, "what is written can be read");
    if (!again) return 0;
    FT_ASSERT(again->to_string() == written, "and is written the same");
    FT_ASSERT(again->matches(socket) == is_so, "and judges the same");
    return 0;
}

#include "fivetuple/cli/relay_address.h"

#include "fuzz/input.h"
#include <algorithm>
#include <string>

using namespace fivetuple;

namespace {

void check_fault(const RelayFault& fault, std::string_view text) {
    FT_ASSERT(fault.at <= text.size(), "the place is in the text, or behind it");
    FT_ASSERT(!fault.why.empty(), "the reason is told");
    const std::string shown = fault.shown_in(text);
    FT_ASSERT(shown.ends_with(fault.why), "it is shown");
    const auto lines = std::ranges::count(shown, '\n');
    FT_ASSERT(lines >= 1 && lines == 1 + std::ranges::count(fault.why, '\n'), "in two lines");
}

void check_address(const RelayAddress& address, const std::string& text) {
    FT_ASSERT(address.text == text, "it remembers how it was written");
    const bool is_socket = address.kind < RelayKind::standard;
    FT_ASSERT(is_socket == (address.at != SocketAddress()), "sockets have an address");
    const bool has_place = address.kind == RelayKind::file || address.kind == RelayKind::exec;
    FT_ASSERT(has_place == !address.place.empty(), "others have a place");
    FT_ASSERT(address.place.find('\0') == address.place.npos, "that the kernel takes whole");
    FT_ASSERT(address.connections == 0 || address.is_listener(), "only listeners fork");
    FT_ASSERT(address.reads || address.writes, "it is good for something");
    FT_ASSERT(!address.mode || *address.mode <= 0777, "a mode has nine bits");
    for (const auto& each : address.settings) {
        FT_ASSERT(each.option != nullptr && each.option->write != nullptr, "it can be set");
    }
    // One more option that fits nowhere is found where it stands.
    const auto more = RelayAddress::parse(text + ",no-such-option-at-all");
    FT_ASSERT(!more && more.error().at == text.size() + 1, "a fault is where it stands");
}

}  // namespace

// A text is an address altogether, or is refused at a place that is told.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzzing::Input input(data, std::min<std::size_t>(size, 512));
    const std::string text(input.text());
    const auto address = RelayAddress::parse(text);
    if (address) {
        check_address(*address, text);
    } else {
        check_fault(address.error(), text);
    }
    return 0;
}

#include "fivetuple/cli/option_pages.h"

#include "fivetuple/cli/table.h"

#include <array>
#include <vector>

namespace fivetuple {
namespace {

// The kernel's numbers of levels; they never change.
constexpr int kSocket = 1;
constexpr int kTcp = 6;
constexpr int kUdp = 17;
constexpr int kIpV4 = 0;
constexpr int kIpV6 = 41;

struct Level {
    int number;
    const char* name;
    const char* heading;
};
constexpr std::array kLevels{
    Level{kSocket, "SOL_SOCKET", "Every socket, and Unix sockets (SOL_SOCKET)"},
    Level{kTcp, "IPPROTO_TCP", "TCP (IPPROTO_TCP)"},
    Level{kUdp, "IPPROTO_UDP", "UDP (IPPROTO_UDP)"},
    Level{kIpV4, "IPPROTO_IP", "IPv4 (IPPROTO_IP)"},
    Level{kIpV6, "IPPROTO_IPV6", "IPv6 (IPPROTO_IPV6)"},
};

std::string value_text(const OptionEntry& entry) {
    if (entry.form == "switch") return "on or off";
    std::string text(entry.form);
    if (const std::string range = entry.range(); !range.empty()) {
        text += ", " + range;
    } else if (!entry.unit.empty()) {
        text += " in " + std::string(entry.unit);
    }
    return text;
}

std::string use_text(const OptionEntry& entry) {
    if (entry.is_settable && entry.is_readable()) return "set and get";
    return entry.is_settable ? "set only" : "get only";
}

std::string since_text(const OptionEntry& entry) {
    if (entry.since <= KernelVersion{2, 2}) return "Linux 2.2 or older";
    return "Linux " + entry.since.to_string();
}

// What stands in one cell of a table of Markdown.
std::string cell(std::string_view text) {
    std::string safe;
    for (const char letter : text) {
        if (letter == '|') safe += '\\';
        safe += letter;
    }
    return safe;
}

std::string markdown_row(const OptionEntry& entry) {
    std::string meaning(entry.meaning);
    if (!entry.kept.empty()) meaning += "; kept: " + std::string(entry.kept);
    if (!entry.needs.empty()) meaning += "; needs " + std::string(entry.needs);
    std::string row;
    for (const std::string& each :
         {"`" + std::string(entry.key.name) + "`", "`" + std::string(entry.type) + "`",
          value_text(entry), use_text(entry), entry.kinds.to_string(), entry.since.to_string(),
          meaning, std::string(entry.manual)}) {
        row += "| " + cell(each) + " ";
    }
    return row + "|\n";
}

constexpr const char* kIntroduction =
    "# Socket options\n"
    "\n"
    "<!-- Written by `ft options --markdown`; do not edit. -->\n"
    "\n"
    "Every option is a type. `set(socket, UserTimeout{30s})` sets it and "
    "`get<UserTimeout>(socket)`\n"
    "reads it, on blocking sockets and on every stream, listener and datagram socket of a loop.\n"
    "Values are refused before the kernel is asked where they are out of range; an error names "
    "the\n"
    "option, and says which kind of socket has it or which capability it needs.\n"
    "\n"
    "`apply(socket, ReceiveBuffer{1 << 20}, NoDelay{}, ...)` sets several and reports for each "
    "what\n"
    "was asked, what the kernel keeps, and why the two differ: doubled, clipped to a limit of the\n"
    "system, rounded, taken without a word and ignored, kept by a kind of socket that does "
    "nothing\n"
    "with it, unsupported, forbidden. The report prints as a table.\n"
    "\n"
    "`ft options` lists them, `ft options SO_RCVBUF` tells all about one, and\n"
    "`ft options --socket 127.0.0.1:7777` connects and prints what a live socket holds for each.\n"
    "\n"
    "*since* is the version of Linux that brought the option; 2.2 stands for all that is older.\n"
    "*sockets* are the kinds to which it means something: the kernel lets other kinds keep many "
    "of\n"
    "them, too. TCP and UDP sockets over IPv6 have the options of IPv4 for their IPv4 peers.\n";

}  // namespace

std::string level_name(int level) {
    for (const Level& each : kLevels) {
        if (each.number == level) return each.name;
    }
    return std::to_string(level);
}

std::string option_page(const OptionEntry& entry) {
    std::string page = std::string(entry.key.name) + ": " + std::string(entry.meaning) + "\n";
    const auto add = [&page](const char* head, const std::string& text) {
        std::string line = "  " + std::string(head);
        line.resize(12, ' ');
        if (!text.empty()) page += line + text + "\n";
    };
    add("type", std::string(entry.type));
    add("value", value_text(entry));
    add("use", use_text(entry));
    add("sockets", entry.kinds.to_string());
    add("kept", std::string(entry.kept));
    add("needs", std::string(entry.needs));
    add("since", since_text(entry));
    add("manual", std::string(entry.manual));
    add("number", level_name(entry.key.level) + " (" + std::to_string(entry.key.level) + "), " +
                      std::to_string(entry.key.number));
    return page;
}

std::string option_list() {
    Table table({"option", "value", "meaning"}, Table::Align::text);
    for (const OptionEntry& each : option_catalogue()) {
        table.add({each.key.name, value_text(each), std::string(each.meaning)});
    }
    return table.to_string();
}

std::string options_markdown() {
    std::string page = kIntroduction;
    for (const Level& level : kLevels) {
        page += "\n## " + std::string(level.heading) + "\n\n";
        page += "| option | type | value | use | sockets | since | meaning | manual |\n";
        page += "|---|---|---|---|---|---|---|---|\n";
        for (const OptionEntry& each : option_catalogue()) {
            if (each.key.level == level.number) page += markdown_row(each);
        }
    }
    return page;
}

}  // namespace fivetuple

#include "tests/testing/tcp_states.h"

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

namespace fivetuple::testing_help {

std::string tcp_states(std::uint16_t port) {
    static constexpr const char* kNames[] = {
        "",      "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2",   "TIME_WAIT",
        "CLOSE", "CLOSE_WAIT",  "LAST_ACK", "LISTEN",   "CLOSING",   "NEW_SYN_RECV"};
    std::ifstream table("/proc/thread-self/net/tcp");
    std::multiset<std::string> states;
    std::string line;
    while (std::getline(table, line)) {
        std::string number, local, peer, state;
        std::istringstream(line) >> number >> local >> peer >> state;
        const std::size_t colon = local.find(':');
        if (colon == std::string::npos) continue;
        if (std::strtoul(local.c_str() + colon + 1, nullptr, 16) != port) continue;
        const auto at = std::strtoul(state.c_str(), nullptr, 16);
        states.insert(at < std::size(kNames) ? kNames[at] : state);
    }
    std::string text;
    for (const std::string& each : states) text += (text.empty() ? "" : " ") + each;
    return text;
}

}  // namespace fivetuple::testing_help

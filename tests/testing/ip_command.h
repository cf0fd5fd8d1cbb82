#pragma once

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

// What ip(8) does and sees, to be compared with what we do and see.
namespace fivetuple::testing_help {

/// `ip(arguments)` as a shell would run it; whether it worked.
inline bool ip(const std::string& arguments) {
    return std::system(("ip " + arguments).c_str()) == 0;
}

/// What `ip ...` prints.
inline std::string ip_text(const std::string& arguments) {
    std::string text;
    FILE* output = ::popen(("ip " + arguments).c_str(), "re");
    if (output == nullptr) return {};
    std::array<char, 4096> some{};
    while (const std::size_t count = std::fread(some.data(), 1, some.size(), output)) {
        text.append(some.data(), count);
    }
    ::pclose(output);
    return text;
}

/// What `ip -json ...` prints.
inline nlohmann::json ip_json(const std::string& arguments) {
    return nlohmann::json::parse(ip_text("-json " + arguments), nullptr, false);
}

/// `text` without every `part`.
inline std::string without(std::string text, const std::string& part) {
    for (std::size_t at = text.find(part); at != text.npos; at = text.find(part)) {
        text.erase(at, part.size());
    }
    return text;
}

/// `name index mtu address state kind master` of each link.
inline std::vector<std::string> ip_links() {
    std::vector<std::string> lines;
    for (const auto& each : ip_json("-details link")) {
        const auto info = each.value("linkinfo", nlohmann::json::object());
        lines.push_back(each.value("ifname", "") + " " + std::to_string(each.value("ifindex", 0)) +
                        " " + std::to_string(each.value("mtu", 0)) + " " +
                        each.value("address", "") + " " + each.value("operstate", "") + " " +
                        info.value("info_kind", "") + " " + each.value("master", ""));
    }
    return lines;
}

/// `address/prefix scope interface label` of each address.
inline std::vector<std::string> ip_addresses() {
    std::vector<std::string> lines;
    for (const auto& link : ip_json("addr")) {
        for (const auto& each : link.value("addr_info", nlohmann::json::array())) {
            lines.push_back(each.value("local", "") + "/" +
                            std::to_string(each.value("prefixlen", 0)) + " " +
                            each.value("scope", "") + " " + link.value("ifname", "") + " " +
                            each.value("label", ""));
        }
    }
    return lines;
}

/// A line for each route of every table, without what is the same for all.
inline std::vector<std::string> ip_routes() {
    std::vector<std::string> lines;
    for (const char* family : {"-4", "-6"}) {
        // With -oneline a backslash stands where another way of the same route begins.
        std::istringstream text(
            ip_text(std::string("-oneline ") + family + " route show table all"));
        for (std::string line; std::getline(text, line);) {
            for (const char* part : {" pref medium", " metric 0", " \\", "\\", " linkdown"}) {
                line = without(line, part);
            }
            std::ranges::replace(line, '\t', ' ');
            line.erase(line.find_last_not_of(' ') + 1);
            lines.push_back(line);
        }
    }
    return lines;
}

}  // namespace fivetuple::testing_help

#include "fivetuple/cli/table.h"
#include "fivetuple/cli/units.h"

#include "tools/ss_rows.h"
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

// `ft ss` as JSON, and its totals.
namespace ft_tool {

namespace ft = fivetuple;
namespace diag = fivetuple::diag;

namespace {

using Json = nlohmann::ordered_json;

Json info_json(const ft::TcpInfo& info) {
    Json told;
    for (const ft::TcpInfo::Field& each : info.fields()) {
        if (each.figure) {
            told[std::string(each.name)] = *each.figure;
        } else {
            told[std::string(each.name)] = each.value;
        }
    }
    return told;
}

Json memory_json(const ft::MemoryInfo& memory) {
    return {{"receive_allocated", memory.receive_allocated},
            {"receive_buffer", memory.receive_buffer},
            {"send_allocated", memory.send_allocated},
            {"send_buffer", memory.send_buffer},
            {"reserved", memory.reserved},
            {"send_queued", memory.send_queued},
            {"options", memory.options},
            {"backlog", memory.backlog},
            {"drops", memory.drops}};
}

Json owners_json(const diag::SeenSocket& socket, const diag::Owners& owners) {
    Json all = Json::array();
    owners.for_each(socket.inode, [&all](const diag::Owner& each) {
        all.push_back({{"name", std::string(each.process)},
                       {"pid", each.pid},
                       {"descriptor", each.descriptor}});
    });
    return all;
}

template <class T>
void put(Json& json, const char* name, const std::optional<T>& value) {
    if (value) json[name] = *value;
}

void put_text(Json& json, const char* name, std::string_view text) {
    if (!text.empty()) json[name] = std::string(text);
}

Json flags_json(const diag::SocketFlags& flags) {
    Json names = Json::array();
    if (flags.receives_errors) names.push_back("IP_RECVERR");
    if (flags.binds_freely) names.push_back("IP_FREEBIND");
    if (flags.includes_header) names.push_back("IP_HDRINCL");
    if (flags.is_transparent) names.push_back("IP_TRANSPARENT");
    if (flags.is_bound_without_port) names.push_back("IP_BIND_ADDRESS_NO_PORT");
    if (flags.defers_connect) names.push_back("TCP_FASTOPEN_CONNECT");
    return names;
}

void put_state(Json& json, const diag::SeenSocket& socket) {
    json["protocol"] = diag::name_of(socket.kind);
    json["state"] = diag::name_of(socket.state);
    if (const auto queue = socket.accept_queue(); queue && socket.kind == diag::Kind::tcp) {
        json["accept_queue"] = {{"waiting", queue->waiting}, {"most", queue->most}};
    }
    put(json, "receive_queue", socket.receive_queue);
    put(json, "send_queue", socket.send_queue);
    json["local"] = socket.local_text();
    json["peer"] = socket.peer_text();
    if (socket.interface != 0) json["interface"] = socket.interface;
    put(json, "user", socket.user);
    json["inode"] = socket.inode;
    json["cookie"] = socket.cookie;
}

void put_options(Json& json, const diag::SeenSocket& socket) {
    put_text(json, "congestion_control", socket.congestion_control);
    put_text(json, "upper_layer", socket.upper_layer);
    put(json, "service_byte", socket.service_byte);
    put(json, "traffic_class", socket.traffic_class);
    put(json, "priority", socket.priority);
    put(json, "mark", socket.mark);
    put(json, "cgroup", socket.cgroup);
    put(json, "is_shut_for_reading", socket.is_shut_for_reading);
    put(json, "is_shut_for_writing", socket.is_shut_for_writing);
    put(json, "is_only_v6", socket.is_only_v6);
    put(json, "peer_inode", socket.peer_inode);
    put(json, "pending", socket.pending);
    put(json, "file_inode", socket.file_inode);
    put(json, "frame_protocol", socket.frame_protocol);
    if (socket.kind == diag::Kind::raw) json["raw_protocol"] = socket.raw_protocol;
    if (socket.flags) json["options"] = flags_json(*socket.flags);
}

Json socket_json(const diag::SeenSocket& socket, const SsDetails& details,
                 const diag::Owners* owners) {
    Json json;
    put_state(json, socket);
    if (socket.timer && details.timers) {
        json["timer"] = {{"what", diag::name_of(socket.timer->what)},
                         {"left_ms", socket.timer->left.count()},
                         {"tries", socket.timer->tries}};
    }
    put_options(json, socket);
    if (socket.memory && details.memory) json["memory"] = memory_json(*socket.memory);
    if (details.info) {
        if (const auto info = socket.tcp_info()) json["tcp_info"] = info_json(*info);
        if (socket.bbr) {
            json["bbr"] = {{"bandwidth", socket.bbr->bandwidth},
                           {"least_round_trip", socket.bbr->least_round_trip.count()},
                           {"pacing_gain", socket.bbr->pacing_gain},
                           {"window_gain", socket.bbr->window_gain}};
        }
    }
    if (owners != nullptr) json["processes"] = owners_json(socket, *owners);
    return json;
}

// Of several that hold one socket, the first; the others are its children, as a rule.
std::string owner_text(const diag::SeenSocket& socket, const diag::Owners* owners) {
    if (socket.inode == 0) return "(no process)";
    std::string text;
    if (owners != nullptr) {
        owners->for_each(socket.inode, [&text](const diag::Owner& each) {
            if (text.empty()) {
                text = std::string(each.process) + " pid " + std::to_string(each.pid);
            }
        });
    }
    return text.empty() ? "(not seen)" : text;
}

}  // namespace

ft::Result<void> SsJson::see(const diag::SeenSocket& socket) {
    text_ += text_.empty() ? "[\n" : ",\n";
    // A name in the Unix domain may hold bytes that are no text.
    text_ +=
        socket_json(socket, details_, owners_).dump(-1, ' ', false, Json::error_handler_t::replace);
    return {};
}

std::string_view name_of(SsGroups::By by) {
    constexpr std::array<std::string_view, 4> kNames{"state", "peer", "destination", "process"};
    return kNames[std::to_underlying(by)];
}

ft::Result<void> SsGroups::see(const diag::SeenSocket& socket) {
    std::string key;
    switch (by_) {
        case By::state:
            key = diag::name_of(socket.state);
            break;
        case By::peer:
            key = diag::is_internet(socket.kind) ? socket.peer.ip.unmapped().to_string()
                                                 : socket.peer_text();
            break;
        case By::destination:
            key = socket.peer_text();
            break;
        case By::process:
            key = owner_text(socket, owners_);
            break;
    }
    Sum& sum = groups_[key];
    ++sum.sockets;
    // What stands there of a listener are connections.
    if (socket.state == ft::TcpState::listening) return {};
    sum.receive_queue += socket.receive_queue.value_or(0);
    sum.send_queue += socket.send_queue.value_or(0);
    return {};
}

std::string SsGroups::to_string(bool as_json) const {
    std::vector<std::pair<std::string_view, Sum>> largest(groups_.begin(), groups_.end());
    std::ranges::sort(largest, [](const auto& a, const auto& b) {
        return a.second.sockets != b.second.sockets ? a.second.sockets > b.second.sockets
                                                    : a.first < b.first;
    });
    const std::string head(name_of(by_));
    Json all = Json::array();
    ft::Table table({head, "sockets", "receive queues", "send queues"});
    for (const auto& [key, sum] : largest) {
        all.push_back({{head, std::string(key)},
                       {"sockets", sum.sockets},
                       {"receive_queue", sum.receive_queue},
                       {"send_queue", sum.send_queue}});
        table.add({std::string(key), ft::format_count(sum.sockets),
                   ft::format_bytes(static_cast<double>(sum.receive_queue)),
                   ft::format_bytes(static_cast<double>(sum.send_queue))});
    }
    return as_json ? all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"
                   : table.to_string();
}

}  // namespace ft_tool

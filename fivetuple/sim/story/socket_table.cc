#include "fivetuple/sim/story/socket_table.h"

#include "fivetuple/cli/table.h"
#include "fivetuple/sim/host.h"

#include <algorithm>

namespace fivetuple::sim {

std::string socket_table(Host& host) {
    const tcp::Stack& tcp = host.stack().tcp();
    Table table({"State", "Recv-Q", "Send-Q", "Local Address:Port", "Peer Address:Port"},
                Table::Align::text);
    for (const tcp::Listener* listener : tcp.listeners()) {
        table.add({"LISTEN", std::to_string(listener->waiting()),
                   std::to_string(listener->backlog()), listener->binding().local().to_string(),
                   "*"});
    }
    auto connections = tcp.connections();
    std::ranges::sort(connections, {}, [](const tcp::Connection* each) { return each->tuple(); });
    for (const tcp::Connection* connection : connections) {
        const FiveTuple& tuple = connection->tuple();
        table.add({std::string(to_string(connection->state())),
                   std::to_string(connection->readable_bytes()),
                   std::to_string(connection->unacknowledged_bytes()), tuple.local.to_string(),
                   tuple.peer.to_string()});
    }
    if (tcp.listeners().empty() && connections.empty()) return {};
    return table.to_string();
}

}  // namespace fivetuple::sim

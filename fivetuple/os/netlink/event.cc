#include "fivetuple/os/netlink/event.h"

#include "fivetuple/os/netlink/list.h"

#include <linux/rtnetlink.h>

#include <array>
#include <utility>
#include <vector>

namespace fivetuple::netlink {
namespace {

std::vector<std::uint32_t> groups_of(const Watched& watched) {
    std::vector<std::uint32_t> groups;
    if (watched.links) groups.push_back(RTNLGRP_LINK);
    if (watched.addresses) {
        groups.push_back(RTNLGRP_IPV4_IFADDR);
        groups.push_back(RTNLGRP_IPV6_IFADDR);
    }
    if (watched.routes) {
        groups.push_back(RTNLGRP_IPV4_ROUTE);
        groups.push_back(RTNLGRP_IPV6_ROUTE);
    }
    if (watched.neighbors) groups.push_back(RTNLGRP_NEIGH);
    return groups;
}

auto key_of(const Link& link) { return link.index; }
auto key_of(const InterfaceAddress& each) {
    return std::tuple(each.interface, each.address, each.prefix);
}
auto key_of(const Neighbor& each) { return std::tuple(each.interface, each.address); }

bool is_removal(const Message& message) {
    return message.type == RTM_DELLINK || message.type == RTM_DELADDR ||
           message.type == RTM_DELROUTE || message.type == RTM_DELNEIGH;
}

template <class Key>
Change note(const Message& message, std::set<Key>& known, const Key& key) {
    if (is_removal(message)) {
        known.erase(key);
        return Change::removed;
    }
    return known.insert(key).second ? Change::added : Change::changed;
}

// Of routes the kernel tells whether one took another's place.
Change route_change(const Message& message) {
    if (is_removal(message)) return Change::removed;
    return (message.flags & NLM_F_REPLACE) != 0 ? Change::changed : Change::added;
}

template <Listed T, class Key>
Result<void> learn(OpenSocket& socket, ReceiveRoom& room, std::set<Key>& known) {
    Request request = T::list();
    Gathered<T> there;
    FT_TRY_VOID(converse(socket, room, request, there));
    known.clear();
    for (const T& each : there.all) known.insert(key_of(each));
    return {};
}

}  // namespace

std::string_view to_string(Change change) {
    constexpr std::array<std::string_view, 3> kNames{"added", "changed", "removed"};
    return kNames[std::to_underlying(change)];
}

std::string Event::to_string() const {
    return std::string(netlink::to_string(change)) + " " +
           std::visit([](const auto& each) { return each.to_string(); }, subject);
}

Result<Observer::Watch> Observer::watch(const Watched& watched) {
    Watch made;
    made.observer.watched_ = watched;
    // First the ear, then the list, so that nothing is missed between the two.
    FT_TRY(made.socket, open_socket(Protocol::route, groups_of(watched)));
    FT_TRY_VOID(made.observer.relist());
    return made;
}

Result<void> Observer::relist() {
    FT_TRY(OpenSocket socket, open_socket(Protocol::route));
    ReceiveRoom room;
    if (watched_.links) FT_TRY_VOID(learn<Link>(socket, room, links_));
    if (watched_.addresses) FT_TRY_VOID(learn<InterfaceAddress>(socket, room, addresses_));
    if (watched_.neighbors) FT_TRY_VOID(learn<Neighbor>(socket, room, neighbors_));
    return {};
}

Result<bool> Observer::read(const Message& message, Event& event) {
    FT_TRY(std::optional<Link> link, Link::read(message));
    if (link) {
        event.change = note(message, links_, key_of(*link));
        event.subject = *std::move(link);
        return true;
    }
    FT_TRY(std::optional<InterfaceAddress> address, InterfaceAddress::read(message));
    if (address) {
        event.change = note(message, addresses_, key_of(*address));
        event.subject = *std::move(address);
        return true;
    }
    FT_TRY(std::optional<Route> route, Route::read(message));
    if (route) {
        event.change = route_change(message);
        event.subject = *std::move(route);
        return true;
    }
    FT_TRY(std::optional<Neighbor> neighbor, Neighbor::read(message));
    if (!neighbor) return false;
    event.change = note(message, neighbors_, key_of(*neighbor));
    event.subject = *std::move(neighbor);
    return true;
}

Result<bool> Observer::next(Event& event) {
    Message message;
    while (true) {
        FT_TRY(const bool is_there, reader_.next(message));
        if (!is_there) return false;
        FT_TRY(const bool is_event, read(message, event));
        if (is_event) return true;
    }
}

}  // namespace fivetuple::netlink

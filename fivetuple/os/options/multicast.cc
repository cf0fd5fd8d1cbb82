#include "fivetuple/os/options/multicast.h"

#include "fivetuple/os/address.h"

#include <net/if.h>

#include <cerrno>
#include <cstring>

namespace fivetuple {
namespace {

in_addr v4_of(const IpAddress& address) {
    in_addr raw{};
    const auto bytes = address.v4_bytes();
    std::memcpy(&raw, bytes.data(), bytes.size());
    return raw;
}

// An IPv6 interface has no address here; the group may name it by its scope.
std::uint32_t index_for(const IpAddress& group, const MulticastVia& via) {
    return via.index != 0 ? via.index : group.scope();
}

Result<void> refuse(const OptionKey& key, const std::string& why) {
    return std::unexpected(Error::system(EINVAL, "setsockopt").about(key.name).because(why));
}

Result<void> check_group(const OptionKey& key, const IpAddress& group, const MulticastVia& via) {
    if (!group.is_multicast()) return refuse(key, group.to_string() + " is not a group's address");
    if (!via.address.is_unspecified() && (group.is_v6() || via.address.is_v6())) {
        return refuse(key, "name an IPv6 interface by its index");
    }
    return {};
}

template <class Raw>
Result<void> write_raw(OptionAccess socket, const OptionKey& key, const Raw& raw) {
    return write_option(socket, key, std::as_bytes(std::span(&raw, 1)));
}

Result<void> change_group(OptionAccess socket, const OptionKey& key, const IpAddress& group,
                          const MulticastVia& via) {
    FT_TRY_VOID(check_group(key, group, via));
    if (group.is_v4()) {
        return write_raw(
            socket, key,
            ip_mreqn{v4_of(group), v4_of(via.address), static_cast<int>(index_for(group, via))});
    }
    ipv6_mreq raw{};
    std::memcpy(&raw.ipv6mr_multiaddr, group.v6_bytes().data(), group.v6_bytes().size());
    raw.ipv6mr_interface = index_for(group, via);
    return write_raw(socket, key, raw);
}

void put_address(sockaddr_storage& to, const IpAddress& address) {
    const SocketAddress from(address, 0);
    std::memcpy(&to, from.raw(), from.raw_size());
}

Result<void> change_source(OptionAccess socket, const OptionKey& key, int number_by_address,
                           const IpAddress& group, const IpAddress& source,
                           const MulticastVia& via) {
    FT_TRY_VOID(check_group(key, group, via));
    if (group.is_v4() != source.is_v4()) {
        return refuse(key, "group and source are not of one family");
    }
    if (!via.address.is_unspecified() && via.index == 0) {
        // Only the older call takes an interface by its address.
        ip_mreq_source raw{};
        raw.imr_multiaddr = v4_of(group);
        raw.imr_interface = v4_of(via.address);
        raw.imr_sourceaddr = v4_of(source);
        return write_raw(socket, {key.level, number_by_address, key.name}, raw);
    }
    group_source_req raw{};
    raw.gsr_interface = index_for(group, via);
    put_address(raw.gsr_group, group);
    put_address(raw.gsr_source, source);
    return write_raw(socket, key, raw);
}

std::string membership_text(const IpAddress& group, const MulticastVia& via) {
    return group.to_string() + " by " + via.to_string();
}

}  // namespace

Result<MulticastVia> MulticastVia::device(const std::string& name) {
    const unsigned index = ::if_nametoindex(name.c_str());
    if (index == 0) return std::unexpected(Error::system(ENODEV, "if_nametoindex").about(name));
    return MulticastVia{.index = index};
}

std::string MulticastVia::to_string() const {
    if (index == 0) return address.is_unspecified() ? "any interface" : address.to_string();
    char name[IF_NAMESIZE];
    if (::if_indextoname(index, name) != nullptr) return name;
    return "interface " + std::to_string(index);
}

Result<void> JoinGroup::write_to(OptionAccess socket) const {
    return change_group(socket, used_key(), group, via);
}
std::string JoinGroup::to_string() const { return membership_text(group, via); }

Result<void> LeaveGroup::write_to(OptionAccess socket) const {
    return change_group(socket, used_key(), group, via);
}
std::string LeaveGroup::to_string() const { return membership_text(group, via); }

Result<void> JoinSource::write_to(OptionAccess socket) const {
    return change_source(socket, used_key(), IP_ADD_SOURCE_MEMBERSHIP, group, source, via);
}
std::string JoinSource::to_string() const {
    return source.to_string() + " to " + membership_text(group, via);
}

Result<void> LeaveSource::write_to(OptionAccess socket) const {
    return change_source(socket, used_key(), IP_DROP_SOURCE_MEMBERSHIP, group, source, via);
}
std::string LeaveSource::to_string() const {
    return source.to_string() + " to " + membership_text(group, via);
}

Result<MulticastInterface> MulticastInterface::read_from(OptionAccess socket) {
    IpAddress::V4Bytes bytes{};
    FT_TRY(const std::size_t size,
           read_option(socket, key, std::as_writable_bytes(std::span(bytes))));
    if (size != bytes.size()) return std::unexpected(wrong_size(key, size));
    return MulticastInterface{{.index = 0, .address = IpAddress(bytes)}};
}

Result<void> MulticastInterface::write_to(OptionAccess socket) const {
    if (via.address.is_v6()) return refuse(key, "name an IPv6 interface by V6MulticastInterface");
    return write_raw(socket, key,
                     ip_mreqn{in_addr{}, v4_of(via.address), static_cast<int>(via.index)});
}

}  // namespace fivetuple

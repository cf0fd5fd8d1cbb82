#include "fivetuple/os/netlink/message.h"

#include <linux/netlink.h>

#include <algorithm>

namespace fivetuple::netlink {

Result<void> Message::holds(std::size_t bytes) const {
    if (payload.size() >= bytes) return {};
    return std::unexpected(
        Error::malformed("netlink", "a message of type " + std::to_string(type) + " holds " +
                                        std::to_string(payload.size()) + " bytes, where at least " +
                                        std::to_string(bytes) + " belong"));
}

AttributeReader Message::attributes(std::size_t header) const {
    return AttributeReader(
        payload.subspan(std::min<std::size_t>(NLMSG_ALIGN(header), payload.size())));
}

Result<bool> MessageReader::next(Message& message) {
    if (left_.empty()) return false;
    nlmsghdr header{};
    if (left_.size() >= sizeof header) std::memcpy(&header, left_.data(), sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > left_.size()) {
        const std::size_t rest = left_.size();
        left_ = {};
        return std::unexpected(Error::malformed(
            "netlink", "a message says that it has " + std::to_string(header.nlmsg_len) +
                           " bytes, where " + std::to_string(rest) + " are left"));
    }
    message.type = header.nlmsg_type;
    message.flags = header.nlmsg_flags;
    message.sequence = header.nlmsg_seq;
    message.port = header.nlmsg_pid;
    message.payload = left_.subspan(sizeof header, header.nlmsg_len - sizeof header);
    const std::size_t whole =
        (std::size_t{header.nlmsg_len} + NLMSG_ALIGNTO - 1) & ~std::size_t{NLMSG_ALIGNTO - 1};
    left_ = left_.subspan(std::min(whole, left_.size()));
    return true;
}

}  // namespace fivetuple::netlink

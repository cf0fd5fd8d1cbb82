#include "fivetuple/os/netlink/request.h"

#include <linux/netlink.h>

#include <cstring>
#include <utility>

namespace fivetuple::netlink {
namespace {

static_assert(std::to_underlying(Asks::answer) == NLM_F_ACK);
static_assert(std::to_underlying(Asks::dump) == NLM_F_DUMP);
static_assert(std::to_underlying(Asks::create) == (NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL));
static_assert(std::to_underlying(Asks::replace) == (NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE));
static_assert(std::to_underlying(Asks::append) == (NLM_F_ACK | NLM_F_CREATE | NLM_F_APPEND));

constexpr std::size_t kMost = UINT16_MAX;

}  // namespace

Request::Request(std::uint16_t type, Asks asks, const char* call)
    : call_(call), is_dump_(asks == Asks::dump) {
    bytes_.reserve(256);
    nlmsghdr front{};
    front.nlmsg_type = type;
    front.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | std::to_underlying(asks));
    append(std::as_bytes(std::span(&front, 1)));
}

// Everything begins at a multiple of four bytes.
void Request::append(Bytes bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    bytes_.resize(NLMSG_ALIGN(bytes_.size()));
}

Request& Request::add(std::uint16_t type, Bytes data) {
    nlattr front{};
    front.nla_type = type;
    // Where this is cut, the whole is over the limit, and is not sent.
    front.nla_len = static_cast<std::uint16_t>(sizeof front + data.size());
    append(std::as_bytes(std::span(&front, 1)));
    append(data);
    return *this;
}

Request& Request::add_text(std::uint16_t type, std::string_view text) {
    const std::string ended(text);
    return add(type, std::as_bytes(std::span(ended.c_str(), ended.size() + 1)));
}

Request& Request::add(std::uint16_t type, const IpAddress& address) {
    const IpAddress::V4Bytes v4 = address.v4_bytes();
    if (address.is_v4()) return add(type, std::as_bytes(std::span(v4)));
    return add(type, std::as_bytes(std::span(address.v6_bytes())));
}

Request::Nest Request::nest(std::uint16_t type) {
    const std::size_t begin = bytes_.size();
    nlattr front{};
    front.nla_type = static_cast<std::uint16_t>(type | NLA_F_NESTED);
    append(std::as_bytes(std::span(&front, 1)));
    return {*this, begin};
}

void Request::close(std::size_t begin) {
    const auto length = static_cast<std::uint16_t>(bytes_.size() - begin);
    std::memcpy(bytes_.data() + begin + offsetof(nlattr, nla_len), &length, sizeof length);
}

Result<Bytes> Request::to_send(std::uint32_t sequence) {
    if (bytes_.size() > kMost) {
        return std::unexpected(Error::limit(call_, "the request has " +
                                                       std::to_string(bytes_.size()) +
                                                       " bytes, and may have 65535")
                                   .about(subject_));
    }
    const auto length = static_cast<std::uint32_t>(bytes_.size());
    std::memcpy(bytes_.data() + offsetof(nlmsghdr, nlmsg_len), &length, sizeof length);
    std::memcpy(bytes_.data() + offsetof(nlmsghdr, nlmsg_seq), &sequence, sizeof sequence);
    return Bytes(bytes_);
}

}  // namespace fivetuple::netlink

#include "fivetuple/os/netlink/attribute.h"

#include <linux/netlink.h>

#include <algorithm>
#include <array>

namespace fivetuple::netlink {
namespace {

bool is_link_local(const IpAddress& address) { return address.is_v6() && address.is_link_local(); }

}  // namespace

Error Attribute::wrong_size(std::size_t wanted) const {
    return Error::malformed("netlink", "attribute " + std::to_string(type) + " has " +
                                           std::to_string(data.size()) + " bytes, not " +
                                           std::to_string(wanted));
}

template <class T>
Result<void> Attribute::read_exactly(T& into) const {
    if (data.size() != sizeof into) return std::unexpected(wrong_size(sizeof into));
    std::memcpy(&into, data.data(), sizeof into);
    return {};
}

Result<void> Attribute::read(std::uint8_t& into) const { return read_exactly(into); }
Result<void> Attribute::read(std::uint16_t& into) const { return read_exactly(into); }
Result<void> Attribute::read(std::uint32_t& into) const { return read_exactly(into); }
Result<void> Attribute::read(std::uint64_t& into) const { return read_exactly(into); }
Result<void> Attribute::read(std::int32_t& into) const { return read_exactly(into); }

Result<void> Attribute::read_big_endian(std::uint16_t& into) const {
    if (data.size() != sizeof into) return std::unexpected(wrong_size(sizeof into));
    into = take_integer<std::uint16_t>(data);
    return {};
}

Result<void> Attribute::read_big_endian(std::uint32_t& into) const {
    if (data.size() != sizeof into) return std::unexpected(wrong_size(sizeof into));
    into = take_integer<std::uint32_t>(data);
    return {};
}

Result<void> Attribute::read(std::string& into) const {
    const std::string_view text = text_of(data);
    into = text.substr(0, text.find('\0'));
    return {};
}

Result<void> Attribute::read(IpAddress& into, std::uint32_t interface) const {
    if (data.size() == 4) {
        IpAddress::V4Bytes bytes{};
        std::memcpy(bytes.data(), data.data(), bytes.size());
        into = IpAddress(bytes);
        return {};
    }
    IpAddress::V6Bytes bytes{};
    if (data.size() != bytes.size()) return std::unexpected(wrong_size(bytes.size()));
    std::memcpy(bytes.data(), data.data(), bytes.size());
    into = IpAddress(bytes);
    if (is_link_local(into)) into = IpAddress(bytes, interface);
    return {};
}

Result<void> Attribute::read(HardwareAddress& into) const {
    FT_TRY(into, HardwareAddress::from_bytes(data));
    return {};
}

AttributeReader Attribute::nested() const { return AttributeReader(data); }

Result<bool> AttributeReader::next(Attribute& attribute) {
    if (left_.empty()) return false;
    nlattr header{};
    if (left_.size() >= sizeof header) std::memcpy(&header, left_.data(), sizeof header);
    if (header.nla_len < sizeof header || header.nla_len > left_.size()) {
        const std::size_t rest = left_.size();
        left_ = {};
        return std::unexpected(Error::malformed(
            "netlink", "an attribute says that it has " + std::to_string(header.nla_len) +
                           " bytes, where " + std::to_string(rest) + " are left"));
    }
    attribute.type = static_cast<std::uint16_t>(header.nla_type & NLA_TYPE_MASK);
    attribute.data = left_.subspan(sizeof header, header.nla_len - sizeof header);
    left_ = left_.subspan(std::min<std::size_t>(NLA_ALIGN(header.nla_len), left_.size()));
    return true;
}

}  // namespace fivetuple::netlink

#include "fivetuple/os/options/tcp.h"

#include <algorithm>
#include <cerrno>

namespace fivetuple {

Result<FastOpenKey> FastOpenKey::read_from(OptionAccess socket) {
    std::array<std::byte, 32> room{};
    FT_TRY(const std::size_t size, read_option(socket, key, room));
    FastOpenKey found;
    if (size >= 16) std::copy_n(room.begin(), 16, found.primary.emplace().begin());
    if (size >= 32) std::copy_n(room.begin() + 16, 16, found.backup.emplace().begin());
    return found;
}

Result<void> FastOpenKey::write_to(OptionAccess socket) const {
    if (!primary) {
        return std::unexpected(
            Error::system(EINVAL, "setsockopt").about(key.name).because("there is no secret"));
    }
    std::array<std::byte, 32> room{};
    std::ranges::copy(*primary, room.begin());
    if (backup) std::ranges::copy(*backup, room.begin() + 16);
    return write_option(socket, key, Bytes(room).first(backup ? 32 : 16));
}

std::string FastOpenKey::to_string() const {
    if (!primary) return "none";
    return backup ? "two secrets" : "one secret";
}

Result<SavedSyn> SavedSyn::read_from(OptionAccess socket) {
    SavedSyn found;
    found.headers.resize(512);  // At most 60 bytes of IPv4 or 40 of IPv6 with extensions, and TCP.
    FT_TRY(const std::size_t size, read_option(socket, key, found.headers));
    found.headers.resize(size);
    return found;
}

std::string SavedSyn::to_string() const {
    return headers.empty() ? "none"
                           : count_text(static_cast<std::int64_t>(headers.size()), "bytes");
}

}  // namespace fivetuple

#include "fivetuple/os/option.h"

#include "fivetuple/os/option_catalogue.h"
#include "fivetuple/os/socket_kind.h"

#include <cerrno>
#include <string>

namespace fivetuple {
namespace {

// Some kernels let the number through that they use among themselves.
constexpr int kNotSupportedInside = 524;

bool is_refusal(const Error& error) {
    return error.is(ENOPROTOOPT) || error.is(EOPNOTSUPP) || error.is(kNotSupportedInside);
}

// Why there is no such option here: the kind of socket, a switch that is off, or the kernel's age.
std::string why_not_there(OptionAccess socket, const OptionEntry* entry) {
    const SocketKind kind = kind_of(socket);
    const bool is_known_kind = kind != SocketKind::other;
    if (entry == nullptr) return {};
    if (is_known_kind && !entry->kinds.has(kind)) {
        return to_string(kind) + " has no such option; it is for: " + entry->kinds.to_string();
    }
    if (running_kernel() < entry->since) {
        return "this kernel is too old for it: it came with Linux " + entry->since.to_string();
    }
    if (!entry->needs.empty()) return "not here: it needs " + std::string(entry->needs);
    return "this kernel was built without it";
}

// The kernel answers with a number; a person wants to know what is missing.
Error explained(OptionAccess socket, const OptionKey& key, Error error) {
    const OptionEntry* entry = find_option(key.level, key.number);
    std::string why;
    if (is_refusal(error)) {
        why = why_not_there(socket, entry);
    } else if ((error.is(EPERM) || error.is(EACCES)) && entry != nullptr && !entry->needs.empty()) {
        why = error.reason() + ": it needs " + std::string(entry->needs);
    } else if (error.is(ENOENT) && entry != nullptr && entry->form == "name") {
        why = "this kernel has none of that name";
    }
    if (error.is(kNotSupportedInside)) error = Error::system(EOPNOTSUPP, "setsockopt");
    error = std::move(error).about(key.name);
    return why.empty() ? error : std::move(error).because(why);
}

}  // namespace

Result<void> OptionAccess::set_option(int level, int number, Bytes value) const {
    if (take_ == nullptr) return std::unexpected(Error::system(EBADF, "setsockopt"));
    return take_(socket_, level, number, value);
}

Result<void> write_option(OptionAccess socket, const OptionKey& key, Bytes value) {
    auto done = socket.set_option(key.level, key.number, value);
    if (!done) return std::unexpected(explained(socket, key, std::move(done).error()));
    return {};
}

Result<std::size_t> read_option(OptionAccess socket, const OptionKey& key, MutableBytes room) {
    auto size = socket.get_option(key.level, key.number, room);
    if (!size) return std::unexpected(explained(socket, key, std::move(size).error()));
    return size;
}

Error wrong_size(const OptionKey& key, std::size_t size) {
    return Error::malformed("getsockopt",
                            "the kernel's value has " + std::to_string(size) + " bytes")
        .about(key.name);
}

}  // namespace fivetuple

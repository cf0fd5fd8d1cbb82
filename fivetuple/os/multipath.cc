#include "fivetuple/os/multipath.h"

#include "fivetuple/os/fd.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>

namespace fivetuple {
namespace {

// Of linux/mptcp.h, which older systems lack.
constexpr int kLevel = 284;        // SOL_MPTCP
constexpr int kInfo = 1;           // MPTCP_INFO
constexpr std::size_t kFlags = 8;  // Where mptcpi_flags begins in struct mptcp_info.
constexpr std::uint32_t kFellBack = 1;

}  // namespace

bool lacks_multipath(const Error& error) {
    // Not built in; switched off; a kernel before 5.6.
    return error.is(EPROTONOSUPPORT) || error.is(ENOPROTOOPT) || error.is(EINVAL);
}

Result<void> check_multipath() {
    const Fd probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, kMultipathTcp));
    if (probe) return {};
    const Error why = Error::system(errno, "socket").about("MPTCP");
    if (!lacks_multipath(why)) return std::unexpected(why);
    return std::unexpected(
        Error::unsupported("socket", why.is(ENOPROTOOPT)
                                         ? "MPTCP is switched off (net.mptcp.enabled is 0)"
                                         : "this kernel has no MPTCP")
            .about("MPTCP"));
}

Result<MultipathState> multipath_state(OptionAccess socket) {
    int protocol = 0;
    FT_TRY_VOID(socket.get_option(SOL_SOCKET, SO_PROTOCOL,
                                  std::as_writable_bytes(std::span(&protocol, 1))));
    if (protocol != kMultipathTcp) {
        const auto here = check_multipath();
        const bool is_missing = !here && here.error().cause() == Cause::unsupported;
        return is_missing ? MultipathState::unsupported : MultipathState::plain;
    }
    alignas(std::uint64_t) std::array<std::byte, 256> info{};
    const auto size = socket.get_option(kLevel, kInfo, info);
    // One that fell back answers as TCP does, which does not know the option.
    if (!size) return MultipathState::fell_back;
    std::uint32_t flags = 0;
    std::memcpy(&flags, info.data() + kFlags, sizeof flags);
    const bool fell_back = *size >= kFlags + sizeof flags && (flags & kFellBack) != 0;
    return fell_back ? MultipathState::fell_back : MultipathState::multipath;
}

const char* to_string(MultipathState state) {
    switch (state) {
        case MultipathState::multipath:
            return "MPTCP";
        case MultipathState::fell_back:
            return "plain TCP: the peer, or the path, does not speak MPTCP";
        case MultipathState::plain:
            return "plain TCP: one of the ends did not ask for MPTCP";
        case MultipathState::unsupported:
            break;
    }
    return "plain TCP: this kernel has no MPTCP, or it is switched off";
}

}  // namespace fivetuple

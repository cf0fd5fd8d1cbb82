#include "fivetuple/server/notify.h"

#include "fivetuple/os/clock.h"
#include "fivetuple/os/environment.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/unix_messages.h"

#include <chrono>
#include <string_view>
#include <utility>

namespace fivetuple {
namespace {

Result<SocketAddress> manager_address(std::string_view text) {
    if (text.starts_with('@')) return SocketAddress::unix_abstract(text.substr(1));
    if (text.starts_with('/')) return SocketAddress::unix_path(text);
    return std::unexpected(
        Error::unsupported("NOTIFY_SOCKET", "it is neither a path nor an abstract name")
            .about(text));
}

Task<Result<void>> send_to(SocketAddress at, std::string lines) {
    FT_CO_TRY(UnixDatagram manager, co_await UnixDatagram::connect(at));
    FT_CO_TRY_VOID(co_await manager.send(bytes_of(lines)));
    co_return {};
}

}  // namespace

Result<Notifier> Notifier::take() {
    FT_TRY(const ServiceEnvironment environment, take_service_environment());
    if (environment.notify_socket.empty()) return Notifier();
    FT_TRY(const SocketAddress at, manager_address(environment.notify_socket));
    return Notifier(at, environment.watchdog);
}

Task<Result<void>> Notifier::tell(std::string lines) const {
    if (!at_) co_return {};
    co_return co_await within(std::chrono::seconds(5), send_to(*at_, std::move(lines)));
}

Task<Result<void>> Notifier::ready() const { return tell("READY=1"); }
Task<Result<void>> Notifier::stopping() const { return tell("STOPPING=1"); }
Task<Result<void>> Notifier::alive() const { return tell("WATCHDOG=1"); }

Task<Result<void>> Notifier::reloading() const {
    // The manager holds it against the time of the ready() that follows.
    const auto now = std::chrono::floor<std::chrono::microseconds>(monotonic_now());
    return tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now.time_since_epoch().count()));
}

Task<Result<void>> Notifier::status(std::string text) const {
    if (text.find('\n') != text.npos) {
        co_return std::unexpected(Error::malformed("STATUS", "a status is one line"));
    }
    co_return co_await tell("STATUS=" + text);
}

Task<void> Notifier::keep_watchdog_quiet() const {
    if (!at_ || watchdog_ <= Duration::zero()) co_return;
    while (true) {
        static_cast<void>(co_await alive());
        auto slept = co_await sleep(watchdog_ / 2);
        if (!slept) co_return;
    }
}

}  // namespace fivetuple

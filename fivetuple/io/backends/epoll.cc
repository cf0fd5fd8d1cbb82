#include "fivetuple/io/backends/poller.h"
#include "fivetuple/os/clock.h"

#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <memory>

namespace fivetuple {
namespace {

// Each descriptor is registered once, edge-triggered, and once more if it ever has to wait for
// room: no epoll_ctl after that. It leaves the set by being closed; should a fork()ed child still
// hold its file, what the set tells of it carries an old generation and goes unheard.
class Epoll final : public Poller {
public:
    explicit Epoll(Fd set) : set_(std::move(set)) {}

    std::string_view name() const override { return "epoll"; }
    bool tells_changes() const override { return true; }

    int watch(int fd, std::uint32_t generation, std::uint8_t before, std::uint8_t wanted) override {
        epoll_event event{};
        if ((wanted & Readiness::stays) == 0) event.events |= EPOLLET;
        if (wanted & Readiness::readable) event.events |= EPOLLIN;
        if (wanted & Readiness::writable) event.events |= EPOLLOUT;
        if (wanted & Readiness::peer_closed) event.events |= EPOLLRDHUP;
        if (wanted & Readiness::urgent) event.events |= EPOLLPRI;
        event.data.u64 = (std::uint64_t{generation} << 32) | static_cast<std::uint32_t>(fd);
        const int change = before == 0   ? EPOLL_CTL_ADD
                           : wanted == 0 ? EPOLL_CTL_DEL
                                         : EPOLL_CTL_MOD;
        int result = ::epoll_ctl(set_.raw(), change, fd, &event);
        // One of this number was closed while its file was open elsewhere: that entry is left.
        const bool is_left = result != 0 && errno == EEXIST;
        if (is_left) result = ::epoll_ctl(set_.raw(), EPOLL_CTL_MOD, fd, &event);
        return result == 0 ? 0 : -errno;
    }

    void forget(int) override {}

    std::span<const Event> sleep(Time now, Time until) override {
        int count = wait(now, until);
        if (count < 0) count = 0;  // EINTR: the loop comes back.
        for (int at = 0; at < count; ++at) {
            const std::uint64_t tag = raw_[at].data.u64;
            events_[at] = {static_cast<int>(tag & 0xffffffff),
                           static_cast<std::uint32_t>(tag >> 32), seen(raw_[at].events)};
        }
        return {events_.data(), static_cast<std::size_t>(count)};
    }

private:
    int wait(Time now, Time until) {
        const int room = static_cast<int>(raw_.size());
        if (until == kNever || until <= now) {
            return ::epoll_wait(set_.raw(), raw_.data(), room, until == kNever ? -1 : 0);
        }
        if (!has_pwait2_) {
            return ::epoll_wait(set_.raw(), raw_.data(), room, poll_timeout_ms(now, until));
        }
        const timespec limit = to_timespec(until - now);
        const int count = ::epoll_pwait2(set_.raw(), raw_.data(), room, &limit, nullptr);
        if (count < 0 && (errno == ENOSYS || errno == EPERM)) has_pwait2_ = false;
        return count;
    }

    static std::uint8_t seen(std::uint32_t events) {
        std::uint8_t seen = 0;
        if (events & EPOLLIN) seen |= Readiness::readable;
        if (events & EPOLLOUT) seen |= Readiness::writable;
        if (events & EPOLLRDHUP) seen |= Readiness::peer_closed;
        if (events & EPOLLPRI) seen |= Readiness::urgent;
        if (events & (EPOLLHUP | EPOLLERR)) seen |= Readiness::broken;
        return seen;
    }

    static constexpr std::size_t kMostAtOnce = 512;
    Fd set_;
    bool has_pwait2_ = true;  // Since Linux 5.11; some seccomp filters do not know it.
    std::array<epoll_event, kMostAtOnce> raw_;
    std::array<Event, kMostAtOnce> events_;
};

}  // namespace

Result<std::unique_ptr<Poller>> open_epoll() {
    Fd set(::epoll_create1(EPOLL_CLOEXEC));
    if (!set) return std::unexpected(Error::system(errno, "epoll_create1"));
    return std::make_unique<Epoll>(std::move(set));
}

}  // namespace fivetuple

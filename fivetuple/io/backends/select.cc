#include "fivetuple/io/backends/poller.h"
#include "fivetuple/os/clock.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/select.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

namespace fivetuple {
namespace {

// select(2) knows readable, writable and urgent. That a peer has closed behind data which nobody
// reads yet is not among them: descriptors of which only that is awaited are asked one by one,
// every 20 ms.
class Select final : public Poller {
public:
    Select() {
        FD_ZERO(&read_);
        FD_ZERO(&write_);
        FD_ZERO(&urgent_);
    }

    std::string_view name() const override { return "select"; }
    bool tells_changes() const override { return false; }
    int highest() const override { return FD_SETSIZE - 1; }

    int watch(int fd, std::uint32_t generation, std::uint8_t, std::uint8_t wanted) override {
        if (fd > highest()) return -EMFILE;
        const auto index = static_cast<std::size_t>(fd);
        put(fd, read_, wanted & Readiness::readable);
        put(fd, write_, wanted & Readiness::writable);
        put(fd, urgent_, wanted & Readiness::urgent);
        hang_ups_ += (wanted & kAskedFor ? 1 : 0) - (wanted_[index] & kAskedFor ? 1 : 0);
        wanted_[index] = wanted;
        generations_[index] = generation;
        if (wanted != 0) end_ = std::max(end_, fd + 1);
        while (end_ > 0 && wanted_[static_cast<std::size_t>(end_ - 1)] == 0) --end_;
        return 0;
    }

    void forget(int fd) override {
        if (fd <= highest()) watch(fd, 0, 0, 0);
    }

    std::span<const Event> sleep(Time now, Time until) override {
        if (hang_ups_ > 0) until = std::min(until, after(now, kHangUpPause));
        const timespec limit = to_timespec(until <= now ? Duration::zero() : until - now);
        fd_set read = read_;
        fd_set write = write_;
        fd_set urgent = urgent_;
        int left =
            ::pselect(end_, &read, &write, &urgent, until == kNever ? nullptr : &limit, nullptr);
        if (left < 0 && errno == EBADF) return closed_behind_our_back();
        std::size_t count = 0;
        if (left < 0) left = 0;
        for (int fd = 0; fd < end_ && (left > 0 || hang_ups_ > 0); ++fd) {
            const auto index = static_cast<std::size_t>(fd);
            std::uint8_t seen = 0;
            if (left > 0) {
                if (FD_ISSET(fd, &read)) seen |= Readiness::readable, --left;
                if (FD_ISSET(fd, &write)) seen |= Readiness::writable, --left;
                if (FD_ISSET(fd, &urgent)) seen |= Readiness::urgent, --left;
            }
            if (wanted_[index] & kAskedFor) seen |= ask_for_hang_up(fd);
            if (seen != 0) events_[count++] = {fd, generations_[index], seen};
        }
        return {events_.data(), count};
    }

private:
    // What select(2) does not tell by itself.
    static constexpr std::uint8_t kAskedFor = Readiness::peer_closed | Readiness::broken;
    static constexpr Duration kHangUpPause = std::chrono::milliseconds(20);

    // One bad descriptor fails the whole call; who waits for it is told, or we would spin.
    std::span<const Event> closed_behind_our_back() {
        std::size_t count = 0;
        for (int fd = 0; fd < end_; ++fd) {
            const auto index = static_cast<std::size_t>(fd);
            if (wanted_[index] != 0 && ::fcntl(fd, F_GETFD) < 0) {
                events_[count++] = {fd, generations_[index], Readiness::broken};
            }
        }
        return {events_.data(), count};
    }

    static void put(int fd, fd_set& set, bool in) {
        if (in) {
            FD_SET(fd, &set);
        } else {
            FD_CLR(fd, &set);
        }
    }

    static std::uint8_t ask_for_hang_up(int fd) {
        pollfd asked{fd, POLLRDHUP, 0};
        if (::poll(&asked, 1, 0) <= 0) return 0;
        return (asked.revents & POLLRDHUP ? Readiness::peer_closed : 0) |
               (asked.revents & ~POLLRDHUP ? Readiness::broken : 0);
    }

    fd_set read_;
    fd_set write_;
    fd_set urgent_;
    int end_ = 0;
    int hang_ups_ = 0;
    std::array<std::uint8_t, FD_SETSIZE> wanted_{};
    std::array<std::uint32_t, FD_SETSIZE> generations_{};
    std::array<Event, FD_SETSIZE> events_{};
};

}  // namespace

Result<std::unique_ptr<Poller>> open_select() { return std::make_unique<Select>(); }

}  // namespace fivetuple

#include "fivetuple/io/backends/poller.h"
#include "fivetuple/os/clock.h"

#include <poll.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

namespace fivetuple {
namespace {

// Descriptors of which something is awaited stand in one array, without gaps, as poll(2) wants it;
// the others are not in it, so that a hang-up nobody waits for cannot wake us for ever.
class Poll final : public Poller {
public:
    std::string_view name() const override { return "poll"; }
    bool tells_changes() const override { return false; }

    int watch(int fd, std::uint32_t generation, std::uint8_t, std::uint8_t wanted) override {
        const auto index = static_cast<std::size_t>(fd);
        if (index >= places_.size()) places_.resize(index + 1, kNowhere);
        if (wanted == 0) {
            forget(fd);
            return 0;
        }
        std::uint32_t& place = places_[index];
        if (place == kNowhere) {
            place = static_cast<std::uint32_t>(watched_.size());
            watched_.push_back({fd, 0, 0});
            generations_.push_back(0);
        }
        watched_[place].events = to_poll(wanted);
        generations_[place] = generation;
        return 0;
    }

    void forget(int fd) override {
        const auto index = static_cast<std::size_t>(fd);
        if (index >= places_.size() || places_[index] == kNowhere) return;
        const std::uint32_t hole = std::exchange(places_[index], kNowhere);
        if (hole + 1 != watched_.size()) {
            watched_[hole] = watched_.back();
            generations_[hole] = generations_.back();
            places_[static_cast<std::size_t>(watched_[hole].fd)] = hole;
        }
        watched_.pop_back();
        generations_.pop_back();
    }

    std::span<const Event> sleep(Time now, Time until) override {
        const timespec limit = to_timespec(until <= now ? Duration::zero() : until - now);
        int left =
            ::ppoll(watched_.data(), watched_.size(), until == kNever ? nullptr : &limit, nullptr);
        if (left < 0 && errno == EINVAL) left = sleep_by_parts(now, until);
        events_.clear();
        for (std::size_t at = 0; left > 0 && at < watched_.size(); ++at) {
            if (watched_[at].revents == 0) continue;
            events_.push_back({watched_[at].fd, generations_[at], from_poll(watched_[at].revents)});
            --left;
        }
        return events_;
    }

private:
    // The process's limit of descriptors has been lowered below what is awaited here, and poll(2)
    // takes no more than that at once. They are looked at part by part, a few times in each moment.
    int sleep_by_parts(Time now, Time until) {
        while (true) {
            const int seen = look_by_parts();
            if (seen > 0 || now >= until) return seen;
            constexpr Duration kPause = std::chrono::milliseconds(5);
            const timespec pause = to_timespec(std::min(kPause, until - now));
            ::ppoll(nullptr, 0, &pause, nullptr);
            now = monotonic_now();
        }
    }

    int look_by_parts() {
        rlimit limit{};
        ::getrlimit(RLIMIT_NOFILE, &limit);
        const std::size_t most = std::max<std::size_t>(limit.rlim_cur, 1);
        int seen = 0;
        for (std::size_t at = 0; at < watched_.size(); at += most) {
            const std::size_t count = std::min(most, watched_.size() - at);
            for (std::size_t each = at; each < at + count; ++each) watched_[each].revents = 0;
            seen += std::max(::poll(&watched_[at], count, 0), 0);
        }
        return seen;
    }

    static short to_poll(std::uint8_t wanted) {
        short events = 0;
        if (wanted & Readiness::readable) events |= POLLIN;
        if (wanted & Readiness::writable) events |= POLLOUT;
        if (wanted & Readiness::peer_closed) events |= POLLRDHUP;
        if (wanted & Readiness::urgent) events |= POLLPRI;
        return events;
    }

    static std::uint8_t from_poll(short events) {
        std::uint8_t seen = 0;
        if (events & POLLIN) seen |= Readiness::readable;
        if (events & POLLOUT) seen |= Readiness::writable;
        if (events & POLLRDHUP) seen |= Readiness::peer_closed;
        if (events & POLLPRI) seen |= Readiness::urgent;
        if (events & (POLLHUP | POLLERR | POLLNVAL)) seen |= Readiness::broken;
        return seen;
    }

    static constexpr std::uint32_t kNowhere = UINT32_MAX;
    std::vector<pollfd> watched_;
    std::vector<std::uint32_t> generations_;
    std::vector<std::uint32_t> places_;  // By descriptor: where it stands in the two above.
    std::vector<Event> events_;
};

}  // namespace

Result<std::unique_ptr<Poller>> open_poll() { return std::make_unique<Poll>(); }

}  // namespace fivetuple

#include "client_socket.h"
#include "failure.h"
#include "helper.h"
#include "load.h"
#include "progress.h"
#include "trials.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <vector>

namespace bench {
namespace {

using namespace std::chrono_literals;

constexpr double kCpuMostPercent = 2;
constexpr double kReliefMostMs = 100;
constexpr int kDescriptors = 64;
constexpr int kWaiting = 30;
constexpr int kReliefs = 20;
constexpr char kQuestion[64] = "is anybody there?";

/// Connections of which some are served, and the others wait for a descriptor.
class Crowd {
public:
    explicit Crowd(const sockaddr_in& server) : server_(server) {}

    /// Comes in until nobody is answered any more, and some more beside.
    void fill() {
        while (true) {
            come();
            if (!is_answered(waiting_.back(), 500)) break;
            serve(waiting_.size() - 1);
            if (served_.size() > kDescriptors) {
                throw Failure("cannot measure a shortage", "the server never runs out");
            }
        }
        while (waiting_.size() < kWaiting) come();
    }

    /// One that is served goes: how long until one that waits is served, in milliseconds.
    double relieve() {
        come();
        reset_at_close(served_.front());
        const Nanoseconds began = now();
        served_.pop_front();
        std::vector<pollfd> all;
        for (const Fd& each : waiting_) all.push_back({each.number(), POLLIN, 0});
        if (poll(all.data(), all.size(), 10'000) <= 0) {
            throw Failure("cannot measure a shortage", "nobody was accepted for 10 s of relief");
        }
        const Nanoseconds taken = now() - began;
        const auto found =
            std::ranges::find_if(all, [](const pollfd& each) { return each.revents != 0; });
        const auto index = static_cast<std::size_t>(found - all.begin());
        if (!is_answered(waiting_[index], 0)) {
            throw Failure("cannot measure a shortage", "who waited was turned away");
        }
        serve(index);
        return static_cast<double>(taken.count()) / 1e6;
    }

private:
    void come() {
        waiting_.push_back(connect_to(server_));
        send_all(waiting_.back(), kQuestion, sizeof kQuestion);
    }
    static bool is_answered(const Fd& socket, int milliseconds) {
        pollfd readable = {socket.number(), POLLIN, 0};
        if (poll(&readable, 1, milliseconds) <= 0) return false;
        char answer[sizeof kQuestion];
        return recv(socket.number(), answer, sizeof answer, MSG_WAITALL) == sizeof answer;
    }
    void serve(std::size_t index) {
        served_.push_back(std::move(waiting_[index]));
        waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(index));
    }

    sockaddr_in server_;
    std::deque<Fd> served_;
    std::vector<Fd> waiting_;
};

void measure_backend(const Settings& settings, const std::string& backend, Trial& trial) {
    show_progress("no descriptor left on " + backend);
    const std::chrono::seconds held = settings.quick ? 2s : 10s;
    const std::vector<std::string> options = {"--descriptors", std::to_string(kDescriptors),
                                              "--patience", "3600000"};
    Server server(settings.server(backend, options), settings.server_core);
    std::optional<Crowd> crowd(server.address());
    crowd->fill();
    const Nanoseconds before = read_clock(server.cpu_clock());
    pause_for(held);
    const Nanoseconds used = read_clock(server.cpu_clock()) - before;
    std::vector<double> reliefs;
    for (int each = 0; each < (settings.quick ? 5 : kReliefs); ++each) {
        // At another moment of the server's pauses each time.
        pause_for(150ms + 17ms * each);
        reliefs.push_back(crowd->relieve());
    }
    // Whom it serves it would let finish.
    crowd.reset();
    server.stop();
    const Figure relief = figure_of(reliefs);
    auto& all = trial.findings;
    all.push_back({fmt::format("{}: CPU while it lasts", backend), "% of a core",
                   just(100 * static_cast<double>(used.count()) /
                        static_cast<double>(Nanoseconds(held).count())),
                   2, kCpuMostPercent});
    all.push_back({fmt::format("{}: relief to answer", backend), "ms", relief, 1});
    all.push_back({fmt::format("{}: relief to answer, longest", backend), "ms", just(relief.most),
                   1, kReliefMostMs});
}

}  // namespace

Trial measure_shortage(const Settings& settings) {
    Trial trial;
    trial.title = "No descriptor left";
    trial.method = fmt::format(
        "A server that may have {} descriptors has them all in use, and 30 connections wait, for "
        "{} s, without being turned away. Then one connection after the other ends: how long until "
        "one that waited has its answer.",
        kDescriptors, settings.quick ? 2 : 10);
    for (const std::string& backend : settings.backends) measure_backend(settings, backend, trial);
    return trial;
}

}  // namespace bench

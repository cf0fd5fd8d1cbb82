#include "client_socket.h"
#include "failure.h"
#include "helper.h"
#include "progress.h"
#include "trials.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <vector>

namespace bench {
namespace {

constexpr std::size_t kQuestion = 1'000'000;
constexpr std::size_t kAnswer = 100'000;
constexpr int kMany = 1000;
constexpr int kQuickMany = 100;

struct EarlyTally {
    std::atomic<int> whole = 0;
    std::atomic<int> cut_short = 0;
    std::atomic<std::uint64_t> bytes = 0;
};

/// As plain clients do it: all of the question first, as far as that goes, then the answer.
void ask_one(const sockaddr_in& server, const std::vector<char>& question, EarlyTally& tally) {
    const Fd socket = connect_to(server);
    for (std::size_t sent = 0; sent < question.size();) {
        const ssize_t count =
            send(socket.number(), question.data() + sent, question.size() - sent, MSG_NOSIGNAL);
        if (count <= 0) break;
        sent += static_cast<std::size_t>(count);
    }
    std::array<char, 16 * 1024> some;
    std::size_t received = 0;
    ssize_t count = 0;
    while ((count = recv(socket.number(), some.data(), some.size(), 0)) > 0) {
        received += static_cast<std::size_t>(count);
    }
    tally.bytes += received;
    (received == kAnswer && count == 0 ? tally.whole : tally.cut_short)++;
}

Finding share_of_whole(const Settings& settings, const std::string& backend,
                       const std::string& name, std::vector<std::string> options) {
    const int many = settings.quick ? kQuickMany : kMany;
    show_progress("early answers on " + backend);
    options.insert(options.begin(), {"--handler", "early", "--answer", std::to_string(kAnswer)});
    Server server(settings.server(backend, options), settings.server_core);
    Helper<EarlyTally> load(settings.load_core, [&](EarlyTally& tally) {
        const std::vector<char> question(kQuestion, 'q');
        for (int each = 0; each < many; ++each) ask_one(server.address(), question, tally);
    });
    load.join(std::chrono::seconds(120));
    server.stop();
    return {fmt::format("{}: answers that arrived whole of {}, {} (mean bytes: {})", backend, many,
                        name, load->bytes / static_cast<unsigned>(many)),
            "", just(load->whole), 0};
}

}  // namespace

Trial measure_early_answers(const Settings& settings) {
    Trial trial;
    trial.title = "Answers to who is still sending";
    trial.method =
        "A client sends 1 MB and then reads. The server answers the first bytes of it with 100,000 "
        "bytes and is done: with the close of the server, and with a plain close.";
    for (const std::string& backend : settings.backends) {
        Finding whole = share_of_whole(settings, backend, "as the server closes", {});
        whole.least = settings.quick ? kQuickMany : kMany;
        trial.findings.push_back(std::move(whole));
        trial.findings.push_back(
            share_of_whole(settings, backend, "closed at once", {"--linger-bytes", "0"}));
    }
    return trial;
}

}  // namespace bench

#include "fivetuple/server/controls.h"

#include "fivetuple/os/options/unix.h"
#include "fivetuple/os/process.h"
#include "fivetuple/server/lingering.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/tree.h"
#include "fivetuple/task/within.h"

#include <array>
#include <charconv>
#include <cstdio>

namespace fivetuple {
namespace {

std::string seconds(Duration length) {
    char room[32];
    std::snprintf(room, sizeof room, "%.3f s", std::chrono::duration<double>(length).count());
    return room;
}

std::string line_of(const ConnectionReport& report) {
    std::string line = std::to_string(report.id) + "  " +
                       (report.five_tuple.empty() ? "(gone)" : report.five_tuple);
    line += "  age " + seconds(report.age);
    line += "  in " + std::to_string(report.bytes_received);
    line += "  out " + std::to_string(report.bytes_sent);
    line += "  unsent " + std::to_string(report.unsent);
    if (!report.awaits.empty()) {
        line += "  awaits " + report.awaits + " since " + seconds(report.since);
    }
    return line + "\n";
}

std::string list(const std::vector<ConnectionReport>& reports) {
    std::string text = std::to_string(reports.size()) + " connections\n";
    for (const ConnectionReport& each : reports) text += line_of(each);
    return text;
}

std::string end_one(const Controls& controls, std::string_view command) {
    const auto id = number_behind("kill", command);
    if (!id || *id == 0) {
        return "error: kill wants the number of a connection, as `connections` lists it\n";
    }
    const std::string which = std::to_string(*id);
    return controls.kill(*id) ? "ended connection " + which + "\n"
                              : "error: there is no connection " + which + "\n";
}

std::string retire_one(const Controls& controls, std::string_view command) {
    if (!controls.retire) return "error: this server has no workers\n";
    const auto worker = number_behind("retire", command);
    if (!worker) return "error: retire wants the number of a worker, from 0 on\n";
    const std::string which = std::to_string(*worker);
    return controls.retire(*worker)
               ? "worker " + which + " retires\n"
               : "error: there is no worker " + which + ", or none that could take over\n";
}

std::string status(const Controls& controls) {
    if (!controls.by_worker) return to_prometheus(controls.counters());
    const auto each = controls.by_worker();
    ServerCounters all;
    for (const ServerCounters& one : each) all += one;
    return status_of(all, each);
}

/// As long as a command may be, and as long as it may take to come.
constexpr std::size_t kLineMost = 256;
constexpr Duration kPatience = std::chrono::seconds(5);

Task<void> obey_one(UnixStream peer, const AnswerCommand& answer_command) {
    const auto who = get<PeerCredentials>(peer);
    if (!who || (who->uid != 0 && who->uid != effective_user())) co_return close_by_reset(peer);
    std::array<std::byte, kLineMost> room;
    std::size_t size = 0;
    std::string_view line;
    while (line.find('\n') == std::string_view::npos && size < room.size()) {
        auto got = co_await within(kPatience, peer.read_some(std::span(room).subspan(size)));
        if (!got || *got == 0) co_return;
        size += *got;
        line = text_of(std::span(room).first(size));
    }
    const std::string answer =
        co_await answer_command(std::string(line.substr(0, line.find('\n'))));
    auto sent = co_await within(kPatience, peer.write_all(bytes_of(answer)));
    static_cast<void>(sent);  // Who asked has gone, then.
}

Task<Result<void>> obey_all(Scope& peers, UnixListener listener, const AnswerCommand& answer) {
    while (true) {
        auto peer = co_await listener.accept();
        if (peer) {
            peers.spawn(obey_one(*std::move(peer), answer));
            continue;
        }
        if (peer.error().is_cancelled() || peer.error().is_deadline()) {
            co_return std::unexpected(std::move(peer).error());
        }
        FT_CO_TRY_VOID(co_await sleep(std::chrono::milliseconds(100)));
    }
}

}  // namespace

Controls controls_of(Server& server) {
    return {[&server] { return server.counters(); }, [&server] { return server.connections(); },
            [&server] { return to_string(task_tree(server.loop())); },
            [&server] { server.drain(); }, [&server](std::uint64_t id) { return server.kill(id); }};
}

Controls controls_of(Workers& workers) {
    return {[&workers] { return workers.total(); },
            [&workers] { return workers.connections(); },
            [&workers] { return workers.tasks(); },
            [&workers] { workers.drain(); },
            [&workers](std::uint64_t id) { return workers.kill(id); },
            [&workers] { return workers.counters(); },
            [&workers](std::size_t worker) {
                return worker < workers.count() && workers.retire(worker);
            }};
}

std::optional<std::uint64_t> number_behind(std::string_view word, std::string_view command) {
    if (!command.starts_with(word)) return std::nullopt;
    command.remove_prefix(word.size());
    if (!command.starts_with(' ')) return std::nullopt;
    command.remove_prefix(1);
    std::uint64_t number = 0;
    const std::string digits(command);
    const char* end = digits.c_str() + digits.size();
    const auto read = std::from_chars(digits.c_str(), end, number);
    if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
    return number;
}

std::string status_of(const ServerCounters& all, std::span<const ServerCounters> by_worker) {
    std::vector<LabelledCounters> labelled;
    for (const ServerCounters& each : by_worker) {
        labelled.push_back({"worker=\"" + std::to_string(labelled.size()) + "\"", &each});
    }
    return to_prometheus(all) + to_prometheus(labelled, "fivetuple_worker_");
}

std::string obey(const Controls& controls, std::string_view command) {
    if (command == "status") return status(controls);
    if (command == "connections") return list(controls.connections());
    if (command == "tasks") return controls.tasks();
    if (command.starts_with("kill ")) return end_one(controls, command);
    if (command.starts_with("retire ")) return retire_one(controls, command);
    if (command == "drain") {
        controls.drain();
        return "draining\n";
    }
    return std::string(kNoSuchCommand);
}

Task<Result<void>> serve_controls(SocketAddress at, Controls controls) {
    const auto answer = [&controls](std::string command) -> Task<std::string> {
        co_return obey(controls, command);
    };
    co_return co_await serve_commands(at, answer);
}

Task<Result<void>> serve_commands(SocketAddress at, AnswerCommand answer) {
    Loop& loop = co_await this_loop();
    UnixListenOptions how;
    how.path.mode = 0600;
    FT_CO_TRY(auto listener, UnixListener::bind(loop, at, how));
    co_return co_await with_scope(obey_all, std::move(listener), std::cref(answer));
}

}  // namespace fivetuple

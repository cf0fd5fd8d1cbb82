#include "fivetuple/os/duplicate.h"
#include "fivetuple/server/controls.h"
#include "fivetuple/server/supervisor.h"
#include "fivetuple/task/signal.h"
#include "fivetuple/task/sleep.h"

#include <algorithm>
#include <csignal>
#include <utility>

// What the parent of worker processes does while they serve.
namespace fivetuple {

Task<Result<void>> Supervisor::attend(Scope& scope, Supervisor& self) {
    self.scope_ = &scope;
    scope.spawn(self.obey_signals());
    if (self.options_.control) scope.spawn(self.serve_control());
    while (!self.all_are_down()) {
        FT_CO_TRY_VOID(co_await self.changed_.wait());
        self.changed_.reset();
    }
    scope.cancel();
    co_return self.outcome_;
}

Task<Result<void>> Supervisor::obey_signals() {
    Signals signals(loop_, {SIGTERM, SIGINT, SIGCHLD});
    hears_signals_ = true;
    while (true) {
        FT_CO_TRY(const int number, co_await signals.next());
        if (number == SIGCHLD) {
            take_ends();
        } else if (!is_draining_) {
            log("draining: connections may finish; a second signal ends them");
            drain();
        } else {
            log("stopped by a second signal");
            stop();
        }
    }
}

// Without its controls it shall not run at all.
Task<Result<void>> Supervisor::serve_control() {
    const auto answer = [this](std::string command) { return obey(std::move(command)); };
    auto served = co_await serve_commands(*options_.control, answer);
    if (!served && !served.error().is_cancelled()) {
        fail(std::move(served).error());
        co_return {};
    }
    co_return served;
}

Task<void> Supervisor::hear(Worker& worker, std::shared_ptr<WorkerLine> line) {
    const auto said = [this, &worker, &line](std::string_view what) {
        if (worker.line == line) heard(worker, what);
    };
    co_await line->listen(said);
    // It closes its end a moment before it can be waited for: the signal that says so is to come.
}

void Supervisor::heard(Worker& worker, std::string_view what) {
    if (what == "ready") return is_ready(worker);
    if (what != "draining" || is_draining_ || worker.state != State::serving) return;
    // Somebody has told it, and not us: the others take over, and it is started again when it is
    // done.
    worker.state = State::draining;
    scope_->spawn(cover(worker));
    scope_->spawn(kill_late(worker, until_killed()));
}

// The next one that serves accepts from its listeners, too.
Task<void> Supervisor::cover(Worker& worker) {
    worker.covered_by.reset();
    if (std::exchange(worker.is_being_covered, true)) co_return;
    for (std::size_t step = 1; step < workers_.size() && !worker.covered_by; ++step) {
        if (is_draining_ || worker.state == State::serving) break;
        Worker& other = *workers_[(worker.number + step) % workers_.size()];
        if (other.state != State::serving) continue;
        const bool has_taken = co_await hand_listeners_of(worker, other);
        if (has_taken) worker.covered_by = other.number;
    }
    worker.is_being_covered = false;
    if (worker.state == State::serving) co_await uncover(worker);
}

Task<bool> Supervisor::hand_listeners_of(Worker& worker, Worker& heir) {
    std::vector<Fd> copies;
    std::vector<int> numbers;
    for (const TcpListener& each : worker.listeners) {
        auto copy = duplicate(each.handle().number);
        if (!copy) co_return false;
        numbers.push_back(copy->raw());
        copies.push_back(*std::move(copy));
    }
    if (numbers.empty()) co_return false;
    const auto line = heir.line;
    const auto answer =
        co_await line->ask("take " + std::to_string(worker.number), std::move(numbers));
    co_return answer && *answer == "taken" && heir.line == line;
}

Task<void> Supervisor::uncover(Worker& worker) {
    if (!worker.covered_by) co_return;
    Worker& other = *workers_[*worker.covered_by];
    worker.covered_by.reset();
    co_await tell(other, "leave " + std::to_string(worker.number));
}

Task<void> Supervisor::tell(Worker& worker, std::string command) {
    const auto line = worker.line;
    // Who is gone, or stuck, is seen to elsewhere.
    if (line != nullptr) static_cast<void>(co_await line->ask(std::move(command)));
}

Task<void> Supervisor::kill_late(Worker& worker, Duration limit) {
    const int process = worker.process;
    auto waited = co_await sleep(limit);
    if (!waited || worker.process != process || process == 0) co_return;
    log("worker " + std::to_string(worker.number) + " (process " + std::to_string(process) +
        ") does not end: it is killed");
    send_signal(process, SIGKILL);
}

// --- What an operator asks ---------------------------------------------------------------------

Task<std::string> Supervisor::obey(std::string command) {
    if (command == "status") co_return status();
    if (command == "workers") co_return list_workers();
    if (command == "connections") co_return co_await connections();
    if (command == "tasks") co_return co_await ask_all(std::move(command));
    if (command.starts_with("kill ")) co_return co_await kill(std::move(command));
    if (command.starts_with("retire ")) co_return co_await retire(std::move(command));
    if (command == "drain") {
        drain();
        co_return "draining\n";
    }
    co_return std::string(kNoSuchCommand) + "       and, as these are processes, workers\n";
}

std::string Supervisor::status() const {
    std::vector<ServerCounters> each;
    each.reserve(workers_.size());
    ServerCounters all;
    std::string restarts =
        "# HELP fivetuple_worker_restarts_total Times that it was started again.\n"
        "# TYPE fivetuple_worker_restarts_total counter\n";
    std::string running =
        "# HELP fivetuple_worker_running Whether its process serves.\n"
        "# TYPE fivetuple_worker_running gauge\n";
    for (const auto& worker : workers_) {
        all += each.emplace_back(board_->counters(worker->number));
        const std::string label = "{worker=\"" + std::to_string(worker->number) + "\"} ";
        restarts += "fivetuple_worker_restarts_total" + label +
                    std::to_string(worker->restarts.count()) + "\n";
        running += "fivetuple_worker_running" + label +
                   (worker->state == State::serving ? "1" : "0") + "\n";
    }
    return status_of(all, each) + restarts + running;
}

std::string Supervisor::list_workers() const {
    // In the order of State.
    static constexpr const char* kStates[] = {"waits to be started", "starts", "serves", "drains",
                                              "is down"};
    std::string text;
    for (const auto& each : workers_) {
        text += "worker " + std::to_string(each->number) + "  process " +
                std::to_string(each->process) + "  " +
                kStates[static_cast<std::size_t>(each->state)] + "  connections " +
                std::to_string(board_->counters(each->number).active) + "  restarts " +
                std::to_string(each->restarts.count()) + "\n";
    }
    return text;
}

Task<std::string> Supervisor::ask_all(std::string command) {
    std::string text;
    for (const auto& each : workers_) {
        const auto line = each->line;
        if (line == nullptr) continue;
        text += "worker " + std::to_string(each->number) + "\n";
        auto answer = co_await line->ask(command);
        text += answer ? *answer : "does not answer: " + answer.error().message() + "\n";
    }
    co_return text;
}

Task<std::string> Supervisor::connections() {
    std::string lines;
    for (const auto& each : workers_) {
        const auto line = each->line;
        if (line == nullptr) continue;
        auto answer = co_await line->ask("connections");
        // Behind the line that counts them.
        if (answer) lines += answer->substr(answer->find('\n') + 1);
    }
    co_return std::to_string(std::ranges::count(lines, '\n')) + " connections\n" + lines;
}

Task<std::string> Supervisor::kill(std::string command) {
    std::string last = "error: no worker answers\n";
    for (const auto& each : workers_) {
        const auto line = each->line;
        if (line == nullptr) continue;
        auto answer = co_await line->ask(command);
        if (!answer) continue;
        last = *std::move(answer);
        if (!last.starts_with("error: there is no")) break;
    }
    co_return last;
}

Task<std::string> Supervisor::retire(std::string command) {
    const auto number = number_behind("retire", command);
    if (!number) co_return "error: retire wants the number of a worker, from 0 on\n";
    const std::string which = std::to_string(*number);
    const std::string refused =
        "error: there is no worker " + which + ", or none that could take over\n";
    if (*number >= workers_.size() || workers_[*number]->state != State::serving) {
        co_return refused;
    }
    Worker& leaving = *workers_[*number];
    leaving.state = State::draining;
    co_await cover(leaving);
    if (!leaving.covered_by) {
        if (leaving.state == State::draining) leaving.state = State::serving;
        co_return refused;
    }
    leaving.retires = true;
    scope_->spawn(kill_late(leaving, until_killed()));
    co_await tell(leaving, "drain");
    co_return "worker " + which + " retires\n";
}

}  // namespace fivetuple

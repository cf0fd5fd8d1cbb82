#include "fivetuple/server/worker_process.h"

#include "fivetuple/os/forking.h"
#include "fivetuple/server/controls.h"
#include "fivetuple/server/server.h"
#include "fivetuple/server/worker_line.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/scope.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

namespace fivetuple {
namespace {

/// A server, and what its parent makes it do.
class Worker {
public:
    /// `draining` is set when the server begins to drain.
    Worker(Loop& loop, Server& server, UnixSeqpacket line, Drain drain_how, Event& draining)
        : loop_(loop),
          server_(server),
          line_(std::move(line)),
          drain_how_(std::move(drain_how)),
          draining_(draining) {}

    static Task<Result<void>> serve(Scope& scope, Worker& self) {
        scope.spawn(self.obey_parent());
        scope.spawn(self.tell_of_drain());
        scope.spawn(self.line_.tell("ready"));
        auto served = co_await self.server_.serve();
        scope.cancel();
        co_return served;
    }

    /// Accepts from listeners that it shares with the worker `of`, or its own.
    Result<void> take(std::uint64_t of, std::vector<Fd> listeners) {
        for (Fd& each : listeners) {
            FT_TRY(const Handle socket, loop_.sockets().adopt(std::move(each)));
            taken_[of].push_back(server_.add(TcpListener(ListeningSocket(loop_, socket))));
        }
        return {};
    }

private:
    Task<void> obey_parent() {
        const auto obey = [this](std::string_view command, std::vector<Fd> files) {
            return do_as_told(command, std::move(files));
        };
        co_await line_.listen(obey);
        // The parent has died: nobody would start this one again, or end it.
        server_.drain(drain_how_);
    }

    Task<void> tell_of_drain() {
        auto begun = co_await draining_.wait();
        if (begun) co_await line_.tell("draining");
    }

    std::string do_as_told(std::string_view command, std::vector<Fd> files) {
        if (const auto of = number_behind("take", command)) {
            if (server_.is_draining()) return "error: it drains";
            auto taken = take(*of, std::move(files));
            return taken ? "taken" : "error: " + taken.error().message();
        }
        if (const auto of = number_behind("leave", command)) {
            for (const Handle each : std::exchange(taken_[*of], {})) server_.leave(each);
            return "left";
        }
        if (command == "drain") server_.drain(drain_how_);
        if (command == "stop") {
            server_.stop();
            return "stopped";
        }
        return obey(controls_of(server_), command);
    }

    Loop& loop_;
    Server& server_;
    ParentLine line_;
    Drain drain_how_;
    Event& draining_;
    std::map<std::uint64_t, std::vector<Handle>> taken_;
};

Result<void> serve_as_worker(WorkerStart& start) {
    if (start.steer_by_processor) {
        FT_TRY_VOID(stay_on_processors(start.number, start.board->workers()));
    }
    FT_TRY(auto loop, Loop::open(start.loop));
    FT_TRY(const Handle line, loop->sockets().adopt(std::move(start.line)));
    auto census = std::make_shared<Census>(start.options.limits, start.board, start.number);
    Event draining;
    start.options.drain_how.announce = [&draining] { draining.set(); };
    Server server(*loop, start.options, std::move(start.handler), std::move(census),
                  &start.board->counters(start.number));
    Worker worker(*loop, server, UnixSeqpacket(*loop, line), start.options.drain_how, draining);
    FT_TRY_VOID(worker.take(start.number, std::move(start.listeners)));
    return run(*loop, with_scope(Worker::serve, std::ref(worker)));
}

}  // namespace

int run_worker(WorkerStart start) {
    // These are the parent's business.
    start.options.listen.clear();
    start.options.listening = nullptr;
    start.options.control.reset();
    start.options.drain_at_signals = true;
    start.options.seed += start.number;
    auto served = serve_as_worker(start);
    if (served) return 0;
    if (start.options.log) {
        start.options.log("worker " + std::to_string(start.number) + ": " +
                          served.error().message());
    }
    return 1;
}

}  // namespace fivetuple

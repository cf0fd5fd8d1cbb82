#pragma once

#include "fivetuple/io/choice.h"
#include "fivetuple/os/fd.h"
#include "fivetuple/server/board.h"
#include "fivetuple/server/options.h"

#include <memory>
#include <vector>

namespace fivetuple {

/// What a worker process is given by its parent.
struct WorkerStart {
    unsigned number = 0;
    ServerOptions options;
    ConnectionHandler handler;
    LoopOptions loop;
    bool steer_by_processor = false;
    std::shared_ptr<Board> board;
    std::vector<Fd> listeners;
    Fd line;  ///< To the parent: worker_line.h.
};

/// Serves until the parent, or a signal, says that it is enough; the code to end with. What went
/// wrong has been said to ServerOptions::log.
int run_worker(WorkerStart start);

}  // namespace fivetuple

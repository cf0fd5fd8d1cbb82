#include "fivetuple/task/run.h"

namespace fivetuple {

RunRoot::RunRoot(Loop& loop, std::source_location where) {
    enter_root(loop, where);
    loop.roots().push_back(*this);
}

RunRoot::~RunRoot() {
    LoopRoot::unlink();
    leave();
}

void RunRoot::start(PromiseBase& promise, std::coroutine_handle<> coroutine) {
    run = [](Job& job) { static_cast<RunRoot&>(job).done_ = true; };
    promise.start_alone(*this, *this);
    coroutine.resume();
}

void RunRoot::run_to_end() {
    while (!done_) loop().turn();
}

}  // namespace fivetuple

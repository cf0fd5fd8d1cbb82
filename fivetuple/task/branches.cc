#include "fivetuple/task/branches.h"

namespace fivetuple {

// The branches are below the node that is cancelled: they end by themselves.
const Wait::Type Branches::kType{"wait for branches", [](Wait&) {}, nullptr};

void Branches::begin(Node& node, std::coroutine_handle<> sleeper) {
    group_.enter(node, Node::Kind::branch, PromiseBase::of(sleeper).where());
    belongs_to(node);
    sleep(node, sleeper);
}

void Branches::add(Branch& branch, std::size_t index) {
    branch.of = this;
    branch.index = index;
    branch.enter(group_, Node::Kind::branch, group_.where());
    running_++;
    group_.loop().schedule(branch);
}

void Branches::branch_ended(Branch& branch) {
    branch.leave();
    if (!judged_ && !others_go_on(branch.index)) {
        judged_ = true;
        group_.cancel(Node::Stop::cancelled);
    }
    if (--running_ == 0) make_ready();
}

}  // namespace fivetuple

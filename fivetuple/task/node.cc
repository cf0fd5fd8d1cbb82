#include "fivetuple/task/node.h"

#include "fivetuple/base/assert.h"
#include "fivetuple/task/wait.h"

namespace fivetuple {

void Node::enter(Node& parent, Kind kind, std::source_location where) {
    loop_ = parent.loop_;
    parent_ = &parent;
    stop_ = parent.stop_;
    kind_ = kind;
    where_ = where;
    parent.children_.push_back(*this);
}

void Node::enter_root(Loop& loop, std::source_location where) {
    loop_ = &loop;
    kind_ = Kind::root;
    where_ = where;
}

void Node::leave() {
    FT_ASSERT(children_.empty(), "a task ends before what it started");
    unlink();
}

void Node::cancel(Stop why) {
    if (is_stopped()) return;
    stop_ = why;
    if (current_ != nullptr) current_->cancel();
    children_.for_each([why](Node& child) { child.cancel(why); });
}

Error Node::stop_error(const char* call) const {
    return stop_ == Stop::deadline ? Error::deadline(call) : Error::cancelled(call);
}

}  // namespace fivetuple

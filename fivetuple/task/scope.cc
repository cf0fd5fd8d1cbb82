#include "fivetuple/task/scope.h"

namespace fivetuple {

const Wait::Type Scope::Join::kType{"wait for tasks to end", [](Wait&) {}, nullptr};

Scope::Scope(Node& parent) { node_.enter(parent, Node::Kind::scope, {}); }

/// A spawned task and its place in the tree. Runs twice as a job: to start, and when it has ended.
template <class T>
struct Scope::Child : Node, Job, Pooled {
    Child(Scope& into, Task<T> what, std::source_location where)
        : Job(&begin), scope(into), task(std::move(what)) {
        Node::enter(into.node_, Kind::task, where);
    }

    static void begin(Job& job) {
        auto& self = static_cast<Child&>(job);
        self.run = &end;
        self.task.promise().start_alone(self, self);
        self.task.handle().resume();
    }

    static void end(Job& job) {
        auto& self = static_cast<Child&>(job);
        Scope& scope = self.scope;
        self.note_failure();
        self.task = Task<T>();
        self.leave();
        delete &self;
        scope.child_ended();
    }

    void note_failure() {
        try {
            if constexpr (std::is_void_v<T>) {
                task.finish();
            } else if (T result = task.finish(); !result) {
                fail(std::move(result).error(), nullptr);
            }
        } catch (...) {
            fail(std::nullopt, std::current_exception());
        }
    }

    // What comes of having been cancelled is not a reason of its own.
    void fail(std::optional<Error> error, std::exception_ptr thrown) {
        const bool is_first = !scope.failure_ && !scope.thrown_ && !is_stopped();
        if (is_first || (thrown && !scope.thrown_)) {
            scope.failure_ = std::move(error);
            scope.thrown_ = std::move(thrown);
        }
        scope.cancel();
    }

    Scope& scope;
    Task<T> task;
};

template <class T>
void Scope::start(Task<T> task, std::source_location where) {
    FT_ASSERT(task, "a task is spawned that was moved from");
    auto* child = new Child<T>(*this, std::move(task), where);
    running_++;
    loop().schedule(*child);
}

void Scope::spawn(Task<void> task, std::source_location where) { start(std::move(task), where); }

void Scope::spawn(Task<Result<void>> task, std::source_location where) {
    start(std::move(task), where);
}

void Scope::child_ended() {
    if (--running_ == 0 && joining_ != nullptr) std::exchange(joining_, nullptr)->make_ready();
}

bool Scope::Join::start(Node& node, std::coroutine_handle<> sleeper) {
    if (scope_.running_ == 0) return false;
    scope_.joining_ = this;
    belongs_to(node);
    sleep(node, sleeper);
    return true;
}

}  // namespace fivetuple

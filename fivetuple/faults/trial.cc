#include "fivetuple/faults/trial.h"

#include "fivetuple/base/pool.h"
#include "fivetuple/task/op_wait.h"
#include "fivetuple/task/tree.h"

#include <dirent.h>

#include <algorithm>
#include <utility>

namespace fivetuple {
namespace {

using namespace std::chrono_literals;

constexpr Duration kGrace = 1s;  // In which what was cancelled has ended.
constexpr Duration kLimit = 5s;  // In which a program of a kernel's loop ends by itself.

template <class Visit>
void each_node(Node& node, Visit visit) {
    visit(node);
    node.children().for_each([&](Node& child) { each_node(child, visit); });
}

template <class Visit>
void each_node(Loop& loop, Visit visit) {
    loop.roots().for_each([&](LoopRoot& root) { each_node(static_cast<RunRoot&>(root), visit); });
}

bool is_of_op(const Wait& wait) { return wait.type().socket != nullptr; }

std::string place_of(const Wait& wait) {
    std::string text = wait.type().verb;
    const char* between = " at ";
    for (auto at = wait.sleeper(); at != nullptr; at = PromiseBase::of(at).parent()) {
        const std::source_location where = PromiseBase::of(at).where();
        const std::string file = where.file_name();
        text += between + file.substr(file.rfind('/') + 1) + ":" + std::to_string(where.line());
        between = " < ";
    }
    return text;
}

std::size_t open_descriptors() {
    DIR* folder = ::opendir("/proc/self/fd");
    if (folder == nullptr) return 0;
    std::size_t count = 0;
    while (::readdir(folder) != nullptr) ++count;
    ::closedir(folder);
    return count;
}

Node* limit_over(Node* node) {
    while (node != nullptr && node->kind() != Node::Kind::limit) node = node->parent();
    return node;
}

Node& top_of(Node& node) {
    Node* top = &node;
    while (top->parent() != nullptr) top = top->parent();
    return *top;
}

}  // namespace

struct Trial::Watched : Job {
    Watched(Trial& whose, Loop& what, FaultyBackend& below)
        : trial(whose), loop(&what), backend(&below) {
        run = [](Job& job) {
            auto& self = static_cast<Watched&>(job);
            self.is_queued = false;
            self.trial.look(self);
            if (self.trial.struck_at_ == &self) self.trial.strike();
            // What is woken by others is seen asleep before that, if we come up as often as they.
            if (self.backend != nullptr && self.backend->has_ready()) self.trial.look_soon(self);
        };
    }
    Trial& trial;
    Loop* loop;
    FaultyBackend* backend;
    std::vector<Sleeper> asleep;  // As they were last seen.
    bool is_probed = false;       // Its waits are only asked how long they would take.
    bool is_queued = false;
    Time give_up_at = kNever;
    const char* why = "";
};

Trial::Trial(const Plan& plan, Teller& teller)
    : plan_(plan),
      teller_(teller),
      blocks_before_(pool_stats().in_use),
      descriptors_before_(open_descriptors()) {}

Trial::~Trial() {
    for (const auto& each : watched_) {
        if (each->backend != nullptr) each->backend->watch(nullptr);
    }
}

// --- What the program tells --------------------------------------------------------------------

void Trial::watch(Loop& loop) {
    FaultyBackend* backend = faulty_backend(loop);
    FT_ASSERT(backend != nullptr, "a loop is watched whose calls cannot be given faults");
    watched_.push_back(std::make_unique<Watched>(*this, loop, *backend));
    backend->watch(this);
    backend->faults().judge_by(
        [this](CallKind call, std::span<const Fault> possible) { return judge(call, possible); });
    look_soon(*watched_.back());
}

std::unique_ptr<Loop> Trial::open_loop(const LoopOptions& options) {
    auto loop = open_faulty_loop(options);
    if (!loop) {
        find("there is no loop: " + loop.error().message());
        teller_.end_process();
    }
    watch(**loop);
    return *std::move(loop);
}

void Trial::run(Loop& loop, Task<void> program, std::source_location where) {
    Watched* at = watched(*faulty_backend(loop));
    FT_ASSERT(at != nullptr, "a program runs on a loop that is not watched");
    at->give_up_at = after(loop.now(), kLimit);
    at->why = "it does not end by itself";
    fivetuple::run(loop, std::move(program), where);
    at->give_up_at = kNever;
    const std::size_t open = loop.backend().open_sockets();
    if (open > 0) teller_.end_process();  // It has been told by counts_sockets().
    at->is_probed = true;
    loop.turn();
    at->is_probed = false;
}

void Trial::expect(bool holds, std::string_view what) {
    if (!holds) find(std::string(what));
}

void Trial::finish() {
    if (!is_disturbed_ && plan_.aim != Aim::watch) teller_.add("N");
    for (const auto& each : watched_) {
        if (each->backend != nullptr) find("a loop is alive when the program has returned");
    }
    const std::int64_t blocks = pool_stats().in_use - blocks_before_;
    if (blocks > 0) find(std::to_string(blocks) + " frames of coroutines are left");
    const std::size_t descriptors = open_descriptors();
    if (descriptors > descriptors_before_) {
        find(std::to_string(descriptors - descriptors_before_) + " descriptors are left open");
    }
}

void Trial::find(const std::string& what) {
    std::string line = "F" + what;
    std::ranges::replace(line, '\n', '\r');  // A line is a line.
    teller_.add(line);
    teller_.flush();
}

// --- Awaits ------------------------------------------------------------------------------------

Trial::Watched* Trial::watched(const FaultyBackend& backend) {
    const auto found =
        std::ranges::find_if(watched_, [&](const auto& each) { return each->backend == &backend; });
    return found == watched_.end() ? nullptr : found->get();
}

void Trial::look_soon(Watched& at) {
    if (!std::exchange(at.is_queued, true)) at.loop->schedule(at);
}

// Ops are seen when they are asked for; all other waits, here.
void Trial::look(Watched& at) {
    std::vector<Sleeper> asleep;
    each_node(*at.loop, [&](Node& node) {
        const Wait* wait = node.current();
        if (wait == nullptr || is_of_op(*wait)) return;
        asleep.push_back({&node, wait, node.since()});
    });
    for (const Sleeper& each : asleep) {
        if (std::ranges::find(at.asleep, each) == at.asleep.end()) note_await(at, each);
    }
    at.asleep = std::move(asleep);
}

void Trial::asked(FaultyBackend& backend, const Op& op) {
    Watched& at = *watched(backend);
    last_place_ = "";
    each_node(*at.loop, [&](Node& node) {
        const Wait* wait = node.current();
        if (wait == nullptr || !is_of_op(*wait)) return;
        if (static_cast<const Op*>(static_cast<const OpWait*>(wait)) != &op) return;
        last_place_ = place_of(*wait);
        note_await(at, {&node, wait, node.since()});
    });
    look_soon(at);
}

void Trial::note_await(Watched& at, const Sleeper& sleeper) {
    ++awaits_;
    if (plan_.aim == Aim::watch) {
        const bool has_limit = limit_over(sleeper.node) != nullptr;
        teller_.add((has_limit ? "L" : "A") + place_of(*sleeper.wait));
    }
    const bool is_meant = plan_.aim == Aim::cancel || plan_.aim == Aim::deadline;
    if (!is_meant || awaits_ != plan_.number) return;
    struck_at_ = &at;
    struck_ = sleeper;
    look_soon(at);
}

// As somebody else on the loop would: from a job.
void Trial::strike() {
    Watched& at = *std::exchange(struck_at_, nullptr);
    Node* target = nullptr;
    each_node(*at.loop, [&](Node& node) {
        if (&node == struck_.node && node.current() == struck_.wait) target = &node;
    });
    if (target == nullptr) return;
    const std::string place = place_of(*struck_.wait);
    if (plan_.aim == Aim::deadline) {
        Node* limit = limit_over(target);
        if (limit == nullptr) return;
        disturb("limit over " + place + " ran out");
        return limit->cancel(Node::Stop::deadline);
    }
    disturb(place + " was cancelled");
    at.give_up_at = after(at.loop->now(), kGrace);
    at.why = "it goes on after it was cancelled";
    top_of(*target).cancel(Node::Stop::cancelled);
}

void Trial::told(FaultyBackend& backend) {
    Watched& at = *watched(backend);
    look(at);
    look_soon(at);
}

void Trial::woke(FaultyBackend& backend) { look_soon(*watched(backend)); }

void Trial::waits(FaultyBackend& backend, Time& until) {
    Watched& at = *watched(backend);
    look(at);
    if (struck_at_ != nullptr) until = Time();
    if (at.loop->roots().empty()) return check_timers(at, until);
    if (at.give_up_at == kNever) return;
    if (at.loop->now() >= at.give_up_at) give_up(at, at.why);
    until = std::min(until, at.give_up_at);
}

// --- Calls -------------------------------------------------------------------------------------

std::optional<Fault> Trial::judge(CallKind call, std::span<const Fault> possible) {
    if (call == CallKind::wait) return std::nullopt;
    ++calls_;
    if (plan_.aim == Aim::watch) note_call(call, possible);
    if (plan_.aim != Aim::fail || calls_ != plan_.number) return std::nullopt;
    if (plan_.variant >= possible.size()) return std::nullopt;
    const Fault fault = possible[plan_.variant];
    const bool is_op = call < CallKind::open;
    disturb(is_op && !last_place_.empty()
                ? last_place_ + " suffered " + fault.to_string()
                : std::string(to_string(call)) + " suffered " + fault.to_string());
    return fault;
}

void Trial::note_call(CallKind call, std::span<const Fault> possible) {
    const auto errors = std::ranges::count(possible, FaultKind::error, &Fault::kind);
    teller_.add("C" + std::to_string(possible.size()) + " " + std::to_string(errors) + " " +
                std::string(to_string(call)));
}

void Trial::disturb(const std::string& how) {
    is_disturbed_ = true;
    teller_.add("X" + how);
    teller_.flush();
}

// --- What must not be left ---------------------------------------------------------------------

void Trial::give_up(Watched& at, const std::string& what) {
    find(what + ":\n" + to_string(task_tree(*at.loop)));
    teller_.end_process();
}

void Trial::counts_sockets(const FaultyBackend& backend, std::size_t open) {
    const Watched* at = watched(backend);
    if (open == 0 || !at->loop->roots().empty()) return;
    find(std::to_string(open) + " sockets are open when all tasks have ended");
    teller_.end_process();
}

// A loop without tasks waits for nothing in particular.
void Trial::check_timers(Watched& at, Time& until) {
    if (until != kNever && until > at.loop->now()) find("a timer runs when all tasks have ended");
    if (at.is_probed) until = Time();
}

void Trial::ends(FaultyBackend& backend) {
    Watched& at = *watched(backend);
    if (backend.under_way() > 0) {
        find(std::to_string(backend.under_way()) + " Ops are under way when the loop ends");
    }
    if (backend.leases_out() > 0) {
        find(std::to_string(backend.leases_out()) + " leases are left when the loop ends");
    }
    for (const auto& [key, times] : backend.faults().tally().counts()) {
        teller_.add("T" + std::to_string(std::to_underlying(key.call)) + " " +
                    std::to_string(std::to_underlying(key.kind)) + " " + std::to_string(key.code) +
                    " " + std::to_string(times));
    }
    at.backend = nullptr;
}

}  // namespace fivetuple

#include "fivetuple/sim/host.h"

#include "fivetuple/base/assert.h"
#include "fivetuple/faults/faulty_backend.h"
#include "fivetuple/sim/backend.h"
#include "fivetuple/sim/world.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <utility>

namespace fivetuple::sim {

// A program that the world runs: a tree of tasks on the host's loop.
struct Host::Program {
    Program(Loop& loop, Task<void> what, std::source_location where)
        : root(loop, where), task(std::move(what)) {
        root.start(task.promise(), task.handle());
    }
    RunRoot root;
    Task<void> task;
};

Host::Host(World& world, std::string name, std::vector<IpAddress> addresses,
           const HostOptions& options, std::size_t number)
    : Node(world, std::move(name), std::move(addresses)), options_(options), number_(number) {
    FT_ASSERT(options.clock_rate > 0, "a clock that stands still or goes back");
    FT_ASSERT(options.turn > Duration(), "a turn that takes no time: a busy program never ends");
    make_stack();
}

Host::~Host() {
    // Nobody is left to talk to: programs unwind as if the power had gone.
    is_down_ = true;
    if (loop_ != nullptr) {
        stop();
        faulty_backend(*loop_)->calm();
        for (HostBackend* backend : backends_) backend->serve();
        while (!programs_.empty()) {
            loop_->turn(loop_->now());
            forget_ended();
        }
        loop_.reset();
    }
    world().forget(*this);
    FT_ASSERT(backends_.empty(), "a loop outlives the host that it was opened on");
}

void Host::make_stack() {
    const Streams streams = world().streams().child("host/" + name());
    StackOptions options;
    options.addresses = addresses();
    options.seed = streams.named("stack" + std::to_string(starts_++)).next();
    options.wall_offset = options_.wall_clock;
    options.tcp = options_.tcp;
    stack_ = std::make_unique<Stack>(options);
    for (Cable* cable : cables()) {
        stack_->set_mtu(std::min(stack_->options().mtu, cable->from(*this).mtu()));
    }
}

// --- Time --------------------------------------------------------------------------------------

Time Host::now() const {
    const Duration elapsed = world().elapsed();
    if (options_.clock_rate == 1) return Time{elapsed};
    return Time{Duration(static_cast<std::int64_t>(
        std::floor(static_cast<double>(elapsed.count()) * options_.clock_rate)))};
}

Time Host::world_time(Time host_time) const {
    if (options_.clock_rate == 1 || host_time == kNever) return host_time;
    const double exact =
        static_cast<double>(host_time.time_since_epoch().count()) / options_.clock_rate;
    // Late rather than early: a timer that is looked at too soon would be looked at for ever.
    return Time{Duration(static_cast<std::int64_t>(std::ceil(exact)) + 1)};
}

void Host::step_wall_clock(Duration by) {
    options_.wall_clock += by;
    stack_->set_wall_offset(options_.wall_clock);
}

// --- Programs ----------------------------------------------------------------------------------

Loop& Host::loop() {
    if (loop_ == nullptr) loop_ = open_loop();
    return *loop_;
}

std::unique_ptr<Loop> Host::open_loop(const LoopOptions& options) {
    auto backend = std::make_unique<HostBackend>(*this, options);
    return std::make_unique<Loop>(std::make_unique<FaultyBackend>(std::move(backend)));
}

Faults& Host::faults() { return faulty_backend(loop())->faults(); }

void Host::run(Task<void> program, std::source_location where) {
    FT_ASSERT(!is_down_, "a program is started on a machine that has no power");
    programs_.push_back(std::make_unique<Program>(loop(), std::move(program), where));
    wake_soon();
}

std::size_t Host::running() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        programs_, [](const auto& program) { return !program->root.is_done(); }));
}

void Host::stop() {
    for (const auto& program : programs_) program->root.cancel(fivetuple::Node::Stop::cancelled);
    wake_soon();
}

// What a program threw comes out here, when nothing of it is left.
void Host::forget_ended() {
    std::exception_ptr thrown;
    for (auto at = programs_.begin(); at != programs_.end();) {
        if (!(*at)->root.is_done()) {
            ++at;
            continue;
        }
        const auto ended = std::move(*at);
        at = programs_.erase(at);
        try {
            ended->task.finish();
        } catch (...) {
            if (!thrown) thrown = std::current_exception();
        }
    }
    if (thrown) std::rethrow_exception(thrown);
}

// --- Fate --------------------------------------------------------------------------------------

void Host::pause() { is_paused_ = true; }

void Host::resume() {
    is_paused_ = false;
    for (Packet& packet : std::exchange(held_, {})) stack_->input(std::move(packet), world().now());
    wake_soon();
}

void Host::crash() {
    is_down_ = true;
    is_paused_ = false;
    held_.clear();
    stop();
    if (loop_ != nullptr) faulty_backend(*loop_)->calm();
    while (!programs_.empty()) {
        loop_->turn(loop_->now());
        forget_ended();
    }
    for (HostBackend* backend : backends_) backend->kill();
    make_stack();
    if (Observer* observer = world().observer()) observer->crashed(*this, world().now());
}

void Host::restart() {
    is_down_ = false;
    wake_soon();
}

// --- The world's side --------------------------------------------------------------------------

void Host::arrive(Packet packet, Time now) {
    if (is_down_) return world().lose(*this, packet.bytes(), "host is down");
    if (is_paused_) {
        held_.push_back(std::move(packet));
        return;
    }
    stack_->input(std::move(packet), now);
    wake_soon();
}

void Host::flush() {
    while (auto packet = stack_->output()) {
        if (!is_down_) world().forward(*this, *std::move(packet), world().now());
    }
}

void Host::wake_soon() { world().wake(*this, std::max(world().now(), busy_until_)); }

void Host::turn(Time now) {
    if (is_paused_) return;
    if (stack_->next_deadline() <= now) stack_->advance(now);
    for (HostBackend* backend : backends_) backend->serve();
    if (loop_ != nullptr) {
        loop_->turn();
        forget_ended();
    }
    flush();
    plan();
}

void Host::plan() {
    if (is_paused_) return;
    Time next = stack_->next_deadline();
    if (loop_ != nullptr) {
        auto& faulty = static_cast<FaultyBackend&>(loop_->backend());
        auto& backend = static_cast<HostBackend&>(faulty.under());
        next = std::min(next, backend.has_work() ? Time{} : world_time(backend.wake_at()));
        if (backend.has_late()) wake_soon();
    }
    if (next == kNever) return;
    // More at once: what was done until here takes its time first.
    if (next <= world().now()) busy_until_ = world().now() + options_.turn;
    world().wake(*this, std::max(next, busy_until_));
}

}  // namespace fivetuple::sim

#include "fivetuple/faults/faulty_backend.h"

#include "fivetuple/faults/carried.h"

#include <algorithm>
#include <cerrno>
#include <utility>

// How Ops are carried through, and what befalls them on the way.
namespace fivetuple {

FaultyBackend::FaultyBackend(std::unique_ptr<Backend> under) : under_(std::move(under)) {}

FaultyBackend::~FaultyBackend() {
    if (watcher_ != nullptr) watcher_->ends(*this);
}

// Both report to the same queue; ours is not known yet when we are made.
Backend& FaultyBackend::connected() {
    if (!std::exchange(is_connected_, true)) under_->report_to(ready());
    return *under_;
}

std::size_t FaultyBackend::open_sockets() const {
    const std::size_t open = under_->open_sockets();
    if (watcher_ != nullptr) watcher_->counts_sockets(*this, open);
    return open;
}

FaultyBackend::Carried& FaultyBackend::take(Op& op) {
    if (free_.empty()) {
        all_.push_back(std::make_unique<Carried>(*this));
        free_.push_back(all_.back().get());
    }
    Carried& carried = *free_.back();
    free_.pop_back();
    carried.asked = &op;
    carried.is_cancelled = false;
    carried_by_op_[&op] = &carried;
    return carried;
}

// --- On the way down ---------------------------------------------------------------------------

void FaultyBackend::submit(Op& op) {
    Backend& under = connected();
    if (watcher_ == nullptr && !faults_.is_on()) return under.submit(op);
    if (watcher_ != nullptr) watcher_->asked(*this, op);
    Carried& carried = take(op);
    carried.fault = faults_.decide(call_of(op.kind), &op);
    begin(carried);
}

void FaultyBackend::begin(Carried& carried) {
    if (!carried.fault) return start(carried);
    const Fault fault = *carried.fault;
    const Op& op = *carried.asked;
    // Of a cancel something can only come when there is one.
    const bool is_of_cancel =
        fault.kind == FaultKind::cancel_late || fault.kind == FaultKind::cancel_loses;
    if (!is_of_cancel) faults_.note(call_of(op.kind), fault);
    switch (fault.kind) {
        case FaultKind::error:
            return tell_soon(carried, -fault.code);
        case FaultKind::spurious:
            return tell_soon(carried, op.events() & (kPollReadable | kPollWritable));
        case FaultKind::late_start:
        case FaultKind::no_lease:
            return hold(carried, Stage::waits_to_start, fault.time);
        case FaultKind::interrupted:
        case FaultKind::multishot_ends:
            start(carried);
            return under_->cancel(carried);
        default:
            return start(carried);
    }
}

void FaultyBackend::start(Carried& carried) {
    carried.stage = Stage::under_way;
    carried.due = kNever;
    carried.ask_as(*carried.asked);
    under_->submit(carried);
}

void FaultyBackend::cancel(Op& op) {
    const auto found = carried_by_op_.find(&op);
    if (found == carried_by_op_.end()) return connected().cancel(op);
    Carried& carried = *found->second;
    if (std::exchange(carried.is_cancelled, true)) return;
    const bool is_late = carried.fault && carried.fault->kind == FaultKind::cancel_late;
    if (is_late && carried.stage == Stage::under_way) {
        faults_.note(call_of(op.kind), *carried.fault);
        carried.due = after(now(), carried.fault->time);
        return timed_.push_back(&carried);
    }
    end_early(carried);
}

void FaultyBackend::end_early(Carried& carried) {
    switch (carried.stage) {
        case Stage::under_way:
            return under_->cancel(carried);
        case Stage::waits_to_start:
            return tell_soon(carried, -ECANCELED);
        case Stage::is_held:
            if (carried.fault->kind == FaultKind::cancel_loses) {
                faults_.note(call_of(carried.asked->kind), *carried.fault);
            }
            return tell_soon(carried, carried.result);
        case Stage::is_told:
            return;  // Its result stands.
    }
}

void FaultyBackend::close(Handle socket) {
    for (const auto& carried : all_) {
        if (carried->asked == nullptr || carried->asked->handle != socket) continue;
        carried->is_cancelled = true;
        if (carried->stage != Stage::under_way) end_early(*carried);
    }
    connected().close(socket);
}

// --- On the way up -----------------------------------------------------------------------------

void FaultyBackend::done(Carried& carried) {
    std::erase(timed_, &carried);
    const bool has_come = carried.stage == Stage::under_way;
    if (has_come && begins_again(carried)) return;
    if (has_come && is_to_be_held(carried)) {
        return hold(carried, Stage::is_held, carried.fault->time);
    }
    tell(carried);
}

bool FaultyBackend::begins_again(Carried& carried) {
    if (!carried.fault || carried.is_cancelled || carried.result != -ECANCELED) return false;
    const Fault fault = *carried.fault;
    if (fault.kind == FaultKind::interrupted) {
        carried.fault.reset();
        start(carried);
        return true;
    }
    if (fault.kind != FaultKind::multishot_ends) return false;
    carried.fault.reset();
    hold(carried, Stage::waits_to_start, fault.time);
    return true;
}

bool FaultyBackend::is_to_be_held(const Carried& carried) const {
    if (!carried.fault || carried.is_cancelled) return false;
    const FaultKind kind = carried.fault->kind;
    return kind == FaultKind::late || kind == FaultKind::reordered ||
           kind == FaultKind::cancel_loses;
}

void FaultyBackend::hold(Carried& carried, Stage stage, Duration time) {
    carried.stage = stage;
    carried.due = after(now(), time);
    timed_.push_back(&carried);
}

// By way of the queue, as every result.
void FaultyBackend::tell_soon(Carried& carried, int result) {
    std::erase(timed_, &carried);
    carried.stage = Stage::is_told;
    carried.due = kNever;
    carried.result = result;
    ready().push(carried);
}

void FaultyBackend::tell(Carried& carried) {
    Op& op = *carried.asked;
    const bool answers = op.kind == OpKind::send_then_receive;
    if (answers) op.end_answer();
    op.result = carried.result;
    if (op.kind == OpKind::accept && op.result >= 0) op.set_accepted(carried.accepted());
    if ((answers || op.kind == OpKind::receive_lease) && op.result > 0) {
        hand_over_lease(carried, op);
    }
    carried.asked = nullptr;
    carried.stage = Stage::is_told;
    carried.fault.reset();
    carried_by_op_.erase(&op);
    free_.push_back(&carried);
    op.run(op);
    if (watcher_ != nullptr) watcher_->told(*this);
    let_go_reordered();
}

// Through our hands, so that it is known who still has one.
void FaultyBackend::hand_over_lease(Carried& carried, Op& op) {
    LentBuffer lent{nullptr, 0};
    std::byte* buffer = carried.buffer.release();
    const auto size = static_cast<std::uint32_t>(carried.result);
    if (buffer == nullptr) carried.take_lease().release(lent.source, buffer, lent.id);
    std::uint32_t slot = static_cast<std::uint32_t>(loans_.size());
    if (free_loans_.empty()) {
        loans_.push_back(lent);
    } else {
        slot = free_loans_.back();
        free_loans_.pop_back();
        loans_[slot] = lent;
    }
    op.set_lease(this, buffer, size, slot);
}

void FaultyBackend::give_back(std::byte* buffer, std::uint32_t id) {
    const LentBuffer lent = loans_[id];
    free_loans_.push_back(id);
    if (lent.source != nullptr) {
        lent.source->give_back(buffer, lent.id);
    } else {
        delete[] buffer;
    }
}

void FaultyBackend::let_go_reordered() {
    for (std::size_t at = 0; at < timed_.size();) {
        Carried& carried = *timed_[at];
        const bool waited = carried.stage == Stage::is_held && carried.fault &&
                            carried.fault->kind == FaultKind::reordered;
        if (waited) {
            tell_soon(carried, carried.result);
        } else {
            ++at;
        }
    }
}

// --- Time --------------------------------------------------------------------------------------

void FaultyBackend::go_on_with_due() {
    if (timed_.empty()) return;
    const Time at = now();
    std::vector<Carried*> due;
    std::erase_if(timed_, [&](Carried* each) {
        if (each->due > at) return false;
        due.push_back(each);
        return true;
    });
    for (Carried* each : due) {
        if (each->stage == Stage::waits_to_start) {
            start(*each);
        } else if (each->stage == Stage::is_held) {
            tell_soon(*each, each->result);
        } else if (each->stage == Stage::under_way) {
            under_->cancel(*each);
        }
    }
}

void FaultyBackend::calm() {
    for (const auto& each : all_) {
        if (each->stage == Stage::under_way) each->fault.reset();
        each->due = Time::min();
    }
}

Time FaultyBackend::next_due() const {
    Time next = kNever;
    for (const Carried* each : timed_) next = std::min(next, each->due);
    return next;
}

Time FaultyBackend::disturbed(Time until) {
    const auto fault = faults_.decide(CallKind::wait);
    if (!fault) return until;
    if (fault->kind == FaultKind::wakes_late && until == kNever) return until;
    faults_.note(CallKind::wait, *fault);
    return fault->kind == FaultKind::wakes_early ? now() : after(until, fault->time);
}

void FaultyBackend::wait(Time until) {
    Backend& under = connected();
    if (faults_.is_on()) until = disturbed(until);
    go_on_with_due();
    if (!ready().empty()) until = Time();
    if (watcher_ != nullptr) watcher_->waits(*this, until);
    under.wait(std::min(until, next_due()));
    go_on_with_due();
    if (watcher_ != nullptr) watcher_->woke(*this);
}

}  // namespace fivetuple

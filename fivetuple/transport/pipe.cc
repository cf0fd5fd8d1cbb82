#include "fivetuple/transport/pipe.h"

#include "fivetuple/base/assert.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace fivetuple {

// --- A lane ------------------------------------------------------------------------------------

std::size_t PipeLane::put(Bytes from) {
    std::size_t moved = 0;
    while (moved < from.size() && filled_ < ring_.size()) {
        const std::size_t at = (begin_ + filled_) % ring_.size();
        const std::size_t room = std::min(ring_.size() - at, ring_.size() - filled_);
        const std::size_t count = std::min(room, from.size() - moved);
        std::memcpy(&ring_[at], from.data() + moved, count);
        filled_ += count;
        moved += count;
    }
    return moved;
}

std::size_t PipeLane::take(MutableBytes into) {
    std::size_t moved = 0;
    while (moved < into.size() && filled_ > 0) {
        const std::size_t count = std::min({ring_.size() - begin_, filled_, into.size() - moved});
        std::memcpy(into.data() + moved, &ring_[begin_], count);
        begin_ = (begin_ + count) % ring_.size();
        filled_ -= count;
        moved += count;
    }
    return moved;
}

void PipeLane::end_writing() {
    writing_ended_ = true;
    look_again();
}

void PipeLane::end_reading() {
    reading_ended_ = true;
    look_again();
}

void PipeLane::look(Waiter*& waiter) {
    if (waiter != nullptr && waiter->move()) std::exchange(waiter, nullptr)->make_ready();
}

// What one side moves may be what the other waits for, and that again and again where both want to
// move more than there is room for.
void PipeLane::look_again() {
    do {
        look(reader_);
        look(writer_);
    } while (reader_ != nullptr && filled_ > 0);
}

void PipeLane::wait_to_read(Waiter& waiter) {
    FT_ASSERT(reader_ == nullptr, "two tasks read one pipe at once");
    reader_ = &waiter;
}

void PipeLane::wait_to_write(Waiter& waiter) {
    FT_ASSERT(writer_ == nullptr, "two tasks write into one pipe at once");
    writer_ = &waiter;
}

void PipeLane::Waiter::stop_waiting(Wait& wait) {
    auto& self = static_cast<Waiter&>(wait);
    if (self.lane_.reader_ == &self) self.lane_.reader_ = nullptr;
    if (self.lane_.writer_ == &self) self.lane_.writer_ = nullptr;
    JobWait::stop(wait);
}

// --- Its ends ----------------------------------------------------------------------------------

Pipe::Pipe(std::size_t capacity)
    : Pipe(Lanes{std::make_shared<PipeLane>(capacity), std::make_shared<PipeLane>(capacity)}) {}

void PipeStream::close() {
    if (in_ != nullptr) std::exchange(in_, nullptr)->end_reading();
    if (out_ != nullptr) std::exchange(out_, nullptr)->end_writing();
}

Result<void> PipeStream::shutdown_write() {
    if (out_ == nullptr) return std::unexpected(Error::system(EBADF, "shutdown"));
    out_->end_writing();
    return {};
}

const Wait::Type PipeStream::ReadSome::kType{"read from a pipe", &Waiter::stop_waiting, nullptr};

bool PipeStream::ReadSome::move() {
    moved_ = lane_.take(into_);
    return moved_ > 0 || into_.empty() || !lane_.is_written_to();
}

bool PipeStream::ReadSome::start(Node& node, std::coroutine_handle<> sleeper) {
    if (!node.is_stopped() && move()) {
        lane_.look_again();
        return false;
    }
    if (!start_waiting(node, sleeper)) return false;
    lane_.wait_to_read(*this);
    return true;
}

Result<std::size_t> PipeStream::ReadSome::finish() {
    if (was_stopped()) return std::unexpected(node().stop_error("read"));
    return moved_;
}

const Wait::Type PipeStream::ReadExact::kType{"read from a pipe", &Waiter::stop_waiting, nullptr};

bool PipeStream::ReadExact::move() {
    const std::size_t count = lane_.take(left_);
    left_ = left_.subspan(count);
    moved_ += count;
    return left_.empty() || (!lane_.is_written_to() && lane_.filled() == 0);
}

bool PipeStream::ReadExact::start(Node& node, std::coroutine_handle<> sleeper) {
    const bool done = !node.is_stopped() && move();
    lane_.look_again();
    if (done || !start_waiting(node, sleeper)) return false;
    lane_.wait_to_read(*this);
    lane_.look_again();
    return true;
}

Transfer PipeStream::ReadExact::finish() {
    if (was_stopped()) return {moved_, node().stop_error("read")};
    if (!left_.empty()) return {moved_, Error::ended("read")};
    return Transfer(moved_);
}

const Wait::Type PipeStream::WriteAll::kType{"write into a pipe", &Waiter::stop_waiting, nullptr};

bool PipeStream::WriteAll::move() {
    const std::size_t count = lane_.is_read() ? lane_.put(left_) : 0;
    left_ = left_.subspan(count);
    moved_ += count;
    return left_.empty() || !lane_.is_read() || !lane_.is_written_to();
}

bool PipeStream::WriteAll::start(Node& node, std::coroutine_handle<> sleeper) {
    const bool done = !node.is_stopped() && lane_.is_written_to() && move();
    lane_.look_again();
    if (done || !lane_.is_written_to() || !start_waiting(node, sleeper)) return false;
    lane_.wait_to_write(*this);
    lane_.look_again();
    return true;
}

Transfer PipeStream::WriteAll::finish() {
    if (was_stopped()) return {moved_, node().stop_error("write")};
    if (!left_.empty()) return {moved_, Error::system(EPIPE, "write")};
    return Transfer(moved_);
}

}  // namespace fivetuple

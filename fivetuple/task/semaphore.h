#pragma once

#include "fivetuple/task/job_wait.h"

#include <cstddef>
#include <utility>

namespace fivetuple {

/// Lets at most so many tasks of a loop do something at once; the others wait in their order.
class Semaphore {
public:
    explicit Semaphore(std::size_t permits) : free_(permits) {}
    Semaphore(const Semaphore&) = delete;
    Semaphore& operator=(const Semaphore&) = delete;

    /// Permits that nobody holds.
    std::size_t free() const { return free_; }

    /// The right to go ahead; ends when it is destroyed, which must be before the semaphore is.
    class Permit {
    public:
        explicit Permit(Semaphore& of) : of_(&of) {}
        Permit(Permit&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
        Permit& operator=(Permit&& other) noexcept {
            std::swap(of_, other.of_);
            return *this;
        }
        ~Permit() {
            if (of_ != nullptr) of_->release();
        }

    private:
        Semaphore* of_;
    };

    class Acquire : public JobWait, public Awaits<Acquire> {
    public:
        explicit Acquire(Semaphore& of) : JobWait(kType), of_(of) {}
        bool start(Node& node, std::coroutine_handle<> sleeper);
        Result<Permit> finish();

    private:
        static const Type kType;
        Semaphore& of_;
    };
    /// Result<Permit>. Errors: cancelled, deadline.
    Acquire acquire() { return Acquire(*this); }

private:
    void release();

    List<JobWait> waiters_;
    std::size_t free_;
};

}  // namespace fivetuple

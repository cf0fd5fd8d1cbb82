#pragma once

#include <cstddef>

namespace fivetuple {

/// A piece of work that a loop does on its own stack, once each time it is handed over. Whoever
/// hands it over owns it and keeps it at one address until it has run; `next` belongs to the queue.
struct Job {
    Job() = default;
    explicit Job(void (*what)(Job&)) : run(what) {}
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;

    Job* next = nullptr;
    void (*run)(Job&) = nullptr;
};

/// First in, first out, through the jobs' own `next`.
class JobQueue {
public:
    bool empty() const { return head_ == nullptr; }
    Job* front() const { return head_; }

    void push(Job& job) {
        job.next = nullptr;
        (head_ == nullptr ? head_ : tail_->next) = &job;
        tail_ = &job;
    }

    Job* pop() {
        Job* first = head_;
        if (first != nullptr) head_ = first->next;
        return first;
    }

    /// Takes out one from anywhere; false where it is not in here.
    bool remove(Job& job) {
        Job* before = nullptr;
        for (Job* at = head_; at != nullptr; before = at, at = at->next) {
            if (at != &job) continue;
            (before == nullptr ? head_ : before->next) = job.next;
            if (tail_ == &job) tail_ = before;
            return true;
        }
        return false;
    }

private:
    Job* head_ = nullptr;
    Job* tail_ = nullptr;  // Of meaning only when head_ is set.
};

/// What is ready to run on a loop. Work that running work makes ready is run before the backend
/// goes on to its next event, so that memory just touched is used again while it is warm.
class ReadyQueue {
public:
    bool empty() const { return queue_.empty(); }
    void push(Job& job) { queue_.push(job); }
    bool remove(Job& job) { return queue_.remove(job); }

    /// Runs `job`, then what it made ready.
    void run_now(Job& job) {
        job.run(job);
        run_some();
    }

    /// Runs what is ready, but not for ever: jobs that keep making each other ready must leave time
    /// for the sockets.
    void run_some() {
        for (int left = kMostAtOnce; left > 0 && !queue_.empty(); --left) {
            Job* job = queue_.pop();
            job->run(*job);
        }
    }

private:
    static constexpr int kMostAtOnce = 1024;
    JobQueue queue_;
};

}  // namespace fivetuple

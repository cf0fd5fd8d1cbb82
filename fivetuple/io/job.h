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

/// First in, first out, through the jobs' own `next`. One word: the last job, whose `next` is the
/// first.
class JobQueue {
public:
    bool empty() const { return last_ == nullptr; }
    Job* front() const { return last_ == nullptr ? nullptr : last_->next; }

    void push(Job& job) {
        if (last_ == nullptr) {
            job.next = &job;
        } else {
            job.next = last_->next;
            last_->next = &job;
        }
        last_ = &job;
    }

    Job* pop() {
        if (last_ == nullptr) return nullptr;
        Job* first = last_->next;
        if (first == last_) {
            last_ = nullptr;
        } else {
            last_->next = first->next;
        }
        return first;
    }

    /// Takes out one from anywhere; false where it is not in here.
    bool remove(Job& job) {
        if (last_ == nullptr) return false;
        Job* before = last_;
        while (before->next != &job) {
            before = before->next;
            if (before == last_) return false;
        }
        before->next = job.next;
        if (last_ == &job) last_ = before == &job ? nullptr : before;
        return true;
    }

    template <class Visit>
    void for_each(Visit visit) const {
        if (last_ == nullptr) return;
        for (Job* at = last_->next;; at = at->next) {
            visit(*at);
            if (at == last_) return;
        }
    }

private:
    Job* last_ = nullptr;
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

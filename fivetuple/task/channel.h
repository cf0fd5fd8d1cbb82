#pragma once

#include "fivetuple/task/job_wait.h"

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace fivetuple {

/// A bounded queue between tasks of one loop: who sends into a full one waits, and so does who
/// receives from an empty one. All of its memory is taken when it is made.
template <class T>
class Channel {
public:
    /// Holds `capacity` values, at least 1.
    explicit Channel(std::size_t capacity) : slots_(capacity == 0 ? 1 : capacity) {}
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    std::size_t size() const { return count_; }
    bool is_closed() const { return closed_; }

    /// No more will be sent: what is inside can still be received, then receive() tells the end.
    void close() {
        closed_ = true;
        while (JobWait* waiter = senders_.pop_front()) waiter->make_ready();
        while (JobWait* waiter = receivers_.pop_front()) waiter->make_ready();
    }

    class Send : public JobWait, public Awaits<Send> {
    public:
        Send(Channel& channel, T value)
            : JobWait(kType), channel_(channel), value_(std::move(value)) {}

        bool start(Node& node, std::coroutine_handle<> sleeper) {
            if (channel_.closed_ || (!node.is_stopped() && channel_.has_room())) {
                this->belongs_to(node);
                if (!channel_.closed_) channel_.take_in(std::move(value_)), sent_ = true;
                return false;
            }
            if (!this->start_waiting(node, sleeper)) return false;
            channel_.senders_.push_back(*this);
            return true;
        }
        Result<void> finish() {
            if (sent_) return {};
            if (this->was_stopped()) return std::unexpected(this->node().stop_error("send"));
            return std::unexpected(Error::ended("send").because("the channel is closed"));
        }

    private:
        friend class Channel;
        static constexpr Wait::Type kType{"send into a channel", &JobWait::stop, nullptr};
        Channel& channel_;
        T value_;
        bool sent_ = false;
    };

    class Receive : public JobWait, public Awaits<Receive> {
    public:
        explicit Receive(Channel& channel) : JobWait(kType), channel_(channel) {}

        bool start(Node& node, std::coroutine_handle<> sleeper) {
            if (channel_.count_ > 0 && !node.is_stopped()) {
                value_ = channel_.give_out();
                return false;
            }
            if (channel_.closed_ && channel_.count_ == 0) return false;
            if (!this->start_waiting(node, sleeper)) return false;
            channel_.receivers_.push_back(*this);
            return true;
        }
        Result<std::optional<T>> finish() {
            if (!value_ && this->was_stopped()) {
                return std::unexpected(this->node().stop_error("receive"));
            }
            return std::move(value_);
        }

    private:
        friend class Channel;
        static constexpr Wait::Type kType{"receive from a channel", &JobWait::stop, nullptr};
        Channel& channel_;
        std::optional<T> value_;
    };

    /// Result<void>. Errors: ended, where the channel is closed; cancelled, deadline: the value is
    /// lost with the call then.
    Send send(T value) { return Send(*this, std::move(value)); }
    /// Result<std::optional<T>>: none once the channel is closed and empty.
    /// Errors: cancelled, deadline.
    Receive receive() { return Receive(*this); }

private:
    bool has_room() const { return count_ < slots_.size() && senders_.empty(); }

    void put(T value) {
        slots_[(first_ + count_) % slots_.size()].emplace(std::move(value));
        count_++;
    }

    // A value goes straight to who waits for one.
    void take_in(T value) {
        if (JobWait* waiter = receivers_.pop_front()) {
            static_cast<Receive*>(waiter)->value_.emplace(std::move(value));
            waiter->make_ready();
        } else {
            put(std::move(value));
        }
    }

    T give_out() {
        std::optional<T>& slot = slots_[first_];
        T value = std::move(*slot);
        slot.reset();
        first_ = (first_ + 1) % slots_.size();
        count_--;
        if (JobWait* waiter = senders_.pop_front()) {
            auto* sender = static_cast<Send*>(waiter);
            put(std::move(sender->value_));
            sender->sent_ = true;
            sender->make_ready();
        }
        return value;
    }

    std::vector<std::optional<T>> slots_;
    std::size_t first_ = 0;
    std::size_t count_ = 0;
    bool closed_ = false;
    List<JobWait> senders_;
    List<JobWait> receivers_;
};

}  // namespace fivetuple

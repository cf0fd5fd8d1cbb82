#pragma once

#include "child.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

namespace bench {

/// A process of ours on a core of its own, and memory that it shares with us. It ends with this
/// object.
class HelperProcess {
public:
    HelperProcess(const HelperProcess&) = delete;
    HelperProcess& operator=(const HelperProcess&) = delete;

    /// Throws a Failure where it has failed or died.
    void check();
    /// Waits until its work is done; throws a Failure as check(), or when that takes too long.
    void join(std::chrono::seconds patience);
    /// Sleeps, and throws a Failure as check().
    void watch(std::chrono::milliseconds length);

protected:
    explicit HelperProcess(std::size_t bytes);
    ~HelperProcess() = default;
    void start(int core, const std::function<void()>& work);
    void* memory() const;

private:
    struct Head {
        std::atomic<bool> is_done = false;
        char failure[512] = {};
    };
    struct Unmap {
        std::size_t bytes;
        void operator()(Head* head) const;
    };

    std::unique_ptr<Head, Unmap> head_;
    Child child_;
};

/// The same with a `Shared` in that memory, which `work` gets.
template <class Shared>
class Helper : public HelperProcess {
public:
    Helper(int core, const std::function<void(Shared&)>& work) : HelperProcess(sizeof(Shared)) {
        shared_ = new (memory()) Shared;
        start(core, [this, &work] { work(*shared_); });
    }
    Shared* operator->() { return shared_; }
    Shared& operator*() { return *shared_; }

private:
    Shared* shared_;
};

/// A pause that a signal may cut short.
void pause_for(std::chrono::nanoseconds length);

}  // namespace bench

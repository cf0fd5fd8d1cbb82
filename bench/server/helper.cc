#include "helper.h"

#include "failure.h"

#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <new>

namespace bench {
namespace {

/// Of what follows the head.
constexpr std::size_t kOffset = 1024;
constexpr std::chrono::milliseconds kStep{20};
const char* const kGoal = "cannot load the server";

}  // namespace

void HelperProcess::Unmap::operator()(Head* head) const { munmap(head, bytes); }

HelperProcess::HelperProcess(std::size_t bytes) : head_(nullptr, Unmap{kOffset + bytes}) {
    static_assert(sizeof(Head) <= kOffset);
    void* memory =
        mmap(nullptr, kOffset + bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw Failure(kGoal, errno_text("mmap"));
    head_.reset(new (memory) Head);
}

void* HelperProcess::memory() const { return reinterpret_cast<std::byte*>(head_.get()) + kOffset; }

void HelperProcess::start(int core, const std::function<void()>& work) {
    child_ = Child::fork_pinned(core);
    if (!child_.is_child()) return;
    try {
        work();
        head_->is_done = true;
    } catch (const Failure& failure) {
        strncpy(head_->failure, failure.cause.c_str(), sizeof head_->failure - 1);
    } catch (const std::exception& exception) {
        strncpy(head_->failure, exception.what(), sizeof head_->failure - 1);
    }
    _exit(head_->is_done ? 0 : 1);
}

void HelperProcess::check() {
    throw_if_interrupted();
    const auto ending = child_.ending();
    if (!ending || head_->is_done) return;
    throw Failure(kGoal, head_->failure[0] != '\0' ? head_->failure : *ending);
}

void HelperProcess::join(std::chrono::seconds patience) {
    const auto give_up = std::chrono::steady_clock::now() + patience;
    while (!head_->is_done) {
        if (std::chrono::steady_clock::now() > give_up) {
            throw Failure(kGoal, "it has not come to its end in time");
        }
        watch(kStep);
    }
}

void HelperProcess::watch(std::chrono::milliseconds length) {
    const auto end = std::chrono::steady_clock::now() + length;
    do {
        check();
        pause_for(std::min<std::chrono::nanoseconds>(kStep, length));
    } while (std::chrono::steady_clock::now() < end);
}

void pause_for(std::chrono::nanoseconds length) {
    const timespec pause = {length.count() / 1'000'000'000, length.count() % 1'000'000'000};
    nanosleep(&pause, nullptr);
}

}  // namespace bench

#include "fivetuple/transport/pump.h"

#include "fivetuple/os/calls.h"
#include "fivetuple/transport/splice.h"

#include <cerrno>

namespace fivetuple {
namespace {

// Asked for at once: with large pages a pipe holds more than it is made for.
constexpr std::uint64_t kMost = std::uint64_t{1} << 20;

bool cannot_splice(const Error& error) {
    return error.is(EINVAL) || error.is(ENOSYS) || error.is(EPERM) || error.is(EOPNOTSUPP);
}

// The pipe of a pump, and where it comes from. One that holds bytes goes with them.
class PipeInUse {
public:
    explicit PipeInUse(const PumpOptions& options) : pool_(options.pipes), size_(options.at_once) {}
    PipeInUse(const PipeInUse&) = delete;
    PipeInUse& operator=(const PipeInUse&) = delete;
    ~PipeInUse() { rest(); }

    explicit operator bool() const { return static_cast<bool>(pipe_.read_end); }
    Result<void> open() {
        FT_TRY(pipe_, pool_ == nullptr ? PipePair::open(size_) : pool_->take());
        return {};
    }
    int read_end() const { return pipe_.read_end.raw(); }
    int write_end() const { return pipe_.write_end.raw(); }

    void filled(std::size_t count) { held_ += count; }
    void emptied(std::size_t count) { held_ -= count; }
    std::size_t held() const { return held_; }

    /// Nothing more is there to be moved now.
    void rest() {
        if (pool_ == nullptr || held_ > 0 || !pipe_.read_end) return;
        pool_->give_back(std::move(pipe_));
        pipe_ = PipePair();
    }

private:
    PipePool* pool_;
    std::size_t size_;
    PipePair pipe_;
    std::size_t held_ = 0;
};

// What a pipe holds, where the kernel will not move it on.
Task<Result<void>> copy_out(PipeInUse& pipe, SocketStream& to, PumpOptions options,
                            PumpCount& count) {
    std::vector<std::byte> room(pipe.held());
    const int got = calls::read(pipe.read_end(), room);
    if (got < 0) co_return std::unexpected(Error::system(-got, "read"));
    pipe.emptied(static_cast<std::size_t>(got));
    const Bytes bytes = Bytes(room).first(static_cast<std::size_t>(got));
    auto sent = co_await within(options.write_limit, to.write_all(bytes));
    count.bytes += sent.bytes_moved();
    count.copied += sent.bytes_moved();
    if (!sent) co_return std::unexpected(std::move(sent).error());
    co_return {};
}

// Moves on what the pipe holds.
Task<Result<void>> splice_out(PipeInUse& pipe, SocketStream& to, PumpOptions options,
                              PumpCount& count) {
    while (pipe.held() > 0) {
        auto put =
            co_await within(options.write_limit, SpliceOut(to, pipe.read_end(), pipe.held()));
        if (put) {
            pipe.emptied(*put);
            count.bytes += *put;
        } else if (cannot_splice(put.error())) {
            count.why_copied = "the kernel does not splice to the receiving side";
            co_return co_await copy_out(pipe, to, options, count);
        } else {
            co_return std::unexpected(std::move(put).error());
        }
    }
    co_return {};
}

// Until the end or a limit, or until there is a reason why the rest must be copied.
Task<Result<void>> splice_all(SocketStream& from, SocketStream& to, PumpOptions options,
                              PumpCount& count) {
    PipeInUse pipe(options);
    while (count.bytes < options.bytes_max && count.why_copied.empty()) {
        if (!pipe) {
            FT_CO_TRY_VOID(co_await within(options.read_limit, AwaitInput(from)));
            if (!pipe.open()) {
                count.why_copied = "no pipe could be had";
                break;
            }
        }
        const auto most =
            static_cast<std::size_t>(std::min(kMost, options.bytes_max - count.bytes));
        auto got = co_await within(options.read_limit, SpliceIn(from, pipe.write_end(), most));
        if (!got && cannot_splice(got.error())) {
            count.why_copied = "the kernel does not splice from the sending side";
            break;
        }
        if (!got) co_return std::unexpected(std::move(got).error());
        count.ended = *got == 0;
        if (count.ended) break;
        pipe.filled(*got);
        FT_CO_TRY_VOID(co_await splice_out(pipe, to, options, count));
        pipe.rest();
    }
    co_return {};
}

}  // namespace

Task<Result<PumpCount>> pump_by_splicing(SocketStream& from, SocketStream& to,
                                         PumpOptions options) {
    PumpCount own;
    if (options.so_far == nullptr) options.so_far = &own;
    PumpCount& count = *options.so_far;
    FT_CO_TRY_VOID(co_await splice_all(from, to, options, count));
    if (!count.why_copied.empty()) co_return co_await pump_by_copying(from, to, options);
    if (count.ended && options.passes_end_on) FT_CO_TRY_VOID(to.shutdown_write());
    co_return count;
}

}  // namespace fivetuple

#include "fivetuple/blocking/transfers.h"

#include "fivetuple/os/calls.h"
#include "fivetuple/os/pipe_pair.h"
#include "fivetuple/os/splice.h"

#include <algorithm>
#include <cerrno>
#include <vector>

namespace fivetuple::blocking {
namespace {

constexpr std::size_t kAtOnce = std::size_t{1} << 20;

std::size_t part_of(std::uint64_t left, std::size_t most) {
    return static_cast<std::size_t>(std::min<std::uint64_t>(left, most));
}

bool cannot_splice(const Error& error) {
    return error.is(EINVAL) || error.is(ENOSYS) || error.is(EPERM) || error.is(EOPNOTSUPP);
}

class Pump {
public:
    Pump(SocketStream& from, SocketStream& to, const PumpOptions& options, PumpCount& count,
         Time deadline)
        : from_(from), to_(to), options_(options), count_(count), deadline_(deadline) {}

    Result<void> copy();
    /// Until the end or a limit, or until there is a reason why the rest must be copied.
    Result<void> splice();

private:
    bool has_more() const { return !count_.ended && count_.bytes < options_.bytes_max; }
    Result<void> put(Bytes bytes);
    Result<void> splice_out(const PipePair& pipe, std::size_t held);

    SocketStream& from_;
    SocketStream& to_;
    const PumpOptions& options_;
    PumpCount& count_;
    Time deadline_;
};

Result<void> Pump::put(Bytes bytes) {
    auto sent = to_.write_all(bytes, deadline_);
    count_.bytes += sent.bytes_moved();
    count_.copied += sent.bytes_moved();
    if (!sent) return std::unexpected(std::move(sent).error());
    return {};
}

Result<void> Pump::copy() {
    constexpr std::size_t kBuffer = std::size_t{64} * 1024;
    std::vector<std::byte> room(std::clamp<std::size_t>(options_.at_once, 1, kBuffer));
    while (has_more()) {
        const std::size_t most = part_of(options_.bytes_max - count_.bytes, room.size());
        FT_TRY(const std::size_t got, from_.read_some(MutableBytes(room).first(most), deadline_));
        count_.ended = got == 0;
        FT_TRY_VOID(put(Bytes(room).first(got)));
    }
    return {};
}

Result<void> Pump::splice_out(const PipePair& pipe, std::size_t held) {
    while (held > 0) {
        auto put_out = wait_and_try(to_.fd().raw(), Ready::write, deadline_, "send, splice", [&] {
            return calls::splice_out(pipe.read_end.raw(), to_.fd().raw(), held);
        });
        if (put_out) {
            held -= *put_out;
            count_.bytes += *put_out;
            continue;
        }
        if (!cannot_splice(put_out.error())) return std::unexpected(std::move(put_out).error());
        count_.why_copied = "the kernel does not splice to the receiving side";
        std::vector<std::byte> room(held);
        const int got = calls::read(pipe.read_end.raw(), room);
        if (got < 0) return std::unexpected(Error::system(-got, "read"));
        return put(Bytes(room).first(static_cast<std::size_t>(got)));
    }
    return {};
}

Result<void> Pump::splice() {
    auto pipe = PipePair::open(options_.at_once);
    if (!pipe) count_.why_copied = "no pipe could be had";
    while (has_more() && count_.why_copied.empty()) {
        const std::size_t most = part_of(options_.bytes_max - count_.bytes, kAtOnce);
        auto got = wait_and_try(from_.fd().raw(), Ready::read, deadline_, "recv, splice", [&] {
            return calls::splice_in(from_.fd().raw(), pipe->write_end.raw(), most);
        });
        if (!got && cannot_splice(got.error())) {
            count_.why_copied = "the kernel does not splice from the sending side";
            break;
        }
        if (!got) return std::unexpected(std::move(got).error());
        count_.ended = *got == 0;
        FT_TRY_VOID(splice_out(*pipe, *got));
    }
    return {};
}

}  // namespace

Transfer send_file(SocketStream& to, int file, std::uint64_t offset, std::uint64_t count,
                   Time deadline) {
    std::uint64_t moved = 0;
    while (moved < count) {
        const std::size_t part = part_of(count - moved, kAtOnce);
        auto sent = wait_and_try(to.fd().raw(), Ready::write, deadline, "sendfile", [&] {
            return calls::send_file(to.fd().raw(), file, offset + moved, part);
        });
        if (!sent) return {moved, std::move(sent).error()};
        if (*sent == 0) return {moved, Error::ended("sendfile")};
        moved += *sent;
    }
    return Transfer(moved);
}

Result<PumpCount> pump(SocketStream& from, SocketStream& to, const PumpOptions& options,
                       Time deadline) {
    PumpCount own;
    PumpCount& count = options.so_far == nullptr ? own : *options.so_far;
    Pump under_way(from, to, options, count, deadline);
    if (options.may_splice) FT_TRY_VOID(under_way.splice());
    if (!options.may_splice || !count.why_copied.empty()) FT_TRY_VOID(under_way.copy());
    if (count.ended && options.passes_end_on) FT_TRY_VOID(to.shutdown_write());
    return count;
}

}  // namespace fivetuple::blocking

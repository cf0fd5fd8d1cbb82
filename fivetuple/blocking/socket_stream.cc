#include "fivetuple/blocking/socket_stream.h"

#include "fivetuple/os/calls.h"

#include <cstdint>
#include <memory>

namespace fivetuple::blocking {
namespace {

// Buffers of the heap: a thread may end before the leases that it has handed on.
class HeapBuffers final : public LeaseSource {
public:
    static constexpr std::uint32_t kSize = 32 * 1024;

    static HeapBuffers& all() {
        static HeapBuffers only;
        return only;
    }
    void give_back(std::byte* buffer, std::uint32_t) override { delete[] buffer; }
};

// recv(2) into a buffer that stays only where bytes came.
int receive_into_lease(int fd, Lease& lease) {
    auto buffer = std::make_unique_for_overwrite<std::byte[]>(HeapBuffers::kSize);
    const int count = calls::receive(fd, {buffer.get(), HeapBuffers::kSize});
    if (count > 0) {
        lease = Lease(&HeapBuffers::all(), buffer.release(), static_cast<std::uint32_t>(count), 0);
    }
    return count;
}

// What is left of the pieces when the first `count` bytes have gone.
std::span<Bytes> advanced(std::span<Bytes> pieces, std::size_t count) {
    while (!pieces.empty() && count >= pieces.front().size()) {
        count -= pieces.front().size();
        pieces = pieces.subspan(1);
    }
    if (!pieces.empty()) pieces.front() = pieces.front().subspan(count);
    return pieces;
}

}  // namespace

Result<std::size_t> SocketStream::read_some(MutableBytes into, Time deadline) {
    return socket().read_some(into, deadline);
}

Transfer SocketStream::read_exact(MutableBytes into, Time deadline) {
    return socket().read_exact(into, deadline);
}

Result<Lease> SocketStream::read(Time deadline) {
    Lease lease;
    FT_TRY_VOID(wait_and_try(fd().raw(), Ready::read, deadline, "recv",
                             [&] { return receive_into_lease(fd().raw(), lease); }));
    return lease;
}

Transfer SocketStream::write_all(Bytes from, Time deadline) {
    return socket().write_all(from, deadline);
}

Transfer SocketStream::writev(std::span<Bytes> pieces, Time deadline) {
    std::size_t moved = 0;
    for (pieces = advanced(pieces, 0); !pieces.empty();) {
        auto sent = wait_and_try(fd().raw(), Ready::write, deadline, "sendmsg",
                                 [&] { return calls::send_gathered(fd().raw(), pieces); });
        if (!sent) return {moved, std::move(sent).error()};
        moved += *sent;
        pieces = advanced(pieces, *sent);
        if (!pieces.empty() && is_past(deadline)) return {moved, Error::deadline("sendmsg")};
    }
    return Transfer(moved);
}

Result<Lease> SocketStream::write_then_read(Bytes from, Time deadline) {
    FT_TRY_VOID(write_all(from, deadline));
    return read(deadline);
}

Result<Lease> SocketStream::write_then_read(Lease&& from, Time deadline) {
    {
        const Lease answer = std::move(from);
        FT_TRY_VOID(write_all(answer.bytes(), deadline));
    }
    return read(deadline);
}

Result<void> SocketStream::hang_up(Time deadline) {
    return wait_until(fd().raw(), Ready::end, deadline, "poll");
}

}  // namespace fivetuple::blocking

#include "fivetuple/transport/send_file.h"

#include "fivetuple/os/splice.h"
#include "fivetuple/task/offload.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/splice.h"

#include <algorithm>

namespace fivetuple {

Task<Transfer> send_file(SocketStream& to, int file, std::uint64_t offset, std::uint64_t count,
                         SendFileOptions options) {
    std::uint64_t moved = 0;
    std::uint64_t in_memory = 0;  // As far as the file has been looked at.
    const std::uint64_t most = std::max<std::size_t>(options.at_once, 1);
    while (moved < count) {
        const auto part = static_cast<std::size_t>(std::min(most, count - moved));
        if (moved >= in_memory) {
            if (!calls::is_in_memory(file, offset + moved, part)) {
                co_await offload(&calls::bring_into_memory, file, offset + moved, part);
            }
            in_memory = moved + part;
        }
        const auto now = static_cast<std::size_t>(std::min<std::uint64_t>(part, in_memory - moved));
        auto sent =
            co_await within(options.write_limit, SendFilePart(to, file, offset + moved, now));
        if (!sent) co_return Transfer(moved, std::move(sent).error());
        if (*sent == 0) co_return Transfer(moved, Error::ended("sendfile"));
        moved += *sent;
    }
    co_return Transfer(moved);
}

}  // namespace fivetuple

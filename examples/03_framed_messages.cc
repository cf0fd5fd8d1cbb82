// A stream has no messages; frames make some. Here over a Pipe, which is a stream without a kernel:
// the same two functions work over TcpStream and UnixStream.
#include "fivetuple/fivetuple.h"

#include <cstdio>

namespace ft = fivetuple;

// A length in four bytes, a type byte, then the payload. Longer ones than 1 KiB are refused before
// anything is allocated for them.
constexpr ft::LengthPrefix kFraming{.width = 4, .has_type = true, .limit = 1024};
constexpr std::uint8_t kGreeting = 1;
constexpr std::uint8_t kFarewell = 2;

template <ft::Stream S>
ft::Task<ft::Result<void>> send_some(S& stream) {
    ft::FrameWriter writer(stream, kFraming);
    FT_CO_TRY_VOID(writer.add(ft::bytes_of("hello"), kGreeting));
    FT_CO_TRY_VOID(writer.add(ft::bytes_of("that was all"), kFarewell));
    auto sent = co_await writer.flush();  // Both in one write.
    if (!sent) co_return std::unexpected(std::move(sent).error());
    co_return stream.shutdown_write();
}

template <ft::Stream S>
ft::Task<ft::Result<int>> print_all(S& stream) {
    ft::FrameReader reader(stream, kFraming);
    for (int count = 0;; ++count) {
        FT_CO_TRY(const auto frame, co_await reader.read());
        if (!frame) co_return count;
        const std::string text(ft::text_of(frame->payload));
        std::printf("type %d: %s\n", frame->type, text.c_str());
    }
}

ft::Task<ft::Result<void>> talk(ft::Loop&) {
    ft::Pipe pipe;
    FT_CO_TRY(auto both, co_await ft::all_of(send_some(pipe.left), print_all(pipe.right)));
    std::printf("%d messages\n", both.get<1>());
    co_return {};
}

int main() {
    const auto talked = ft::run(talk);
    if (!talked) std::fprintf(stderr, "error: %s\n", talked.error().message().c_str());
    return talked ? 0 : 1;
}

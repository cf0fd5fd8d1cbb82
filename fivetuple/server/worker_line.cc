#include "fivetuple/server/worker_line.h"

#include "fivetuple/task/within.h"

#include <array>
#include <charconv>
#include <chrono>
#include <memory>
#include <utility>

namespace fivetuple {
namespace {

/// As much as one message carries: well below what a socket's buffer holds.
constexpr std::size_t kPiece = 32'000;
constexpr std::size_t kRoom = kPiece + 100;
constexpr Duration kPatience = std::chrono::seconds(2);

using Room = std::array<std::byte, kRoom>;

/// Takes the first word, and the blank behind it, off `text`.
std::string_view take_word(std::string_view& text) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return word;
}

std::uint64_t number_of(std::string_view text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

}  // namespace

Task<void> WorkerLine::listen(std::function<void(std::string_view)> said) {
    const auto room = std::make_unique<Room>();
    while (true) {
        auto got = co_await socket_.receive(*room);
        if (!got || got->bytes.empty()) break;
        hear(text_of(got->bytes), said);
    }
    is_gone_ = true;
    answered_.set();
}

void WorkerLine::hear(std::string_view message, const std::function<void(std::string_view)>& said) {
    const std::uint64_t number = number_of(take_word(message));
    const bool is_last = take_word(message) == "done";
    if (number == 0) return said(message);
    // The rest of an answer that nobody waits for any more.
    if (number != number_) return;
    answer_ += message;
    if (is_last) answered_.set();
}

Task<Result<std::string>> WorkerLine::ask(std::string command, std::vector<int> files) {
    FT_CO_TRY(const auto turn, co_await asking_.acquire());
    const std::string message = std::to_string(++number_) + " " + command;
    if (is_gone_) co_return std::unexpected(Error::ended("sendmsg"));
    answer_.clear();
    answered_.reset();
    FT_CO_TRY_VOID(co_await within(kPatience, socket_.send(bytes_of(message), files)));
    FT_CO_TRY_VOID(co_await within(kPatience, answered_.wait()));
    if (is_gone_) co_return std::unexpected(Error::ended("recvmsg"));
    co_return std::exchange(answer_, {});
}

Task<void> ParentLine::listen(Obey obey) {
    const auto room = std::make_unique<Room>();
    while (true) {
        auto got = co_await socket_.receive(*room);
        if (!got || got->bytes.empty()) co_return;
        std::string_view command = text_of(got->bytes);
        const std::string number(take_word(command));
        auto sent = co_await send(number, obey(command, std::move(got->files)));
        if (!sent) co_return;
    }
}

Task<void> ParentLine::tell(std::string text) {
    static_cast<void>(co_await send("0", std::move(text)));
}

Task<Result<void>> ParentLine::send(std::string number, std::string text) {
    FT_CO_TRY(const auto turn, co_await sending_.acquire());
    std::string_view left = text;
    while (true) {
        const std::string_view piece = left.substr(0, kPiece);
        left.remove_prefix(piece.size());
        const std::string message =
            number + (left.empty() ? " done " : " more ") + std::string(piece);
        FT_CO_TRY_VOID(co_await socket_.send(bytes_of(message)));
        if (left.empty()) co_return {};
    }
}

}  // namespace fivetuple

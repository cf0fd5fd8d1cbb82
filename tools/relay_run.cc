#include "tools/relay_run.h"

#include "fivetuple/task/all_of.h"
#include "fivetuple/task/event.h"
#include "fivetuple/task/first_of.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"

#include <algorithm>

namespace ft_tool {

namespace ft = fivetuple;

namespace {

constexpr ft::Duration kAfterEndWithout = std::chrono::milliseconds(500);

/// Where bytes go that nobody wants.
struct Nowhere {
    ft::Task<ft::Transfer> write_all(ft::Bytes from) { co_return ft::Transfer(from.size()); }
};

/// What the two directions of a relay know of each other.
struct Course {
    const RelayLimits& limits;
    ft::Event one_has_ended;
    bool rest_has_end = true;  ///< The direction that goes on will end by itself.
    ft::Event is_over;         ///< Nothing of the rest matters any more.
    RelayCount nowhere;        ///< What was thrown away.
};

// --- Messages ----------------------------------------------------------------------------------

// Each reads a message, or what there is of a stream; none at the end.
ft::Task<ft::Result<std::optional<std::size_t>>> take(MessageEnd& from, ft::MutableBytes into) {
    return from.receive(into);
}
template <ft::PumpSource A>
ft::Task<ft::Result<std::optional<std::size_t>>> take(A& from, ft::MutableBytes into) {
    FT_CO_TRY(const std::size_t size, co_await from.read_some(into));
    if (size == 0) co_return std::nullopt;
    co_return size;
}

ft::Task<ft::Result<void>> give(MessageEnd& to, ft::Bytes message) { return to.send(message); }
template <ft::PumpSink B>
ft::Task<ft::Result<void>> give(B& to, ft::Bytes bytes) {
    auto sent = co_await to.write_all(bytes);
    if (!sent) co_return std::unexpected(std::move(sent).error());
    co_return {};
}

template <class A, class B>
ft::Task<ft::Result<void>> move_messages(A& from, B& to, std::size_t room_size, RelayCount& count) {
    std::vector<std::byte> room(room_size);
    while (true) {
        FT_CO_TRY(const auto size, co_await take(from, room));
        if (!size) co_return {};
        FT_CO_TRY_VOID(co_await give(to, ft::Bytes(room).first(*size)));
        count.messages++;
        count.moved.bytes += *size;
        count.moved.copied += *size;
    }
}

// --- A direction -------------------------------------------------------------------------------

template <class A, class B>
ft::Task<ft::Result<void>> move(A& from, B& to, const RelayLimits& limits, RelayCount& count) {
    if constexpr (std::same_as<A, MessageEnd>) {
        co_return co_await move_messages(from, to, kMessageRoom, count);
    } else if constexpr (std::same_as<B, MessageEnd>) {
        co_return co_await move_messages(from, to, limits.block, count);
    } else {
        ft::PumpOptions options;
        options.passes_end_on = false;
        options.so_far = &count.moved;
        auto pumped = co_await ft::pump(from, to, options);
        if (!pumped) co_return std::unexpected(std::move(pumped).error());
        co_return {};
    }
}

template <class A>
ft::Task<ft::Result<void>> move_from(A& from, RelayEnd& to, const RelayLimits& limits,
                                     RelayCount& count) {
    if (auto* stream = std::get_if<ft::SocketStream>(&to.way)) {
        return move(from, *stream, limits, count);
    }
    if (auto* file = std::get_if<FileEnd>(&to.way)) return move(from, *file, limits, count);
    return move(from, std::get<MessageEnd>(to.way), limits, count);
}

template <class A>
ft::Task<ft::Result<void>> move_nowhere(A& from, Course& course) {
    Nowhere nowhere;
    co_return co_await move(from, nowhere, course.limits, course.nowhere);
}

ft::Task<ft::Result<void>> move_between(RelayEnd& from, RelayEnd& to, bool is_wanted,
                                        Course& course, RelayCount& count) {
    const RelayLimits& limits = course.limits;
    if (auto* stream = std::get_if<ft::SocketStream>(&from.way)) {
        return is_wanted ? move_from(*stream, to, limits, count) : move_nowhere(*stream, course);
    }
    if (auto* file = std::get_if<FileEnd>(&from.way)) {
        return is_wanted ? move_from(*file, to, limits, count) : move_nowhere(*file, course);
    }
    auto& messages = std::get<MessageEnd>(from.way);
    return is_wanted ? move_from(messages, to, limits, count) : move_nowhere(messages, course);
}

// `is_back`: from right to left.
ft::Task<ft::Result<void>> go_one_way(RelayEnd& from, RelayEnd& to, bool is_back, Course& course,
                                      RelayCount& count) {
    // What cannot be read is silent, and what it is silent about has not ended.
    if (!from.reads) co_return {};
    const bool is_wanted = to.writes && !(is_back && course.limits.one_way);
    FT_CO_TRY_VOID(co_await move_between(from, to, is_wanted, course, count));
    if (is_wanted) to.end_writing();
    // A person at a terminal would not know that it is to be ended, too.
    if (to.is_terminal) course.is_over.set();
    // The other direction's bytes come from `to`; where they go nowhere nobody waits for them.
    const bool is_awaited = from.writes && (is_back || !course.limits.one_way);
    course.rest_has_end = to.has_end && is_awaited;
    course.one_has_ended.set();
    co_return {};
}

// --- Limits ------------------------------------------------------------------------------------

// How long nothing may move now; none: for ever.
std::optional<ft::Duration> quiet_limit(const Course& course) {
    const RelayLimits& limits = course.limits;
    if (!course.one_has_ended.is_set()) return limits.idle;
    if (limits.after_end) return limits.after_end;
    if (!course.rest_has_end) return kAfterEndWithout;
    return limits.idle;
}

std::uint64_t progress(const Course& course, const RelayTally& tally) {
    return tally.progress() + course.nowhere.moved.bytes;
}

// Returns when the relay is to end though not both directions have.
ft::Task<ft::Result<void>> watch(Course& course, RelayTally& tally) {
    std::uint64_t seen = progress(course, tally);
    ft::Loop& loop = co_await ft::this_loop();
    ft::Time last_news = loop.now();
    while (!course.is_over.is_set()) {
        const auto limit = quiet_limit(course);
        const bool has_ended = course.one_has_ended.is_set();
        if (!limit && has_ended) {
            FT_CO_TRY_VOID(co_await course.is_over.wait());
            continue;
        }
        if (!limit) {
            FT_CO_TRY_VOID(co_await course.one_has_ended.wait());
            last_news = loop.now();
            continue;
        }
        const ft::Duration step = std::max<ft::Duration>(*limit / 4, std::chrono::milliseconds(1));
        ft::Event& news = has_ended ? course.is_over : course.one_has_ended;
        auto came = co_await ft::within(step, news.wait());
        if (!came && !came.error().is_deadline()) co_return came;
        if (came || progress(course, tally) != seen) last_news = loop.now();
        seen = progress(course, tally);
        if (loop.now() - last_news >= *limit) {
            tally.was_idle = true;
            co_return {};
        }
    }
    co_return {};
}

ft::Task<ft::Result<void>> go_both_ways(RelayEnd& left, RelayEnd& right, Course& course,
                                        RelayTally& tally) {
    auto both = co_await ft::all_of(go_one_way(left, right, false, course, tally.there),
                                    go_one_way(right, left, true, course, tally.back));
    if (!both) co_return std::unexpected(std::move(both).error());
    co_return {};
}

}  // namespace

ft::Task<ft::Result<void>> run_relay(RelayEnd& left, RelayEnd& right, const RelayLimits& limits,
                                     RelayTally& tally) {
    Course course{.limits = limits, .one_has_ended = {}, .is_over = {}, .nowhere = {}};
    auto first =
        co_await ft::first_of(go_both_ways(left, right, course, tally), watch(course, tally));
    ft::Result<void> done =
        first.index() == 0 ? std::move(first.get<0>()) : std::move(first.get<1>());
    if (!done) {
        left.abandon();
        right.abandon();
    }
    co_return done;
}

}  // namespace ft_tool

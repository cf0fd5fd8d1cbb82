#include "fivetuple/cli/relay_address.h"
#include "fivetuple/cli/units.h"
#include "fivetuple/task/first_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/task/semaphore.h"
#include "fivetuple/task/signal.h"

#include "tools/command.h"
#include "tools/relay_open.h"
#include "tools/relay_run.h"
#include <csignal>
#include <cstdio>

// `ft relay`: joins any two of sockets, files, commands and standard input and output.
namespace ft_tool {

namespace ft = fivetuple;

namespace {

struct RelayArguments {
    std::string left;
    std::string right;
    std::string connect_limit = "10s";
    std::string idle;
    std::string after_end;
    std::string block = "8KiB";
    bool one_way = false;
    bool verbose = false;
    LoopArguments loop;
};

/// What the command line comes to.
struct RelayPlan {
    ft::RelayAddress left;
    ft::RelayAddress right;
    RelayLimits limits;
    ft::Duration connect_limit{};
    bool verbose = false;
};

/// What went wrong, and in which of the user's words.
struct Trouble {
    std::string goal;
    ft::Error cause;
};
using Outcome = std::optional<Trouble>;
using Ends = ft::Result<std::unique_ptr<RelayEnd>>;

// How long a command may take to end when its input has.
constexpr ft::Duration kCommandLimit = std::chrono::seconds(10);
// And how long where the relay has failed.
constexpr ft::Duration kLastWords = std::chrono::seconds(2);

void say(const RelayPlan& plan, const char* what, const std::string& name) {
    if (plan.verbose) std::fprintf(stderr, "%s %s\n", what, name.c_str());
}

std::string count_text(const RelayCount& count) {
    std::string text = ft::format_count(count.moved.bytes) + " bytes";
    if (count.messages > 0) text += " in " + ft::format_count(count.messages) + " messages";
    if (count.moved.copied < count.moved.bytes) text += " (spliced)";
    return text;
}

void say_counts(const RelayPlan& plan, const RelayTally& tally) {
    if (!plan.verbose) return;
    std::fprintf(stderr, "left to right %s, right to left %s%s\n", count_text(tally.there).c_str(),
                 count_text(tally.back).c_str(), tally.was_idle ? "; ended for want of news" : "");
}

void say_lost(const RelayEnd& end) {
    const auto* messages = std::get_if<MessageEnd>(&end.way);
    if (messages == nullptr || messages->came_back() == 0) return;
    std::fprintf(stderr, "warning: %s: nobody took %s of the datagrams\n", end.name.c_str(),
                 ft::format_count(messages->came_back()).c_str());
}

ft::Task<Outcome> relay_open_ends(const RelayPlan& plan, std::unique_ptr<RelayEnd> left,
                                  std::unique_ptr<RelayEnd> right) {
    RelayTally tally;
    auto done = co_await run_relay(*left, *right, plan.limits, tally);
    say_counts(plan, tally);
    say_lost(*left);
    say_lost(*right);
    std::unique_ptr<RelayChild> children[] = {std::move(left->child), std::move(right->child)};
    // Our ends of their sockets are closed first, so that they see the end of their input.
    left.reset();
    right.reset();
    for (const auto& child : children) {
        if (child == nullptr) continue;
        // That it had ended is why, perhaps, the relay could not go on.
        auto ended = co_await child->ended(done ? kCommandLimit : kLastWords);
        if (!ended) co_return Trouble{"run " + child->name(), std::move(ended).error()};
    }
    if (!done) co_return Trouble{"go on with the relay", std::move(done).error()};
    co_return std::nullopt;
}

/// A side before it is open: others will open it by coming to its door, where it has one.
struct Side {
    std::optional<RelayDoor> door;
};

// Listeners first, so that who is to come can, and so that what is wrong with them is said at once.
ft::Result<void> prepare(ft::Loop& loop, const RelayPlan& plan, const ft::RelayAddress& address,
                         Side& side) {
    if (!address.is_listener()) return {};
    FT_TRY(side.door, open_door(loop, address));
    const auto at = side.door->socket.local_address();
    if (at) say(plan, "listening on", at->to_string());
    return {};
}

ft::Task<Ends> complete(const RelayPlan& plan, const ft::RelayAddress& address, Side& side) {
    if (side.door) {
        FT_CO_TRY(auto end, co_await next_through(*side.door));
        say(plan, "accepted", end->name);
        // Nobody else can come; its path goes when the relay ends.
        side.door->socket.close();
        end->path = std::move(side.door->path);
        co_return end;
    }
    FT_CO_TRY(auto end, co_await open_end(address, plan.connect_limit, plan.verbose));
    say(plan, "opened", end->name);
    co_return end;
}

ft::Task<Outcome> relay_once(const RelayPlan& plan, Side& left, Side& right) {
    auto left_end = co_await complete(plan, plan.left, left);
    if (!left_end) co_return Trouble{goal_of(plan.left), std::move(left_end).error()};
    auto right_end = co_await complete(plan, plan.right, right);
    if (!right_end) co_return Trouble{goal_of(plan.right), std::move(right_end).error()};
    co_return co_await relay_open_ends(plan, *std::move(left_end), *std::move(right_end));
}

// --- Every connection of a listener ------------------------------------------------------------

struct Served {
    std::uint64_t connections = 0;
    std::uint64_t failed = 0;
};

// Its place is free again when it ends.
ft::Task<void> serve_one(const RelayPlan& plan, std::unique_ptr<RelayEnd> left,
                         [[maybe_unused]] ft::Semaphore::Permit place, Served& served) {
    const std::string name = left->name;
    auto right = co_await open_end(plan.right, plan.connect_limit, false);
    Outcome trouble;
    if (right) {
        say(plan, "opened", (*right)->name);
        trouble = co_await relay_open_ends(plan, std::move(left), *std::move(right));
    } else {
        left->abandon();
        trouble = Trouble{goal_of(plan.right), std::move(right).error()};
    }
    if (!trouble || trouble->cause.is_cancelled()) co_return;
    served.failed++;
    std::fprintf(stderr, "warning: %s: cannot %s: %s\n", name.c_str(), trouble->goal.c_str(),
                 trouble->cause.message().c_str());
}

ft::Task<ft::Result<void>> serve_all(ft::Scope& peers, const RelayPlan& plan, RelayDoor& door,
                                     ft::Semaphore& places, Served& served) {
    while (true) {
        FT_CO_TRY(auto permit, co_await places.acquire());
        FT_CO_TRY(auto left, co_await next_through(door));
        served.connections++;
        say(plan, "accepted", left->name);
        peers.spawn(serve_one(plan, std::move(left), std::move(permit), served));
    }
}

ft::Task<Outcome> relay_always(const RelayPlan& plan, RelayDoor& door) {
    Served served;
    ft::Semaphore places(plan.left.connections);
    auto done = co_await ft::with_scope(serve_all, std::cref(plan), std::ref(door),
                                        std::ref(places), std::ref(served));
    if (plan.verbose) {
        std::fprintf(stderr, "served %s connections, %s failed\n",
                     ft::format_count(served.connections).c_str(),
                     ft::format_count(served.failed).c_str());
    }
    if (done || done.error().is_cancelled()) co_return std::nullopt;
    co_return Trouble{goal_of(plan.left), std::move(done).error()};
}

// --- The command -------------------------------------------------------------------------------

ft::Task<Outcome> relay_until_signal(ft::Loop& loop, const RelayPlan& plan) {
    ft::Signals signals(loop, {SIGINT, SIGTERM});
    Side left;
    Side right;
    if (auto ready = prepare(loop, plan, plan.left, left); !ready) {
        co_return Trouble{goal_of(plan.left), std::move(ready).error()};
    }
    if (auto ready = prepare(loop, plan, plan.right, right); !ready) {
        co_return Trouble{goal_of(plan.right), std::move(ready).error()};
    }
    auto work =
        plan.left.connections > 0 ? relay_always(plan, *left.door) : relay_once(plan, left, right);
    auto ended = co_await ft::first_of(std::move(work), signals.next());
    if (ended.index() == 0) co_return std::move(ended.get<0>());
    co_return std::nullopt;
}

int wrong_usage(const std::string& what, const std::string& shown, const std::string& hint) {
    std::fprintf(stderr, "error: %s\n", what.c_str());
    std::string indented = "  " + shown;
    if (const auto end = indented.find('\n'); end != indented.npos) indented.insert(end + 1, "  ");
    std::fprintf(stderr, "%s\n  hint: %s\n", indented.c_str(),
                 hint.empty() ? "`ft relay --help` tells what there is" : hint.c_str());
    return 2;
}

// 0, or the exit code for what is wrong with it, which has been told then.
int read_address(const std::string& text, const char* side, ft::RelayAddress& into) {
    auto address = ft::RelayAddress::parse(text);
    if (!address) {
        return wrong_usage(std::string("the ") + side + " address makes no sense",
                           address.error().shown_in(text), address.error().hint);
    }
    into = *std::move(address);
    return 0;
}

// What each address allows by itself, and the two do not together.
int check_plan(const RelayPlan& plan) {
    const auto refuse = [&](const char* why) {
        return wrong_usage("the two addresses do not go together",
                           plan.left.text + " " + plan.right.text, why);
    };
    const bool both_standard =
        plan.left.kind == ft::RelayKind::standard && plan.right.kind == ft::RelayKind::standard;
    if (both_standard) return refuse("only one of them can be standard input and output");
    if (plan.right.connections > 0) return refuse("fork belongs to the left one");
    if (plan.left.connections == 0) return 0;
    if (plan.right.kind == ft::RelayKind::standard || plan.right.is_listener() ||
        plan.right.kind == ft::RelayKind::udp_listen ||
        plan.right.kind == ft::RelayKind::unix_datagram_listen) {
        return refuse(
            "with fork the right one is opened for every connection: it can be what "
            "connects, a command or a file");
    }
    return 0;
}

int relay(const RelayArguments& arguments) {
    RelayPlan plan;
    if (const int code = read_address(arguments.left, "left", plan.left); code != 0) return code;
    if (const int code = read_address(arguments.right, "right", plan.right); code != 0) {
        return code;
    }
    if (const int code = check_plan(plan); code != 0) return code;
    plan.connect_limit = duration_of(arguments.connect_limit);
    plan.verbose = arguments.verbose;
    plan.limits.one_way = arguments.one_way;
    if (!arguments.idle.empty()) plan.limits.idle = duration_of(arguments.idle);
    if (!arguments.after_end.empty()) plan.limits.after_end = duration_of(arguments.after_end);
    plan.limits.block = std::max<std::size_t>(bytes_of_text(arguments.block), 1);
    auto loop = ft::Loop::open(arguments.loop.options());
    if (!loop) return failed("open a loop", loop.error());
    const Outcome trouble = ft::run(**loop, relay_until_signal(**loop, plan));
    return trouble ? failed(trouble->goal, trouble->cause) : 0;
}

}  // namespace

void add_relay(CLI::App& program, Run& chosen) {
    auto* command = program.add_subcommand(
        "relay", "join any two of sockets, files, commands and standard input and output");
    auto arguments = std::make_shared<RelayArguments>();
    command->add_option("left", arguments->left, "one side")->required()->type_name("ADDRESS");
    command->add_option("right", arguments->right, "the other side")
        ->required()
        ->type_name("ADDRESS");
    command->add_flag("-u,--one-way", arguments->one_way,
                      "only from left to right; what comes from the\n"
                      "right is thrown away");
    command
        ->add_option("-w,--connect-limit", arguments->connect_limit,
                     "give up connecting after this")
        ->capture_default_str()
        ->type_name("TIME")
        ->check(check_duration);
    command->add_option("-i,--idle", arguments->idle, "end when nothing has moved for so long")
        ->type_name("TIME")
        ->check(check_duration);
    command
        ->add_option("-t,--after-end", arguments->after_end,
                     "when one direction has ended, end when nothing\n"
                     "has moved in the other for so long (default: wait\n"
                     "for its end; 500ms where it has none)")
        ->type_name("TIME")
        ->check(check_duration);
    command
        ->add_option("-b,--block", arguments->block,
                     "bytes of a stream that make one message at most")
        ->capture_default_str()
        ->type_name("SIZE")
        ->check(check_bytes);
    command->add_flag("-v,--verbose", arguments->verbose, "say on standard error what happens");
    arguments->loop.add_to(*command);
    command->footer("An address is " + std::string(ft::relay_address_help()));
    command->callback([&chosen, arguments] { chosen = [arguments] { return relay(*arguments); }; });
}

}  // namespace ft_tool

#include "fivetuple/cli/units.h"
#include "fivetuple/os/shared_pages.h"
#include "fivetuple/server/connection.h"

#include "tools/command.h"
#include "tools/service.h"
#include <array>
#include <atomic>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

// `ft echo`: sends back whatever comes, on one core or many, until it is told to stop.
namespace ft_tool {

namespace ft = fivetuple;

namespace {

struct EchoArguments : ServiceArguments {
    bool as_json = false;
};

/// What has been echoed, over all workers, which may be processes: each counts in a row that it
/// shares with nobody, or with few.
class EchoCounts {
public:
    struct alignas(64) Row {
        std::atomic<std::uint64_t> messages;
        std::atomic<std::uint64_t> bytes;
        void count(std::size_t size) {
            messages.fetch_add(1, std::memory_order_relaxed);
            bytes.fetch_add(size, std::memory_order_relaxed);
        }
    };

    static ft::Result<EchoCounts> open() {
        FT_TRY(auto pages, ft::SharedPages::open(sizeof(Table)));
        return EchoCounts(std::move(pages));
    }
    /// This thread's.
    Row& row() {
        thread_local Row& mine = table_->rows[table_->taken++ % kRows];
        return mine;
    }
    std::uint64_t messages() const { return sum(&Row::messages); }
    std::uint64_t bytes() const { return sum(&Row::bytes); }

private:
    static constexpr std::size_t kRows = 256;
    struct Table {
        std::atomic<std::size_t> taken;
        std::array<Row, kRows> rows;
    };

    explicit EchoCounts(ft::SharedPages pages)
        : pages_(std::move(pages)), table_(reinterpret_cast<Table*>(pages_.bytes().data())) {}
    std::uint64_t sum(std::atomic<std::uint64_t> Row::* number) const {
        std::uint64_t all = 0;
        for (const Row& each : table_->rows) all += each.*number;
        return all;
    }

    ft::SharedPages pages_;
    Table* table_;
};

ft::Task<void> echo(ft::Connection& peer, EchoCounts& counts) {
    EchoCounts::Row& row = counts.row();
    ft::Result<ft::Lease> got = co_await peer.read();
    while (got && !got->empty()) {
        row.count(got->size());
        got = co_await peer.write_then_read(*std::move(got));
    }
}

/// What it prints at its end.
struct EchoReport {
    const EchoCounts& echoed;
    const ft::ServerCounters& server;

    /// Connections that were open when it ended.
    std::uint64_t open() const { return server.reasons[ft::Reason::drained] + server.cut_off; }
    std::uint64_t silent() const {
        return server.reasons[ft::Reason::idle] + server.reasons[ft::Reason::first_byte] +
               server.reasons[ft::Reason::write];
    }
    std::uint64_t broken() const {
        std::uint64_t all = 0;
        for (int code = 1; code < static_cast<int>(ft::ByErrno::kCodes); ++code) {
            all += server.broken[code];
        }
        return all;
    }
    std::uint64_t refused() const {
        std::uint64_t all = 0;
        for (std::size_t each = 0; each < ft::kReasons; ++each) {
            const auto reason = static_cast<ft::Reason>(each);
            if (ft::is_refusal(reason)) all += server.reasons[reason];
        }
        return all;
    }
    void print() const;
    void print_json(const std::string& backend) const;
};

void print_if_any(const char* format, std::uint64_t count) {
    if (count > 0) std::printf(format, ft::format_count(count).c_str());
}

void EchoReport::print() const {
    const std::uint64_t messages = echoed.messages();
    std::printf("accepted %s connections, echoed %s messages, %s\n",
                ft::format_count(server.accepted).c_str(), ft::format_count(messages).c_str(),
                ft::format_bytes(static_cast<double>(echoed.bytes())).c_str());
    print_if_any("ended %s that were open\n", open());
    print_if_any("broken by their peers: %s\n", broken());
    print_if_any("silent too long: %s\n", silent());
    print_if_any("turned away: %s\n", refused());
    print_if_any("out of descriptors or memory: %s times\n", server.shortages);
    if (messages > 0) {
        std::printf("system calls per message: %.3f\n",
                    static_cast<double>(server.system_calls) / static_cast<double>(messages));
    }
}

void EchoReport::print_json(const std::string& backend) const {
    const nlohmann::ordered_json report = {{"backend", backend},
                                           {"accepted", server.accepted},
                                           {"messages", echoed.messages()},
                                           {"bytes", echoed.bytes()},
                                           {"active", open()},
                                           {"broken", broken()},
                                           {"silent", silent()},
                                           {"refused", refused()},
                                           {"shortages", server.shortages},
                                           {"system_calls", server.system_calls},
                                           {"waits", server.waits},
                                           {"buffers_short", server.buffers_short},
                                           {"overflows", server.overflows}};
    std::printf("%s\n", report.dump(2).c_str());
}

std::string backend_of(const ServiceArguments& arguments) {
    const auto loop = ft::Loop::open(arguments.loop.options());
    return loop ? std::string(ft::to_string((*loop)->choice().kind)) : std::string();
}

int serve(const EchoArguments& arguments) {
    const std::string goal = "listen on " + arguments.address;
    auto counts = EchoCounts::open();
    if (!counts) return failed(goal, counts.error());
    ft::ServerOptions options = arguments.options();
    // Who waits for a descriptor is let wait: it is what `ft load` counts on.
    options.limits.shortage_patience = ft::ServerLimits::kForever;
    options.drain_how.quiet = std::chrono::milliseconds(10);
    const std::string backend = backend_of(arguments);
    EchoCounts& all = *counts;
    const auto served = serve_until_signal(
        arguments, options, [&all](ft::Connection& peer) { return echo(peer, all); });
    if (!served) return failed(goal, served.error());
    const EchoReport report{all, *served};
    if (arguments.as_json) {
        report.print_json(backend);
    } else {
        report.print();
    }
    return 0;
}

}  // namespace

void add_echo(CLI::App& program, Run& chosen) {
    auto* command = program.add_subcommand("echo", "a server that sends back whatever comes");
    auto arguments = std::make_shared<EchoArguments>();
    arguments->silence = "5m";
    arguments->drain = "250ms";
    arguments->add_to(*command);
    command->add_flag("--json", arguments->as_json, "print the counters at the end as JSON");
    command->callback([&chosen, arguments] { chosen = [arguments] { return serve(*arguments); }; });
}

}  // namespace ft_tool

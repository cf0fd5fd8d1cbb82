#include "fivetuple/cli/complain.h"
#include "fivetuple/diag/sock_diag.h"

#include "tools/command.h"
#include "tools/ss_rows.h"
#include <chrono>
#include <cstdio>
#include <ctime>
#include <memory>
#include <optional>
#include <thread>

// `ft ss`: the sockets of this machine.
namespace ft_tool {

namespace ft = fivetuple;
namespace diag = fivetuple::diag;

namespace {

struct SsArguments {
    bool tcp = false;
    bool udp = false;
    bool raw = false;
    bool unix_domain = false;
    bool packet = false;
    bool only_v4 = false;
    bool only_v6 = false;
    bool listening = false;
    bool all = false;
    SsDetails details;
    bool as_json = false;
    std::string group_by;
    std::string watch;
    std::vector<std::string> words;
};

constexpr SsGroups::By kGroupings[] = {SsGroups::By::state, SsGroups::By::peer,
                                       SsGroups::By::destination, SsGroups::By::process};

std::optional<SsGroups::By> grouping_named(const std::string& name) {
    for (const SsGroups::By each : kGroupings) {
        if (name == name_of(each)) return each;
    }
    return std::nullopt;
}

std::string check_grouping(const std::string& text) {
    if (grouping_named(text)) return {};
    std::string names;
    for (const SsGroups::By each : kGroupings) {
        names += (names.empty() ? "" : ", ") + std::string(name_of(each));
    }
    return "\"" + text + "\" is nothing to group by; there are " + names;
}

// Unless it is said otherwise, what is connected and has a process, as `ss` does it.
diag::StateSet states_asked(const SsArguments& arguments, const diag::Filter& filter) {
    using diag::StateSet;
    if (arguments.all || filter.names_states()) return StateSet::all();
    const StateSet open = StateSet(ft::TcpState::listening) | StateSet(ft::TcpState::closed);
    return arguments.listening ? open : StateSet::connected() & StateSet::big();
}

diag::Query query_of(const SsArguments& arguments, const diag::Filter& filter) {
    diag::Query query;
    const bool is_any = arguments.tcp || arguments.udp || arguments.raw || arguments.unix_domain ||
                        arguments.packet;
    query.tcp = arguments.tcp || !is_any;
    query.udp = arguments.udp || !is_any;
    query.raw = arguments.raw;
    query.unix_domain = arguments.unix_domain;
    query.packet = arguments.packet;
    query.ipv4 = !arguments.only_v6 || arguments.only_v4;
    query.ipv6 = !arguments.only_v4 || arguments.only_v6;
    query.states = states_asked(arguments, filter);
    query.with_tcp_info = arguments.details.info;
    query.with_congestion = arguments.details.info;
    query.with_memory = arguments.details.memory;
    query.with_service_bytes = arguments.details.info && arguments.as_json;
    query.filter = &filter;
    return query;
}

// What could not be seen is said, once, on standard error.
void mention_limits(const diag::Visit& visit, const diag::Owners* owners) {
    for (const std::string& each : visit.limits) std::fprintf(stderr, "note: %s\n", each.c_str());
    if (visit.asked_again > 0) {
        std::fprintf(stderr, "note: the list was disturbed and asked for again %zu time%s\n",
                     visit.asked_again, visit.asked_again == 1 ? "" : "s");
    }
    if (owners != nullptr && owners->unseen_processes() > 0) {
        std::fprintf(stderr,
                     "note: this user may not see the descriptors of %zu process%s; sockets "
                     "without a process may be theirs\n",
                     owners->unseen_processes(), owners->unseen_processes() == 1 ? "" : "es");
    }
}

int failed_to_list(const ft::Error& cause) { return failed("list the sockets", cause); }

int show_once(const SsArguments& arguments, const diag::Filter& filter, bool is_first) {
    diag::Query query = query_of(arguments, filter);
    std::optional<diag::Owners> owners;
    const auto by = grouping_named(arguments.group_by);
    const bool is_by_process = by == SsGroups::By::process;
    if (arguments.details.processes || is_by_process || filter.needs_owners()) {
        auto read = diag::Owners::read();
        if (!read) return failed("read who holds the sockets", read.error());
        owners = *std::move(read);
        query.owners = &*owners;
    }
    const diag::Owners* told =
        arguments.details.processes || is_by_process ? query.owners : nullptr;
    std::string text;
    ft::Result<diag::Visit> visit;
    if (by) {
        SsGroups groups(*by, told);
        visit = diag::visit_sockets(query, groups);
        text = groups.to_string(arguments.as_json);
    } else if (arguments.as_json) {
        SsJson json(arguments.details, told);
        visit = diag::visit_sockets(query, json);
        text = json.to_string();
    } else {
        SsRows rows(arguments.details, told);
        visit = diag::visit_sockets(query, rows);
        text = rows.to_string();
    }
    if (!visit) return failed_to_list(visit.error());
    if (is_first) mention_limits(*visit, query.owners);
    std::fwrite(text.data(), 1, text.size(), stdout);
    return 0;
}

int show_again_and_again(const SsArguments& arguments, const diag::Filter& filter) {
    const auto pause = duration_of(arguments.watch);
    for (bool is_first = true; true; is_first = false) {
        if (!is_first && !arguments.as_json) std::fputs("\n", stdout);
        if (const int code = show_once(arguments, filter, is_first); code != 0) return code;
        if (finish_output(0) != 0) return 1;
        std::this_thread::sleep_for(pause);
    }
}

int run_ss(const SsArguments& arguments) {
    std::string text;
    for (const std::string& each : arguments.words) text += (text.empty() ? "" : " ") + each;
    const auto filter = diag::Filter::parse(text);
    if (!filter) {
        std::fprintf(stderr, "error: cannot read the filter\n%s\n",
                     filter.error().to_string(text).c_str());
        return 2;
    }
    if (!arguments.watch.empty()) return show_again_and_again(arguments, *filter);
    return show_once(arguments, *filter, true);
}

void add_kinds(CLI::App& command, SsArguments& arguments) {
    command.add_flag("-t,--tcp", arguments.tcp, "TCP (with UDP, what is shown unless you choose)");
    command.add_flag("-u,--udp", arguments.udp, "UDP");
    command.add_flag("-w,--raw", arguments.raw, "raw sockets of IP");
    command.add_flag("-x,--unix", arguments.unix_domain, "Unix sockets");
    command.add_flag("-0,--packet", arguments.packet, "packet sockets, which take whole frames");
    command.add_flag("-4,--ipv4", arguments.only_v4, "of the Internet's, those of IPv4 only");
    command.add_flag("-6,--ipv6", arguments.only_v6, "those of IPv6 only");
    command.add_flag("-l,--listening", arguments.listening,
                     "those that wait for anybody, instead of those that are connected");
    command.add_flag("-a,--all", arguments.all, "both, and those in time-wait and syn-recv");
}

}  // namespace

void add_ss(CLI::App& program, Run& chosen) {
    auto* command = program.add_subcommand(
        "ss", "the sockets of this machine: state, queues, addresses, processes, what TCP knows");
    auto arguments = std::make_shared<SsArguments>();
    add_kinds(*command, *arguments);
    command->add_flag("-p,--processes", arguments->details.processes, "who holds them");
    command->add_flag("-i,--info", arguments->details.info, "what TCP knows of each connection");
    command->add_flag("-m,--memory", arguments->details.memory, "the memory they take");
    command->add_flag("-o,--timers", arguments->details.timers, "what they wait for");
    command
        ->add_option("-g,--group-by", arguments->group_by,
                     "totals by state, peer (address),\n"
                     "destination (address and port) or process")
        ->type_name("WHAT")
        ->check(check_grouping);
    command->add_flag("--json", arguments->as_json, "as JSON");
    command->add_option("--watch", arguments->watch, "again and again, with this pause")
        ->type_name("TIME")
        ->check(check_duration);
    command->add_option("FILTER", arguments->words,
                        "which: state established and ( dport = :443 or\n"
                        "sport = :443 ), dst 10.0.0.0/8, src /run/a.socket,\n"
                        "process = nginx; < > ( ) ! in quotes for the shell");
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return run_ss(*arguments); }; });
}

}  // namespace ft_tool

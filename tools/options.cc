#include "fivetuple/cli/option_pages.h"
#include "fivetuple/cli/table.h"
#include "fivetuple/os/clock.h"
#include "fivetuple/os/option_catalogue.h"
#include "fivetuple/os/socket.h"
#include "fivetuple/os/socket_kind.h"
#include "fivetuple/os/tcp_info.h"

#include "tools/command.h"
#include <cstdio>
#include <nlohmann/json.hpp>

// `ft options`: what socket options there are, all about one, and what a live socket holds.
namespace ft_tool {

namespace ft = fivetuple;

namespace {

struct OptionsArguments {
    std::vector<std::string> names;
    std::string address;
    std::string connect_limit = "10s";
    bool is_datagram = false;
    bool as_json = false;
    bool as_markdown = false;
};

using Json = nlohmann::ordered_json;

Json json_of(const ft::OptionEntry& entry) {
    Json each;
    each["name"] = entry.key.name;
    each["type"] = entry.type;
    each["level"] = ft::level_name(entry.key.level);
    each["number"] = entry.key.number;
    each["form"] = entry.form;
    each["unit"] = entry.unit;
    if (entry.has_range) each["least"] = entry.least;
    if (entry.has_range) each["most"] = entry.most;
    each["set"] = entry.is_settable;
    each["get"] = entry.is_readable();
    each["sockets"] = entry.kinds.to_string();
    each["since"] = entry.since.to_string();
    each["needs"] = entry.needs;
    each["kept"] = entry.kept;
    each["manual"] = entry.manual;
    each["meaning"] = entry.meaning;
    return each;
}

int unknown(const std::string& name) {
    std::string likely;
    for (const std::string_view each : ft::nearest_options(name)) {
        likely += (likely.empty() ? "" : ", ") + std::string(each);
    }
    std::fprintf(stderr,
                 "error: cannot describe %s\n  there is no option of this name\n  hint: %s\n",
                 name.c_str(),
                 likely.empty() ? "`ft options` lists all there are"
                                : ("perhaps " + likely + "; `ft options` lists all").c_str());
    return 1;
}

int describe(const OptionsArguments& arguments) {
    Json all = Json::array();
    std::string pages;
    for (const std::string& name : arguments.names) {
        const auto entries = ft::find_options(name);
        if (entries.empty()) return unknown(name);
        for (const ft::OptionEntry* each : entries) {
            pages += (pages.empty() ? "" : "\n") + ft::option_page(*each);
            all.push_back(json_of(*each));
        }
    }
    std::printf("%s", arguments.as_json ? (all.dump(2) + "\n").c_str() : pages.c_str());
    return 0;
}

int list(bool as_json) {
    if (!as_json) {
        std::printf("%s", ft::option_list().c_str());
        return 0;
    }
    Json all = Json::array();
    for (const ft::OptionEntry& each : ft::option_catalogue()) all.push_back(json_of(each));
    std::printf("%s\n", all.dump(2).c_str());
    return 0;
}

ft::Result<ft::Socket> connect(const OptionsArguments& arguments) {
    const ft::SocketAddress to = address_of(arguments.address);
    const ft::Time deadline = ft::after(ft::monotonic_now(), duration_of(arguments.connect_limit));
    if (!arguments.is_datagram) return ft::Socket::connect_to(to, deadline);
    FT_TRY(ft::Socket socket, ft::Socket::open(to.family(), ft::SocketType::datagram));
    FT_TRY_VOID(socket.connect(to, deadline));
    return socket;
}

/// An option of a live socket.
struct Held {
    const ft::OptionEntry* entry;
    ft::Result<ft::OptionReading> reading;
};

// Those that mean something to the socket and can be asked for.
std::vector<Held> read_all(ft::Socket& socket) {
    const ft::OptionAccess access(socket);
    const ft::SocketKind kind = ft::kind_of(access);
    std::vector<Held> held;
    for (const ft::OptionEntry& each : ft::option_catalogue()) {
        if (!each.is_readable() || !each.kinds.has(kind)) continue;
        held.push_back({&each, each.read(access)});
    }
    return held;
}

Json value_of(const Held& held) {
    if (!held.reading) return nullptr;
    if (!held.reading->figure) return held.reading->text;
    if (held.entry->form == "switch") return *held.reading->figure != 0;
    return *held.reading->figure;
}

void print_json(ft::Socket& socket, const std::vector<Held>& held) {
    Json report;
    report["socket"] = ft::to_string(ft::kind_of(ft::OptionAccess(socket)));
    if (const auto at = socket.local_address()) report["local"] = at->to_string();
    if (const auto at = socket.peer_address()) report["peer"] = at->to_string();
    for (const Held& each : held) {
        Json option;
        option["name"] = each.entry->key.name;
        option["value"] = value_of(each);
        if (!each.entry->unit.empty()) option["unit"] = each.entry->unit;
        if (each.reading) option["text"] = each.reading->text;
        if (!each.reading) option["error"] = each.reading.error().message();
        report["options"].push_back(std::move(option));
    }
    if (const auto info = ft::get<ft::TcpInfo>(socket)) {
        for (const auto& field : info->fields()) {
            Json& to = report["tcp_info"][std::string(field.name)];
            to["value"] = field.figure ? Json(*field.figure) : Json(field.value);
            if (!field.unit.empty()) to["unit"] = field.unit;
        }
    }
    std::printf("%s\n", report.dump(2).c_str());
}

void print_text(ft::Socket& socket, const std::vector<Held>& held) {
    const auto at = socket.local_address();
    const auto peer = socket.peer_address();
    std::printf("%s, %s <-> %s\n\n", ft::to_string(ft::kind_of(ft::OptionAccess(socket))).c_str(),
                at ? at->to_string().c_str() : "?", peer ? peer->to_string().c_str() : "?");
    ft::Table options({"option", "value", "meaning"}, ft::Table::Align::text);
    for (const Held& each : held) {
        // It has a table of its own.
        if (each.entry->type == "TcpInfo") continue;
        options.add(
            {each.entry->key.name,
             each.reading ? each.reading->text : "- (" + each.reading.error().reason() + ")",
             std::string(each.entry->meaning)});
    }
    std::printf("%s", options.to_string().c_str());
    const auto info = ft::get<ft::TcpInfo>(socket);
    if (!info) return;
    ft::Table fields({"TCP_INFO", "value"}, ft::Table::Align::text);
    for (const auto& each : info->fields()) fields.add({std::string(each.name), each.value});
    std::printf("\n%s", fields.to_string().c_str());
}

int show_socket(const OptionsArguments& arguments) {
    auto socket = connect(arguments);
    if (!socket) return failed("connect to " + arguments.address, socket.error());
    const std::vector<Held> held = read_all(*socket);
    (arguments.as_json ? print_json : print_text)(*socket, held);
    return 0;
}

int run_options(const OptionsArguments& arguments) {
    if (!arguments.address.empty()) return show_socket(arguments);
    if (!arguments.names.empty()) return describe(arguments);
    if (!arguments.as_markdown) return list(arguments.as_json);
    std::printf("%s", ft::options_markdown().c_str());
    return 0;
}

}  // namespace

void add_options(CLI::App& program, Run& chosen) {
    auto* command = program.add_subcommand(
        "options", "what socket options there are, all about one, and what a live socket holds");
    auto arguments = std::make_shared<OptionsArguments>();
    auto* names = command->add_option("name", arguments->names,
                                      "an option, by the kernel's name or by ours: SO_RCVBUF");
    auto* socket =
        command->add_option("-s,--socket", arguments->address, "connect there and show that socket")
            ->type_name("ADDRESS")
            ->check(check_peer)
            ->excludes(names);
    command->add_flag("-u,--udp", arguments->is_datagram, "with --socket: datagrams, none is sent")
        ->needs(socket);
    command
        ->add_option("-w,--connect-limit", arguments->connect_limit,
                     "with --socket: give up connecting after this")
        ->capture_default_str()
        ->type_name("TIME")
        ->check(check_duration);
    auto* as_json = command->add_flag("--json", arguments->as_json, "as JSON");
    command->add_flag("--markdown", arguments->as_markdown, "all of them, as docs/options.md")
        ->excludes(names)
        ->excludes(socket)
        ->excludes(as_json);
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return run_options(*arguments); }; });
}

}  // namespace ft_tool

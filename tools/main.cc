#include "fivetuple/os/process.h"

#include "tools/command.h"
#include "tools/small_services.h"
#include <csignal>
#include <cstdio>

namespace ft_tool {
namespace {

bool always(const CLI::App*) { return true; }

// CLI11 says of a word that names no command only that a command is required.
std::string what_is_wrong(const CLI::App& program, const CLI::ParseError& wrong,
                          const char* first_word) {
    if (!program.get_subcommands().empty()) return wrong.what();
    std::string commands;
    for (const CLI::App* each : program.get_subcommands(&always)) {
        commands += (commands.empty() ? "" : ", ") + each->get_name();
    }
    if (first_word == nullptr) return "a command is missing: " + commands;
    const std::string what = *first_word == '-' ? "option" : "command";
    return "there is no " + what + " \"" + first_word + "\"; the commands are " + commands;
}

int complain_of_usage(const CLI::App& program, const std::string& wrong) {
    std::string asked = "ft";
    for (const CLI::App* each : program.get_subcommands()) asked += " " + each->get_name();
    std::fprintf(stderr, "error: %s\n  hint: `%s --help` tells what there is\n", wrong.c_str(),
                 asked.c_str());
    return 2;
}

int run(int count, char** arguments) {
    CLI::App program("ft: the tool of fivetuple, the socket layer for C++ on Linux", "ft");
    program.require_subcommand(1);
    program.set_version_flag("--version", "ft " FT_VERSION);
    program.footer(
        "Addresses: 127.0.0.1:7777, [::1]:7777, *:7777 (every address), localhost:7777,\n"
        "unix:/path, /path, @abstract-name. Times: 250ms, 1.5s, 2m. Sizes: 64, 16KiB.\n"
        "FT_BACKEND=io_uring|epoll|poll|select chooses the backend of every command.");
    Run chosen;
    add_demo(program, chosen);
    add_echo(program, chosen);
    add_discard(program, chosen);
    add_chargen(program, chosen);
    add_daytime(program, chosen);
    add_serve_tcp(program, chosen);
    add_load(program, chosen);
    add_cat(program, chosen);
    add_relay(program, chosen);
    add_backends(program, chosen);
    add_options(program, chosen);
    add_explain(program, chosen);
    add_ping(program, chosen);
    add_sim(program, chosen);
    add_tun(program, chosen);
    add_wire(program, chosen);
    add_ctl(program, chosen);
    add_ss(program, chosen);
    add_doctor(program, chosen);
    try {
        program.parse(count, arguments);
    } catch (const CLI::Success& asked_for_help) {
        return program.exit(asked_for_help);
    } catch (const CLI::ParseError& wrong) {
        return complain_of_usage(program,
                                 what_is_wrong(program, wrong, count > 1 ? arguments[1] : nullptr));
    }
    return chosen();
}

}  // namespace
}  // namespace ft_tool

// The ft program: what sockets do, from the command line.
int main(int count, char** arguments) {
    fivetuple::keep_standard_descriptors();
    fivetuple::raise_descriptor_limit();
    // Who reads our output may go before us; that is an error like any other.
    std::signal(SIGPIPE, SIG_IGN);
    return ft_tool::finish_output(ft_tool::run(count, arguments));
}

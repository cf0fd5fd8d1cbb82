#include "fivetuple/os/process.h"

#include "tools/command.h"
#include <cstdio>

// The ft program: what sockets do, from the command line.
int main(int count, char** arguments) {
    using namespace ft_tool;
    fivetuple::keep_standard_descriptors();
    fivetuple::raise_descriptor_limit();

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
    add_load(program, chosen);
    add_cat(program, chosen);
    add_backends(program, chosen);
    try {
        program.parse(count, arguments);
    } catch (const CLI::Success& asked_for_help) {
        return program.exit(asked_for_help);
    } catch (const CLI::ParseError& wrong) {
        std::fprintf(stderr, "error: %s\n  hint: `%s --help` tells what there is\n", wrong.what(),
                     program.get_subcommands().empty()
                         ? "ft"
                         : ("ft " + program.get_subcommands().front()->get_name()).c_str());
        return 2;
    }
    return chosen();
}

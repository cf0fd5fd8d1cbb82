#include "fivetuple/blocking/unix.h"
#include "fivetuple/os/clock.h"

#include "tools/command.h"
#include <chrono>
#include <cstdio>
#include <memory>

// `ft ctl`: asks a running server what it does, or tells it what to do.
namespace ft_tool {

namespace ft = fivetuple;

namespace {

constexpr auto kPatience = std::chrono::seconds(10);

ft::Result<std::string> ask(const ft::SocketAddress& at, const std::string& command) {
    const ft::Time give_up = ft::after(ft::monotonic_now(), kPatience);
    FT_TRY(auto server, ft::blocking::UnixStream::connect(at, give_up));
    auto sent = server.write_all(ft::bytes_of(command + "\n"), give_up);
    if (!sent) return std::unexpected(std::move(sent).error());
    std::string answer;
    while (true) {
        FT_TRY(const ft::Lease got, server.read(give_up));
        if (got.empty()) return answer;
        answer += ft::text_of(got.bytes());
    }
}

int tell(const std::string& where, const std::vector<std::string>& words) {
    std::string command;
    for (const std::string& word : words) command += (command.empty() ? "" : " ") + word;
    auto answer = ask(address_of(where), command);
    if (!answer) return failed("ask the server at " + where, answer.error());
    if (answer->empty()) {
        return failed("ask the server at " + where, ft::Error::ended("recv"));
    }
    if (answer->starts_with("error: ")) {
        std::fputs(answer->c_str(), stderr);
        return 1;
    }
    std::fputs(answer->c_str(), stdout);
    return 0;
}

}  // namespace

void add_ctl(CLI::App& program, Run& chosen) {
    auto* command =
        program.add_subcommand("ctl", "asks a running server what it does, or tells it what to do");
    auto where = std::make_shared<std::string>();
    auto words = std::make_shared<std::vector<std::string>>();
    command->add_option("PATH", *where, "where it listens for this: ServerOptions::control")
        ->required()
        ->check(check_unix);
    command
        ->add_option("COMMAND", *words,
                     "status (counters, as Prometheus reads them), connections,\n"
                     "tasks, drain, kill and the number of a connection, retire\n"
                     "and that of a worker, or workers (where they are processes)")
        ->required();
    command->callback(
        [&chosen, where, words] { chosen = [where, words] { return tell(*where, *words); }; });
}

}  // namespace ft_tool

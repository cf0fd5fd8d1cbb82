#include "tools/command.h"

#include "fivetuple/cli/complain.h"
#include "fivetuple/cli/units.h"

#include <cerrno>
#include <cstdio>

namespace ft_tool {

namespace ft = fivetuple;

namespace {

template <class T>
std::string wrong_with(const ft::Result<T>& parsed) {
    if (parsed) return {};
    // CLI11 puts in front what it is that is wrong.
    return std::string(parsed.error().subject()) + ": " + parsed.error().reason();
}

}  // namespace

void LoopArguments::add_to(CLI::App& command) {
    command.add_option("--backend", backend, "io_uring, epoll, poll or select (default: the best)")
        ->type_name("NAME")
        ->check([](const std::string& text) { return wrong_with(ft::parse_backend(text)); });
    command
        .add_option("--spin", spin,
                    "look for work so long before sleeping: a lone\n"
                    "round trip gets shorter, and the thread takes\n"
                    "a whole core meanwhile")
        ->type_name("TIME")
        ->check(check_duration);
}

ft::LoopOptions LoopArguments::options() const {
    ft::LoopOptions options;
    if (!backend.empty()) options.backend = *ft::parse_backend(backend);
    if (!spin.empty()) options.spin = duration_of(spin);
    return options;
}

std::string check_address(const std::string& text) {
    const auto address = ft::SocketAddress::parse(text);
    if (address && address->is_unnamed()) return "\"" + text + "\": the path is missing";
    return wrong_with(address);
}
std::string check_peer(const std::string& text) {
    const auto address = ft::SocketAddress::parse(text);
    if (address && address->is_ip() && address->port() == 0) {
        return "\"" + text + "\": nobody can listen on port 0";
    }
    return check_address(text);
}
std::string check_unix(const std::string& text) {
    std::string wrong = check_peer(text);
    if (!wrong.empty() || address_of(text).is_unix()) return wrong;
    return "\"" + text + "\": servers are told on a name in the Unix domain, a path or @name";
}
std::string check_duration(const std::string& text) { return wrong_with(ft::parse_duration(text)); }
std::string check_bytes(const std::string& text) { return wrong_with(ft::parse_bytes(text)); }

ft::SocketAddress address_of(const std::string& text) { return *ft::SocketAddress::parse(text); }
ft::Duration duration_of(const std::string& text) { return *ft::parse_duration(text); }
std::uint64_t bytes_of_text(const std::string& text) { return *ft::parse_bytes(text); }

int failed(const std::string& goal, const ft::Error& cause) {
    std::fprintf(stderr, "%s\n", ft::complaint(goal, cause).c_str());
    return 1;
}

int finish_output(int code) {
    errno = 0;
    const bool is_written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
    if (is_written) return code;
    const int why =
        errno == 0 ? EIO : errno;  // An earlier write has failed, and its errno is gone.
    return failed("print the result", ft::Error::system(why, "write"));
}

void mention_choice(const ft::BackendChoice& choice) {
    for (const auto& passed : choice.passed_over) {
        const std::string_view hint = ft::hint_for(passed.why);
        std::fprintf(stderr, "note: using %s, not %s: %s%s%s\n",
                     std::string(ft::to_string(choice.kind)).c_str(),
                     std::string(ft::to_string(passed.kind)).c_str(), passed.why.message().c_str(),
                     hint.empty() ? "" : "; ", std::string(hint).c_str());
    }
}

}  // namespace ft_tool

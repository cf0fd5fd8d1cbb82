#include "tools/command.h"

#include "fivetuple/cli/complain.h"
#include "fivetuple/cli/units.h"

#include <cstdio>

namespace ft_tool {

namespace ft = fivetuple;

namespace {

template <class T>
std::string wrong_with(const ft::Result<T>& parsed) {
    return parsed ? std::string() : parsed.error().message();
}

}  // namespace

void LoopArguments::add_to(CLI::App& command) {
    command.add_option("--backend", backend, "io_uring, epoll, poll or select (default: the best)")
        ->check([](const std::string& text) { return wrong_with(ft::parse_backend(text)); });
    command
        .add_option(
            "--spin", spin,
            "look for work so long before sleeping: a lone round trip gets shorter, and the "
            "thread takes a whole core meanwhile")
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
    return wrong_with(ft::SocketAddress::parse(text));
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

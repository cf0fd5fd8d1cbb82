#include "fivetuple/cli/complain.h"
#include "fivetuple/io/loop.h"

#include "tools/command.h"
#include <cstdio>
#include <nlohmann/json.hpp>

// `ft backends`: what this kernel offers, what a loop would run on, and why not the others.
namespace ft_tool {

namespace ft = fivetuple;

namespace {

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

void print_text(const std::vector<ft::BackendProbe>& probes, const ft::BackendChoice& choice) {
    for (const ft::BackendProbe& probe : probes) {
        const std::string name(ft::to_string(probe.kind));
        if (!probe.unavailable) {
            std::printf("%-9s works: %s\n", name.c_str(), joined(probe.offers).c_str());
            continue;
        }
        std::printf("%-9s cannot be had: %s\n", name.c_str(), probe.unavailable->message().c_str());
        const std::string_view hint = ft::hint_for(*probe.unavailable);
        if (!hint.empty()) std::printf("%-9s hint: %s\n", "", std::string(hint).c_str());
    }
    std::printf("\na loop here runs on %s (%s)\n", std::string(ft::to_string(choice.kind)).c_str(),
                choice.because.c_str());
}

void print_json(const std::vector<ft::BackendProbe>& probes, const ft::BackendChoice& choice) {
    nlohmann::ordered_json report;
    report["chosen"] = ft::to_string(choice.kind);
    report["because"] = choice.because;
    for (const ft::BackendProbe& probe : probes) {
        nlohmann::ordered_json each;
        each["name"] = ft::to_string(probe.kind);
        each["works"] = !probe.unavailable.has_value();
        each["offers"] = probe.offers;
        if (probe.unavailable) each["why_not"] = probe.unavailable->message();
        report["backends"].push_back(std::move(each));
    }
    std::printf("%s\n", report.dump(2).c_str());
}

int report(bool as_json, const ft::LoopOptions& options) {
    const auto probes = ft::probe_backends();
    auto loop = ft::Loop::open(options);
    if (!loop) return failed("open a loop", loop.error());
    (as_json ? print_json : print_text)(probes, (*loop)->choice());
    return 0;
}

}  // namespace

void add_backends(CLI::App& program, Run& chosen) {
    auto* command = program.add_subcommand(
        "backends", "what this kernel offers a loop, what is chosen, and why not the others");
    auto as_json = std::make_shared<bool>(false);
    auto loop = std::make_shared<LoopArguments>();
    command->add_flag("--json", *as_json, "as JSON");
    loop->add_to(*command);
    command->callback([&chosen, as_json, loop] {
        chosen = [as_json, loop] { return report(*as_json, loop->options()); };
    });
}

}  // namespace ft_tool

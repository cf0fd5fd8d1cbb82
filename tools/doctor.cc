#include "fivetuple/diag/findings.h"

#include "tools/command.h"
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

// `ft doctor`: what is wrong with the sockets of this machine.
namespace ft_tool {

namespace diag = fivetuple::diag;

namespace {

struct DoctorArguments {
    std::string length = "1s";
    std::uint32_t pid = 0;
    std::uint16_t port = 0;
    bool all = false;
    bool as_json = false;
    std::string explain;
};

using Json = nlohmann::ordered_json;

// As scripts want it: 0 well, 3 warnings only, 4 something severe. (1 and 2 are failures of ours.)
constexpr int kWarned = 3;
constexpr int kSevere = 4;

int code_of(const std::vector<diag::Finding>& found) {
    if (found.empty()) return 0;
    return found.front().severity == diag::Severity::severe ? kSevere : kWarned;
}

std::string names() {
    std::string all;
    for (const diag::Illness& each : diag::illnesses()) {
        all += (all.empty() ? "" : ", ") + std::string(each.name);
    }
    return all;
}

const diag::Illness* illness_named(std::string_view name) {
    for (const diag::Illness& each : diag::illnesses()) {
        if (each.name == name) return &each;
    }
    return nullptr;
}

std::string check_illness(const std::string& text) {
    if (illness_named(text) != nullptr) return {};
    return "\"" + text + "\" is nothing it looks for; that is " + names();
}

void print(const char* head, std::string_view text) {
    std::printf("  %-9s %.*s\n", head, static_cast<int>(text.size()), text.data());
}

int explain(const diag::Illness& illness) {
    std::printf("%s\n", std::string(illness.name).c_str());
    print("meaning", illness.meaning);
    print("why", illness.harm);
    print("to do", illness.remedy);
    print("known by", illness.sign);
    return 0;
}

void print_finding(const diag::Finding& each) {
    std::printf("%s: %s: %s\n", std::string(diag::name_of(each.severity)).c_str(),
                std::string(each.illness->name).c_str(), each.who.c_str());
    print("evidence", each.evidence);
    print("why", each.illness->harm);
    print("to do", each.illness->remedy);
    print("sure", each.is_certain ? "yes" : "likely; it may be meant so");
}

Json json_of(const diag::Finding& each) {
    return {{"illness", each.illness->name},
            {"severity", diag::name_of(each.severity)},
            {"who", each.who},
            {"evidence", each.evidence},
            {"meaning", each.illness->meaning},
            {"why", each.illness->harm},
            {"to_do", each.illness->remedy},
            {"is_certain", each.is_certain}};
}

// What was looked for and not found.
void print_healthy(const std::vector<diag::Finding>& found) {
    for (const diag::Illness& each : diag::illnesses()) {
        const bool is_found = std::ranges::any_of(
            found, [&each](const diag::Finding& one) { return one.illness == &each; });
        if (!is_found) std::printf("well: %s\n", std::string(each.name).c_str());
    }
}

int report(const DoctorArguments& arguments, const std::vector<diag::Finding>& found) {
    if (arguments.as_json) {
        Json all = Json::array();
        for (const diag::Finding& each : found) all.push_back(json_of(each));
        std::printf("%s\n", all.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
        return code_of(found);
    }
    for (const diag::Finding& each : found) print_finding(each);
    if (arguments.all) print_healthy(found);
    if (found.empty() && !arguments.all) std::printf("nothing is wrong that it looks for\n");
    return code_of(found);
}

int run_doctor(const DoctorArguments& arguments) {
    if (!arguments.explain.empty()) return explain(*illness_named(arguments.explain));
    diag::Patients patients;
    if (arguments.pid != 0) patients.pid = arguments.pid;
    if (arguments.port != 0) patients.port = arguments.port;
    const auto before = diag::Look::take(patients);
    if (!before) return failed("look at the sockets", before.error());
    std::this_thread::sleep_for(duration_of(arguments.length));
    const auto now = diag::Look::take(patients);
    if (!now) return failed("look at the sockets", now.error());
    if (now->unseen_processes > 0) {
        std::fprintf(stderr,
                     "note: this user may not see all processes (%zu are not seen); what is theirs "
                     "is told without them, or not at all\n",
                     now->unseen_processes);
    }
    return report(arguments, diag::findings(*before, *now));
}

}  // namespace

void add_doctor(CLI::App& program, Run& chosen) {
    auto* command = program.add_subcommand(
        "doctor", "what is wrong with the sockets of this machine, whose it is, and what to do");
    auto arguments = std::make_shared<DoctorArguments>();
    command
        ->add_option("--for", arguments->length,
                     "look so long: what is lost meanwhile counts, not\n"
                     "what was lost before")
        ->type_name("TIME")
        ->capture_default_str()
        ->check(check_duration);
    command->add_option("--pid", arguments->pid, "only at what this process holds")
        ->type_name("PID")
        ->check(CLI::PositiveNumber);
    command->add_option("--port", arguments->port, "only at sockets with this port")
        ->type_name("PORT")
        ->check(CLI::PositiveNumber);
    command->add_flag("--all", arguments->all, "name also what was looked for and is well");
    command->add_flag("--json", arguments->as_json, "as JSON");
    command->add_option("--explain", arguments->explain, "what it knows of one illness")
        ->type_name("NAME")
        ->check(check_illness);
    command->footer(
        "The exit code is 0 where all is well, 3 with warnings, 4 where something is severe.");
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return run_doctor(*arguments); }; });
}

}  // namespace ft_tool

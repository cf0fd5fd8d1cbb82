#include "trial_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace bench {
namespace {

using Json = nlohmann::ordered_json;

/// With thousands apart, as people read them.
std::string readable(double value, int decimals) {
    const std::string plain = fmt::format("{:.{}f}", value, decimals);
    const std::size_t first = plain.starts_with('-') ? 1 : 0;
    const std::size_t point = std::min(plain.find('.'), plain.size());
    std::string text;
    for (std::size_t at = 0; at < plain.size(); ++at) {
        if (at > first && at < point && (point - at) % 3 == 0) text += ',';
        text += plain[at];
    }
    return text;
}

std::string with_unit(double value, const Finding& of) {
    const std::string text = readable(value, of.decimals);
    return of.unit.empty() ? text : text + " " + of.unit;
}

std::string measured(const Finding& finding) {
    const Figure& figure = finding.figure;
    const std::string text = with_unit(figure.median, finding);
    if (figure.least == figure.most) return text;
    return fmt::format("{} ({}..{})", text, readable(figure.least, finding.decimals),
                       readable(figure.most, finding.decimals));
}

std::string bound(const Finding& finding) {
    if (finding.most && finding.least && *finding.most == *finding.least) {
        return with_unit(*finding.most, finding);
    }
    if (finding.most) return "at most " + with_unit(*finding.most, finding);
    if (finding.least) return "at least " + with_unit(*finding.least, finding);
    return "";
}

std::string verdict(const Finding& finding) {
    if (!finding.most && !finding.least) return "";
    return finding.is_met() ? "kept" : "**missed**";
}

Json json_of(const Finding& finding) {
    Json json = {{"what", finding.what},
                 {"unit", finding.unit},
                 {"median", finding.figure.median},
                 {"least", finding.figure.least},
                 {"most", finding.figure.most},
                 {"met", finding.is_met()}};
    if (finding.most) json["bound_most"] = *finding.most;
    if (finding.least) json["bound_least"] = *finding.least;
    return json;
}

}  // namespace

std::string markdown_of(const Trial& trial) {
    std::string text = fmt::format(
        "### {}\n\n{} Meanwhile other processes took {:.1f} % of the machine, and the host {:.1f} "
        "%.\n\n| | measured | bound | |\n|---|---:|---:|---|\n",
        trial.title, trial.method, trial.disturbance.other_processes,
        trial.disturbance.stolen_by_host);
    for (const Finding& finding : trial.findings) {
        text += fmt::format("| {} | {} | {} | {} |\n", finding.what, measured(finding),
                            bound(finding), verdict(finding));
    }
    return text + "\n";
}

std::string markdown_report(const Machine& machine, const std::vector<Trial>& trials) {
    std::string text = fmt::format(
        "* date: {}\n* machine: {}, {} cores, {}\n* TCP congestion control: {}\n* compiler: {}\n"
        "* command: {}\n\n",
        machine.date, machine.cpu, machine.cores, machine.kernel, machine.congestion_control,
        machine.compiler, machine.command);
    for (const Trial& trial : trials) text += markdown_of(trial);
    return text;
}

std::string json_report(const Machine& machine, const std::vector<Trial>& trials) {
    Json report = {{"date", machine.date},
                   {"kernel", machine.kernel},
                   {"cpu", machine.cpu},
                   {"cores", machine.cores},
                   {"congestion_control", machine.congestion_control},
                   {"compiler", machine.compiler},
                   {"command", machine.command},
                   {"trials", Json::array()}};
    for (const Trial& trial : trials) {
        Json entry = {{"name", trial.name},
                      {"title", trial.title},
                      {"method", trial.method},
                      {"other_processes_percent", trial.disturbance.other_processes},
                      {"stolen_by_host_percent", trial.disturbance.stolen_by_host},
                      {"findings", Json::array()}};
        for (const Finding& finding : trial.findings) {
            entry["findings"].push_back(json_of(finding));
        }
        report["trials"].push_back(std::move(entry));
    }
    return report.dump(1) + "\n";
}

}  // namespace bench

#include "fivetuple/faults/for_each_await.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstring>
#include <sstream>
#include <utility>

namespace fivetuple {
namespace {

struct CallSeen {
    std::size_t faults = 0;  // That it can suffer; the errors are the first of them.
    std::size_t errors = 0;
    std::string name;
};

// One run, as its process has told of it.
struct Run {
    std::vector<std::string> awaits;
    std::vector<bool> has_limit;
    std::vector<CallSeen> calls;
    std::string done;  // What was done to the program; empty where that was never met.
    std::vector<std::string> findings;
    FaultTally tally;
};

void take_line(const std::string& line, Run& run) {
    std::string rest = line.substr(1);
    std::istringstream words(rest);
    switch (line.front()) {
        case 'A':
        case 'L':
            run.awaits.push_back(rest);
            return run.has_limit.push_back(line.front() == 'L');
        case 'C': {
            CallSeen call;
            words >> call.faults >> call.errors >> std::ws;
            std::getline(words, call.name);
            return run.calls.push_back(std::move(call));
        }
        case 'T': {
            int call = 0;
            int kind = 0;
            int code = 0;
            std::uint64_t times = 0;
            words >> call >> kind >> code >> times;
            return run.tally.add(static_cast<CallKind>(call),
                                 {static_cast<FaultKind>(kind), code, {}}, times);
        }
        case 'X':
            run.done = rest;
            return;
        case 'F':
            std::ranges::replace(rest, '\r', '\n');
            return run.findings.push_back(rest);
        default:
            return;
    }
}

Run run_once(const std::function<void(Trial&)>& program, const Trial::Plan& plan,
             const ForEachAwaitOptions& options) {
    const Isolated outcome = run_isolated(
        [&](Teller& teller) {
            Trial trial(plan, teller);
            try {
                program(trial);
            } catch (const std::exception& thrown) {
                trial.find(std::string("it throws: ") + thrown.what());
            } catch (...) {
                trial.find("it throws");
            }
            trial.finish();
        },
        options.patience);
    Run run;
    std::istringstream lines(outcome.said);
    for (std::string line; std::getline(lines, line);) {
        if (!line.empty()) take_line(line, run);
    }
    if (outcome.took_too_long) {
        run.findings.push_back("it never ends: ended by force");
    } else if (outcome.signal != 0 && run.findings.empty()) {
        run.findings.push_back("it crashes: " + std::string(::strsignal(outcome.signal)));
    }
    return run;
}

/// All the runs, one after the other, until there are enough findings.
class Series {
public:
    Series(const std::function<void(Trial&)>& program, const ForEachAwaitOptions& options)
        : program_(program), options_(options) {}

    ForEachAwaitReport run() {
        const Run first = one({});
        report_.awaits = first.awaits.size();
        report_.calls = first.calls.size();
        report_.places = first.awaits;
        report_.limits = static_cast<std::size_t>(std::ranges::count(first.has_limit, true));
        if (!report_.ok()) return std::move(report_);
        cancel_each(first);
        fail_each(first);
        return std::move(report_);
    }

private:
    bool is_enough() const { return report_.findings.size() >= options_.most_findings; }

    void cancel_each(const Run& first) {
        for (std::size_t at = 0; at < first.awaits.size() && !is_enough(); ++at) {
            one({Trial::Aim::cancel, at + 1, 0}, first.awaits[at]);
            if (first.has_limit[at]) one({Trial::Aim::deadline, at + 1, 0}, first.awaits[at]);
        }
    }

    void fail_each(const Run& first) {
        std::map<std::string, std::size_t> made;
        for (std::size_t at = 0; at < first.calls.size() && !is_enough(); ++at) {
            const CallSeen& call = first.calls[at];
            if (!options_.every_fault) {
                if (call.errors == 0) continue;
                const std::size_t which = made[call.name]++ % call.errors;
                one({Trial::Aim::fail, at + 1, which}, call.name);
                continue;
            }
            for (std::size_t which = 0; which < call.faults && !is_enough(); ++which) {
                one({Trial::Aim::fail, at + 1, which}, call.name);
            }
        }
    }

    Run one(const Trial::Plan& plan, const std::string& where = {}) {
        Run run = run_once(program_, plan, options_);
        ++report_.runs;
        const bool is_met = !run.done.empty();
        if (plan.aim != Trial::Aim::watch && !is_met) ++report_.not_met;
        for (const std::string& what : run.findings) {
            report_.findings.push_back(name_of(plan, is_met ? run.done : where) + ": " + what);
        }
        report_.tally.add(run.tally);
        return run;
    }

    static std::string name_of(const Trial::Plan& plan, const std::string& what) {
        const std::string number = std::to_string(plan.number);
        switch (plan.aim) {
            case Trial::Aim::watch:
                return "undisturbed";
            case Trial::Aim::cancel:
            case Trial::Aim::deadline:
                return "await " + number + ", " + what;
            case Trial::Aim::fail:
                break;
        }
        return "call " + number + ", " + what;
    }

    const std::function<void(Trial&)>& program_;
    const ForEachAwaitOptions& options_;
    ForEachAwaitReport report_;
};

}  // namespace

std::string ForEachAwaitReport::to_string() const {
    std::ostringstream text;
    text << awaits << " awaits (" << limits << " under a deadline), " << calls << " calls, " << runs
         << " runs, " << tally.total() << " faults; ";
    if (not_met > 0) text << not_met << " runs did not come to it; ";
    if (ok()) {
        text << "nothing found\n";
    } else {
        text << findings.size() << " found:\n";
    }
    for (const std::string& each : findings) text << "  " << each << '\n';
    return text.str();
}

ForEachAwaitReport for_each_await(const std::function<void(Trial&)>& program,
                                  const ForEachAwaitOptions& options) {
    return Series(program, options).run();
}

}  // namespace fivetuple

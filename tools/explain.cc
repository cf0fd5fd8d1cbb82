#include "fivetuple/cli/explain.h"

#include "fivetuple/cli/errno_cases.h"
#include "fivetuple/cli/table.h"

#include "tools/command.h"
#include <cstdio>
#include <nlohmann/json.hpp>

// `ft explain`: what a word means, and what to do about it.
namespace ft_tool {

namespace ft = fivetuple;

namespace {

struct ExplainArguments {
    std::vector<std::string> words;
    std::string kind;
    bool is_list = false;
    bool as_json = false;
    bool as_markdown = false;
};

using Json = nlohmann::ordered_json;

Json json_of(const ft::Explanation& told) {
    Json each;
    each["name"] = told.name;
    each["kind"] = ft::name_of(told.kind);
    each["meaning"] = told.meaning;
    each["lines"] = Json::array();
    for (const ft::Explanation::Line& line : told.lines) {
        each["lines"].push_back({{"head", line.head}, {"text", line.text}});
    }
    return each;
}

void print_json(const std::vector<ft::Explanation>& all) {
    Json array = Json::array();
    for (const ft::Explanation& each : all) array.push_back(json_of(each));
    std::printf("%s\n", array.dump(2).c_str());
}

std::string kinds() {
    std::string names;
    for (const ft::WordKind each : ft::kWordKinds) {
        names += (names.empty() ? "" : ", ") + std::string(ft::name_of(each));
    }
    return names;
}

std::string check_kind(const std::string& text) {
    return ft::kind_named(text) ? "" : "\"" + text + "\" is no kind of word; they are " + kinds();
}

int list(const ExplainArguments& arguments) {
    std::vector<ft::WordKind> wanted(std::begin(ft::kWordKinds), std::end(ft::kWordKinds));
    if (!arguments.kind.empty()) wanted = {*ft::kind_named(arguments.kind)};
    std::vector<ft::Explanation> all;
    for (const ft::WordKind kind : wanted) {
        const auto words = ft::words_of(kind);
        all.insert(all.end(), words.begin(), words.end());
        if (arguments.as_json) continue;
        ft::Table table({std::string(ft::heading_of(kind)), "meaning"}, ft::Table::Align::text);
        for (const ft::Explanation& each : words) table.add({each.name, each.meaning});
        std::printf("%s%s", kind == wanted.front() ? "" : "\n", table.to_string().c_str());
    }
    if (arguments.as_json) print_json(all);
    return 0;
}

int unknown(const std::string& word) {
    std::string likely;
    for (const std::string& each : ft::nearest_words(word)) {
        likely += (likely.empty() ? "" : ", ") + each;
    }
    std::fprintf(stderr, "error: cannot explain \"%s\"\n  there is no such word here\n  hint: %s\n",
                 word.c_str(),
                 likely.empty()
                     ? "`ft explain --list` lists all there are"
                     : ("perhaps " + likely + "; `ft explain --list` lists all").c_str());
    return 1;
}

// One word, or several that are a sentence, or several words.
std::vector<std::string> as_asked(const std::vector<std::string>& words) {
    std::string sentence;
    for (const std::string& each : words) sentence += (sentence.empty() ? "" : " ") + each;
    if (!ft::explain(sentence).empty()) return {sentence};
    for (const std::string& each : words) {
        if (!ft::explain(each).empty()) return words;
    }
    return {sentence};
}

int explain(const ExplainArguments& arguments) {
    std::vector<ft::Explanation> all;
    std::string pages;
    for (const std::string& word : as_asked(arguments.words)) {
        const auto told = ft::explain(word);
        if (told.empty()) return unknown(word);
        for (const ft::Explanation& each : told) {
            pages += (pages.empty() ? "" : "\n") + each.to_string();
            all.push_back(each);
        }
    }
    if (arguments.as_json) {
        print_json(all);
    } else {
        std::printf("%s", pages.c_str());
    }
    return 0;
}

int run_explain(const ExplainArguments& arguments) {
    if (arguments.as_markdown) {
        std::printf("%s", ft::errno_markdown().c_str());
        return 0;
    }
    if (arguments.is_list || !arguments.kind.empty()) return list(arguments);
    if (!arguments.words.empty()) return explain(arguments);
    std::fprintf(stderr,
                 "error: cannot explain nothing\n  a word is missing\n"
                 "  hint: `ft explain ECONNREFUSED`, or `ft explain --list` for all there are\n");
    return 2;
}

}  // namespace

void add_explain(CLI::App& program, Run& chosen) {
    auto* command = program.add_subcommand(
        "explain", "what an errno, option, TCP state, flag or sysctl means, and what to do");
    auto arguments = std::make_shared<ExplainArguments>();
    auto* words =
        command->add_option("word", arguments->words,
                            "ECONNREFUSED, 111, \"connection refused\", close-wait, SO_LINGER ...");
    auto* is_list = command->add_flag("-l,--list", arguments->is_list, "all there are, a line each")
                        ->excludes(words);
    auto* kind = command->add_option("-k,--kind", arguments->kind, "list those of one kind")
                     ->type_name("KIND")
                     ->check(check_kind)
                     ->excludes(words);
    auto* as_json = command->add_flag("--json", arguments->as_json, "as JSON");
    command
        ->add_flag("--markdown", arguments->as_markdown, "the errors, as docs/errors.md has them")
        ->excludes(words)
        ->excludes(is_list)
        ->excludes(kind)
        ->excludes(as_json);
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return run_explain(*arguments); }; });
}

}  // namespace ft_tool

#include "fivetuple/cli/explain.h"

#include "fivetuple/base/error.h"
#include "fivetuple/base/similar.h"
#include "fivetuple/cli/complain.h"
#include "fivetuple/cli/errno_cases.h"
#include "fivetuple/cli/errno_names.h"
#include "fivetuple/cli/option_pages.h"
#include "fivetuple/os/option_catalogue.h"

#include <algorithm>
#include <utility>

namespace fivetuple {
namespace {

constexpr std::size_t kIndent = 12;
constexpr std::size_t kWidth = 80;

// Adds words to the last line of `page`, and begins new lines so that none is too long.
void add_wrapped(std::string& page, std::string_view text) {
    std::size_t column = page.size() - (page.rfind('\n') + 1);
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(word.size() + 1, text.size()));
        const bool is_first = page.ends_with(' ');
        if (!is_first && column + 1 + word.size() > kWidth) {
            page += "\n" + std::string(kIndent, ' ');
            column = kIndent;
        } else if (!is_first) {
            page += ' ';
            ++column;
        }
        page += word;
        column += word.size();
    }
    page += '\n';
}

std::string sentence_of(int code) { return Error::system(code, "").reason(); }

Explanation of_errno(const ErrnoName& errno_word) {
    Explanation told{
        WordKind::error, std::string(errno_word.name), sentence_of(errno_word.code), {}};
    const auto add = [&told](std::string_view head, std::string_view text) {
        if (!text.empty()) told.lines.push_back({head, std::string(text)});
    };
    bool is_known = false;
    for (const ErrnoCase& each : errno_cases()) {
        if (each.code != errno_word.code) continue;
        is_known = true;
        add("when", std::string(stage_text(each.stage)) +
                        (each.from.empty() ? "" : " (" + std::string(each.from) + ")"));
        add("means", each.meaning);
        add("do", each.remedy);
        add("manual", stage_manual(each.stage));
    }
    if (!is_known) {
        add("means", field_text(errno_word.field));
        add("manual", "errno(3)");
    }
    for (const Hint& each : hints_about(errno_word.code)) {
        std::string where(each.call);
        if (!each.about.empty()) where += (where.empty() ? "" : " ") + std::string(each.about);
        add("hint", (where.empty() ? "" : where + ": ") + std::string(each.text));
    }
    add("number", std::to_string(errno_word.code));
    return told;
}

Explanation of_word(const Word& word) {
    Explanation told{word.kind, std::string(word.name), std::string(word.meaning), {}};
    const auto add = [&told](std::string_view head, std::string_view text) {
        if (!text.empty()) told.lines.push_back({head, std::string(text)});
    };
    add("do", word.remedy);
    add("manual", word.manual);
    add("also", word.aliases);
    return told;
}

// The page that `ft options` prints, as lines.
Explanation of_option(const OptionEntry& entry) {
    Explanation told{WordKind::option, std::string(entry.key.name), std::string(entry.meaning), {}};
    const std::string page = option_page(entry);
    for (std::size_t at = page.find('\n'); at + 1 < page.size();) {
        const std::size_t end = page.find('\n', at + 1);
        const std::string_view line = std::string_view(page).substr(at + 1, end - at - 1);
        at = end;
        for (const char* head :
             {"type", "value", "use", "sockets", "kept", "needs", "since", "manual", "number"}) {
            if (!line.substr(2).starts_with(std::string(head) + " ")) continue;
            told.lines.push_back({head, std::string(line.substr(kIndent))});
            break;
        }
    }
    return told;
}

// CLOSE_WAIT is CLOSE-WAIT, and net/core/somaxconn is net.core.somaxconn.
std::string plain(std::string_view text) {
    std::string low = lowered(text);
    if (low.starts_with("/proc/sys/")) low.erase(0, 10);
    for (char& letter : low) {
        if (letter == '_' || letter == ' ') letter = '-';
        if (letter == '/') letter = '.';
    }
    return low;
}

// What a word can be asked for by, in plain().
std::vector<std::string> forms_of(const Word& word) {
    std::vector<std::string> forms{plain(word.name)};
    if (word.kind == WordKind::setting) {
        forms.push_back(forms.front().substr(forms.front().rfind('.') + 1));
    }
    for (std::string_view left = word.aliases; !left.empty();) {
        const std::string_view one = left.substr(0, left.find(' '));
        forms.push_back(plain(one));
        left.remove_prefix(std::min(one.size() + 1, left.size()));
    }
    return forms;
}

bool is_called(const Word& word, std::string_view asked) {
    const auto forms = forms_of(word);
    return std::ranges::find(forms, asked) != forms.end();
}

struct Candidate {
    std::size_t unlikeness;
    std::size_t place;  // Of names that are as like, the first one first.
    std::string name;
};

std::size_t best_of(std::string_view asked, const std::vector<std::string>& forms) {
    std::size_t best = SIZE_MAX;
    for (const std::string& each : forms) best = std::min(best, unlikeness(asked, each));
    return best;
}

std::vector<Candidate> candidates_for(std::string_view asked) {
    std::vector<Candidate> all;
    const auto add = [&](std::string_view name, const std::vector<std::string>& forms) {
        all.push_back({best_of(asked, forms), all.size(), std::string(name)});
    };
    for (const ErrnoName& each : errno_names()) {
        const std::string full = plain(each.name);
        add(each.name, {full, full.substr(1), plain(sentence_of(each.code))});
    }
    for (const OptionEntry& each : option_catalogue()) {
        const std::string full = plain(each.key.name);
        add(each.key.name, {full, full.substr(full.find('-') + 1), plain(each.type)});
    }
    for (const Word* each : glossary()) add(each->name, forms_of(*each));
    return all;
}

}  // namespace

std::string Explanation::to_string() const {
    std::string page = name + ":";
    add_wrapped(page, meaning);
    for (const Line& each : lines) {
        // An errno means something else at each stage.
        if (each.head == "when" && &each != &lines.front()) page += '\n';
        std::string head = "  " + std::string(each.head);
        head.resize(kIndent, ' ');
        page += head;
        add_wrapped(page, each.text);
    }
    return page;
}

std::vector<Explanation> explain(std::string_view word) {
    std::vector<Explanation> found;
    if (const ErrnoName* each = find_errno(word)) found.push_back(of_errno(*each));
    for (const OptionEntry* each : find_options(word)) found.push_back(of_option(*each));
    const std::string asked = plain(word);
    for (const Word* each : glossary()) {
        if (is_called(*each, asked)) found.push_back(of_word(*each));
    }
    // A whole message: what is behind its last colon is the reason.
    const std::size_t colon = word.rfind(": ");
    if (found.empty() && colon != word.npos) return explain(word.substr(colon + 2));
    return found;
}

std::vector<std::string> nearest_words(std::string_view word) {
    constexpr std::size_t kMost = 3;
    constexpr std::size_t kLongest = 64;  // No name comes near it.
    if (word.empty() || word.size() > kLongest) return {};
    const std::string asked = plain(word);
    auto candidates = candidates_for(asked);
    std::ranges::sort(candidates, {},
                      [](const Candidate& each) { return std::pair(each.unlikeness, each.place); });
    std::vector<std::string> names;
    for (const Candidate& each : candidates) {
        if (names.size() == kMost || !could_be_meant(asked, each.unlikeness)) break;
        if (std::ranges::find(names, each.name) == names.end()) names.push_back(each.name);
    }
    return names;
}

std::vector<Explanation> words_of(WordKind kind) {
    std::vector<Explanation> all;
    if (kind == WordKind::error) {
        for (const ErrnoName& each : errno_names()) {
            if (errno_name(each.code) == &each) all.push_back(of_errno(each));
        }
    }
    if (kind == WordKind::option) {
        for (const OptionEntry& each : option_catalogue()) all.push_back(of_option(each));
    }
    for (const Word* each : glossary()) {
        if (each->kind == kind) all.push_back(of_word(*each));
    }
    return all;
}

std::optional<WordKind> kind_named(std::string_view name) {
    const std::string asked = lowered(name);
    for (const WordKind each : kWordKinds) {
        if (asked == name_of(each) || asked == std::string(name_of(each)) + "s") return each;
    }
    // As it is spelt.
    if (asked == "families") return WordKind::family;
    return std::nullopt;
}

}  // namespace fivetuple

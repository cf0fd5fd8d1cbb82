#include "fivetuple/diag/filter_parser.h"

#include "fivetuple/base/similar.h"

#include <algorithm>
#include <array>
#include <utility>

namespace fivetuple::diag {
namespace {

constexpr std::size_t kDeepest = 200;

constexpr std::array<std::string_view, 14> kTerms{"state", "exclude", "dport",  "sport",  "dst",
                                                  "src",   "dev",     "fwmark", "cgroup", "process",
                                                  "pid",   "uid",     "inode",  "not"};

std::string terms() {
    std::string all;
    for (const std::string_view each : kTerms) all += (all.empty() ? "" : ", ") + std::string(each);
    return all;
}

}  // namespace

std::unexpected<FilterMistake> FilterParser::wrong(std::size_t at, std::string what,
                                                   std::string hint) const {
    return std::unexpected(FilterMistake{at, std::move(what), std::move(hint)});
}

std::unexpected<FilterMistake> FilterParser::unknown_word() const {
    if (is_at_end()) {
        return wrong(end_, "the filter ends where a condition belongs",
                     "conditions begin with " + terms());
    }
    const std::string& word = words_[next_].text;
    if (word == ")") return wrong(here(), "a condition belongs here, before the parenthesis");
    std::string_view nearest = kTerms.front();
    for (const std::string_view each : kTerms) {
        if (unlikeness(word, each) < unlikeness(word, nearest)) nearest = each;
    }
    std::string hint = "conditions begin with " + terms();
    if (word == "port" || word == ":") {
        hint = "dport is the peer's port, sport the socket's own: ( dport = 443 or sport = 443 )";
    } else if (StateSet::named(word)) {
        hint = "states come behind their word: state " + word;
    } else if (could_be_meant(word, unlikeness(word, nearest))) {
        hint = "perhaps " + std::string(nearest);
    }
    return wrong(here(), "no condition begins with \"" + word + "\"", std::move(hint));
}

bool FilterParser::next_is(std::string_view keyword) const {
    return !is_at_end() && !words_[next_].is_quoted && lowered(words_[next_].text) == keyword;
}

bool FilterParser::next_is_one_of(std::initializer_list<std::string_view> keywords) const {
    return std::ranges::any_of(keywords, [this](std::string_view each) { return next_is(each); });
}

bool FilterParser::take(std::initializer_list<std::string_view> keywords) {
    if (!next_is_one_of(keywords)) return false;
    ++next_;
    return true;
}

FilterParser::Made FilterParser::add(Node node) {
    if (filter_.nodes_.size() >= Filter::kMostNodes) {
        return wrong(here(), "a filter has at most " + std::to_string(Filter::kMostNodes) +
                                 " conditions and joints");
    }
    filter_.nodes_.push_back(std::move(node));
    return static_cast<std::uint32_t>(filter_.nodes_.size() - 1);
}

FilterParser::Made FilterParser::join(Node::What what, std::uint32_t left, std::uint32_t right) {
    Node node;
    node.what = what;
    node.left = left;
    node.right = right;
    return add(std::move(node));
}

FilterParser::Made FilterParser::either(std::size_t depth) {
    Made left = both(depth);
    while (left && take({"or", "|", "||"})) {
        const Made right = both(depth);
        if (!right) return right;
        left = join(Node::What::either, *left, *right);
    }
    return left;
}

FilterParser::Made FilterParser::both(std::size_t depth) {
    Made left = unary(depth);
    while (left && !is_at_end() && !next_is_one_of({"or", "|", "||", ")"})) {
        const bool is_said = take({"and", "&", "&&"});
        // `state A state B` is either of them, as a socket can only have one.
        const bool is_state = !is_said && next_is("state");
        const Made right = unary(depth);
        if (!right) return right;
        if (Node& before = filter_.nodes_[*left];
            is_state && before.what == Node::What::states && *right == *left + 1) {
            before.states = before.states | filter_.nodes_[*right].states;
            filter_.nodes_.pop_back();
            continue;
        }
        left = join(Node::What::both, *left, *right);
    }
    return left;
}

FilterParser::Made FilterParser::unary(std::size_t depth) {
    if (depth >= kDeepest) {
        return wrong(here(), "conditions stand in each other " + std::to_string(kDeepest) +
                                 " deep, and no deeper");
    }
    if (take({"not", "!"})) {
        const Made inner = unary(depth + 1);
        return inner ? join(Node::What::neither, *inner, 0) : inner;
    }
    if (!next_is("(")) return term();
    const std::size_t open = here();
    ++next_;
    const Made inner = either(depth + 1);
    if (!inner) return inner;
    if (!take({")"})) return wrong(open, "this parenthesis is not closed", "a ) ends it");
    return inner;
}

std::expected<Filter, FilterMistake> FilterParser::parse() {
    if (words_.empty()) return Filter();
    const Made whole = either(0);
    if (!whole) return std::unexpected(whole.error());
    if (!is_at_end()) return wrong(here(), "this parenthesis was never opened");
    return std::move(filter_);
}

std::expected<Filter, FilterMistake> Filter::parse(std::string_view text) {
    auto words = words_of_filter(text);
    if (!words) return std::unexpected(std::move(words).error());
    return FilterParser(*std::move(words), text.size()).parse();
}

}  // namespace fivetuple::diag

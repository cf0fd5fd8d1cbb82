#pragma once

#include "fivetuple/diag/filter.h"

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace fivetuple::diag {

/// A word of a filter: a name, a sign or a parenthesis.
struct FilterWord {
    std::size_t at = 0;
    std::string text;
    bool is_quoted = false;  ///< Then it is nobody's keyword.
};

/// The words of a text. A blank or a quoted text ("a b") ends a word, and so do the signs.
std::expected<std::vector<FilterWord>, FilterMistake> words_of_filter(std::string_view text);

/// What Filter::parse() is made of: a descent over the words.
class FilterParser {
public:
    FilterParser(std::vector<FilterWord> words, std::size_t end)
        : words_(std::move(words)), end_(end) {}

    std::expected<Filter, FilterMistake> parse();

private:
    using Node = Filter::Node;
    template <class T = void>
    using Parsed = std::expected<T, FilterMistake>;
    // The number of the node that was made.
    using Made = Parsed<std::uint32_t>;
    // How a value is compared.
    enum class Sign : std::uint8_t { equal, unequal, below, at_most, above, at_least };

    Made either(std::size_t depth);
    Made both(std::size_t depth);
    Made unary(std::size_t depth);
    Made term();
    Made states_term(bool is_excluded);
    Made port_term(Node::What what);
    Made host_term(bool is_local);
    Made interface_term();
    Made mark_term();
    Made cgroup_term();
    Made process_term();
    Made number_term(Node::What what, const char* meaning);

    Parsed<> read_host(const FilterWord& word, Node& node) const;
    Parsed<std::uint16_t> read_port(std::string_view text, std::size_t at) const;
    Parsed<Sign> sign();
    Parsed<Sign> sign_of_equality();
    Parsed<FilterWord> value(const char* meaning);
    Made with_sign(Sign sign, Node node);
    Made add(Node node);
    Made join(Node::What what, std::uint32_t left, std::uint32_t right);

    bool is_at_end() const { return next_ == words_.size(); }
    bool next_is(std::string_view keyword) const;
    bool next_is_one_of(std::initializer_list<std::string_view> keywords) const;
    bool take(std::initializer_list<std::string_view> keywords);
    std::unexpected<FilterMistake> wrong(std::size_t at, std::string what,
                                         std::string hint = {}) const;
    std::unexpected<FilterMistake> unknown_word() const;
    std::size_t here() const { return is_at_end() ? end_ : words_[next_].at; }

    std::vector<FilterWord> words_;
    std::size_t end_;
    std::size_t next_ = 0;
    Filter filter_;
};

}  // namespace fivetuple::diag

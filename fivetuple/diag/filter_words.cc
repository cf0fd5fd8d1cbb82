#include "fivetuple/diag/filter_parser.h"

#include <algorithm>

namespace fivetuple::diag {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
// What ends a word of letters.
constexpr std::string_view kEnds = " \t\r\n()=<>!&|\"";

// The length of the sign or parenthesis at the front.
std::size_t sign_size(std::string_view text) {
    for (const std::string_view two : {"==", "!=", "<=", ">=", "&&", "||"}) {
        if (text.starts_with(two)) return 2;
    }
    return 1;
}

}  // namespace

std::expected<std::vector<FilterWord>, FilterMistake> words_of_filter(std::string_view text) {
    std::vector<FilterWord> words;
    std::size_t at = 0;
    while ((at = text.find_first_not_of(kBlanks, at)) < text.size()) {
        FilterWord word{at, {}, text[at] == '"'};
        if (word.is_quoted) {
            const std::size_t end = text.find('"', at + 1);
            if (end == text.npos) {
                return std::unexpected(
                    FilterMistake{at, "the quotation is not closed", "another \" ends it"});
            }
            word.text = text.substr(at + 1, end - at - 1);
            at = end + 1;
        } else {
            const bool is_sign = kEnds.find(text[at]) != kEnds.npos;
            const std::size_t end =
                is_sign ? at + sign_size(text.substr(at)) : text.find_first_of(kEnds, at);
            word.text = text.substr(at, std::min(end, text.size()) - at);
            at = std::min(end, text.size());
        }
        words.push_back(std::move(word));
    }
    return words;
}

}  // namespace fivetuple::diag

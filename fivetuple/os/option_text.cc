#include "fivetuple/os/option_text.h"

#include <charconv>
#include <span>

namespace fivetuple {
namespace {

Error wrong(const OptionKey& key, std::string_view text, const std::string& takes) {
    return Error::malformed("setsockopt",
                            "it takes " + takes + ", not \"" + std::string(text) + "\"")
        .about(key.name);
}

}  // namespace

Result<bool> switch_from_text(const OptionKey& key, std::string_view text) {
    if (text == "on" || text == "1") return true;
    if (text == "off" || text == "0") return false;
    return std::unexpected(wrong(key, text, "on or off"));
}

Result<std::int64_t> number_from_text(const OptionKey& key, std::string_view text,
                                      std::string_view unit) {
    std::int64_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure == std::errc() && end == text.data() + text.size()) return number;
    const std::string what = unit.empty() ? "" : " (" + std::string(unit) + ")";
    return std::unexpected(wrong(key, text, "a whole number" + what));
}

Result<std::size_t> word_from_text(const OptionKey& key, std::string_view text,
                                   std::span<const char* const> words) {
    std::string all;
    for (std::size_t at = 0; at < words.size(); ++at) {
        if (text == words[at]) return at;
        all += (at == 0 ? "" : at + 1 == words.size() ? " or " : ", ") + std::string(words[at]);
    }
    return std::unexpected(wrong(key, text, all));
}

}  // namespace fivetuple

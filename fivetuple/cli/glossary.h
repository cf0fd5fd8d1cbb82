#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fivetuple {

/// What sort of word it is.
enum class WordKind : std::uint8_t {
    error,    ///< An errno, or a cause of ours.
    option,   ///< A socket option.
    state,    ///< Of a TCP connection.
    segment,  ///< A flag of a TCP segment.
    event,    ///< Of poll(2) and epoll(7).
    flag,     ///< Of a call on a socket.
    family,   ///< A kind of address or of socket.
    setting,  ///< A sysctl.
    term,     ///< What this library and its field call things.
};
inline constexpr WordKind kWordKinds[] = {WordKind::error,   WordKind::option,  WordKind::state,
                                          WordKind::segment, WordKind::event,   WordKind::flag,
                                          WordKind::family,  WordKind::setting, WordKind::term};
/// `error`, `option` ...
std::string_view name_of(WordKind kind);
/// `Errors`, `Socket options` ...
std::string_view heading_of(WordKind kind);

/// A word that is told in a few lines. (Errors and options have tables of their own.)
struct Word {
    WordKind kind;
    std::string_view name;
    std::string_view aliases;  ///< Other names, with blanks between.
    std::string_view meaning;
    std::string_view remedy;  ///< What to do, or how it is used; empty where there is nothing.
    std::string_view manual;
};

/// All of them, by kind.
std::vector<const Word*> glossary();

/// The parts it is made of.
std::span<const Word> tcp_words();     ///< States, and flags of segments.
std::span<const Word> call_words();    ///< Events, flags, families.
std::span<const Word> system_words();  ///< Settings and terms.

}  // namespace fivetuple

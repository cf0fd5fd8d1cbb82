#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace fivetuple {

/// The kinds of failure that programs treat differently.
enum class Cause : std::uint8_t {
    system,       ///< The kernel, or a simulated one, said no; code() is its errno.
    cancelled,    ///< Somebody asked for it to end early.
    deadline,     ///< The limit that the program itself had set ran out.
    ended,        ///< The peer finished before all that was needed had come.
    limit,        ///< More than a limit of the program allows.
    malformed,    ///< Text or bytes that do not say what they should.
    unsupported,  ///< This kernel or backend does not have it.
};

/// Why something did not happen: which call, what cause and, where known, about which address.
/// Prints as `connect 10.0.0.7:5432: Connection refused`. Cheap to pass on: three words.
class [[nodiscard]] Error {
public:
    /// The kernel answered `code` (an errno) to `call`, a string literal.
    static Error system(int code, const char* call) { return {Cause::system, code, call}; }
    /// Each of the other causes, of `call`; `why` is the reason in words, and is copied.
    static Error cancelled(const char* call) { return {Cause::cancelled, 0, call}; }
    static Error deadline(const char* call) { return {Cause::deadline, 0, call}; }
    static Error ended(const char* call) { return {Cause::ended, 0, call}; }
    static Error limit(const char* call, std::string_view why) {
        return Error(Cause::limit, 0, call).because(why);
    }
    static Error malformed(const char* call, std::string_view why) {
        return Error(Cause::malformed, 0, call).because(why);
    }
    static Error unsupported(const char* call, std::string_view why) {
        return Error(Cause::unsupported, 0, call).because(why);
    }

    Error(const Error& other) noexcept;
    Error(Error&& other) noexcept : Error() { swap(other); }
    Error& operator=(Error other) noexcept {
        swap(other);
        return *this;
    }
    ~Error() {
        if (details_ != nullptr) drop();
    }

    /// The same error, now naming what it is about: an address, a name, a path.
    Error about(std::string_view subject) &&;
    /// The same error, now saying why in words instead of the cause's own.
    Error because(std::string_view why) &&;

    Cause cause() const { return cause_; }
    /// The errno of Cause::system, and 0 otherwise.
    int code() const { return code_; }
    /// The system call, or what was to be done, as in `frame`.
    std::string_view call() const { return call_; }
    /// What it is about, as given to about(); empty where that is not known.
    std::string_view subject() const;

    /// Whether the kernel answered this errno.
    bool is(int code) const { return cause_ == Cause::system && code_ == code; }
    bool is_cancelled() const { return cause_ == Cause::cancelled; }
    bool is_deadline() const { return cause_ == Cause::deadline; }

    /// One line without a full stop, as in `bind 0.0.0.0:80: Permission denied`.
    std::string message() const;
    /// What is behind the last colon of message().
    std::string reason() const;

private:
    struct Details {
        std::atomic<int> owners{1};
        std::string subject;
        std::string why;
    };

    Error() = default;
    Error(Cause cause, int code, const char* call) : call_(call), code_(code), cause_(cause) {}
    void swap(Error& other) noexcept {
        std::swap(details_, other.details_);
        std::swap(call_, other.call_);
        std::swap(code_, other.code_);
        std::swap(cause_, other.cause_);
    }
    Details& own_details();
    void drop();

    Details* details_ = nullptr;  // Shared by copies; most errors on a hot path have none.
    const char* call_ = "";
    std::int32_t code_ = 0;
    Cause cause_ = Cause::system;
};

}  // namespace fivetuple

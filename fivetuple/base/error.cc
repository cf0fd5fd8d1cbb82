#include "fivetuple/base/error.h"

#include <cstring>

namespace fivetuple {

Error::Error(const Error& other) noexcept
    : details_(other.details_), call_(other.call_), code_(other.code_), cause_(other.cause_) {
    if (details_ != nullptr) details_->owners.fetch_add(1, std::memory_order_relaxed);
}

void Error::drop() {
    if (details_->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) delete details_;
    details_ = nullptr;
}

Error::Details& Error::own_details() {
    if (details_ == nullptr) {
        details_ = new Details;
    } else if (details_->owners.load(std::memory_order_acquire) > 1) {
        auto* mine = new Details;
        mine->subject = details_->subject;
        mine->why = details_->why;
        drop();
        details_ = mine;
    }
    return *details_;
}

Error Error::about(std::string_view subject) && {
    own_details().subject = subject;
    return std::move(*this);
}

Error Error::because(std::string_view why) && {
    own_details().why = why;
    return std::move(*this);
}

std::string_view Error::subject() const {
    return details_ == nullptr ? std::string_view() : std::string_view(details_->subject);
}

std::string Error::reason() const {
    if (details_ != nullptr && !details_->why.empty()) return details_->why;
    switch (cause_) {
        case Cause::system: {
            // strerrordesc_np is glibc's own; strerror_r works everywhere and from any thread.
            char room[128];
            return strerror_r(code_, room, sizeof room);
        }
        case Cause::cancelled:
            return "cancelled";
        case Cause::deadline:
            return "the time limit ran out";
        case Cause::ended:
            return "the peer finished early";
        case Cause::limit:
            return "over the limit";
        case Cause::malformed:
            return "malformed";
        case Cause::unsupported:
            return "not supported here";
    }
    return "unknown";
}

std::string Error::message() const {
    std::string line(call_);
    if (const auto what = subject(); !what.empty()) {
        if (!line.empty()) line += ' ';
        line += what;
    }
    if (!line.empty()) line += ": ";
    return line + reason();
}

}  // namespace fivetuple

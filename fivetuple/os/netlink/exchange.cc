#include "fivetuple/os/netlink/exchange.h"

#include <linux/netlink.h>

#include <cerrno>
#include <optional>
#include <string>

namespace fivetuple::netlink {

// What the kernel adds in words is best effort: where it cannot be read it is left away.
Error Exchange::refusal(int code, AttributeReader words) const {
    std::string said;
    std::optional<std::uint32_t> offset;
    std::optional<std::uint32_t> missing;
    Attribute each;
    while (words.next(each).value_or(false)) {
        std::uint32_t number = 0;
        if (each.type == NLMSGERR_ATTR_MSG) (void)each.read(said);
        if (each.type == NLMSGERR_ATTR_OFFS && each.read(number)) offset = number;
        if (each.type == NLMSGERR_ATTR_MISS_TYPE && each.read(number)) missing = number;
    }
    Error error = Error::system(code, request_->call());
    if (!request_->subject().empty()) error = std::move(error).about(request_->subject());
    std::string why;
    const auto add = [&why](const std::string& part) { why += (why.empty() ? "" : "; ") + part; };
    if (!said.empty()) add(said);
    if (missing) add("attribute " + std::to_string(*missing) + " is missing");
    if (offset) add("at byte " + std::to_string(*offset) + " of the request");
    if (why.empty()) return error;
    why = error.reason() + " (" + why + ")";
    return std::move(error).because(why);
}

// `skipped` bytes of the payload come before the words: the request, where it is repeated.
Result<bool> Exchange::end(const Message& message, std::size_t skipped) {
    is_done_ = has_ended_ = true;
    std::int32_t code = 0;
    FT_TRY_VOID(message.read(code));
    if (code == 0) return false;
    if (code > 0 || code < -4095) {
        return std::unexpected(
            Error::malformed("netlink", "the answer's error code is " + std::to_string(code)));
    }
    const bool has_words = (message.flags & NLM_F_ACK_TLVS) != 0;
    return std::unexpected(
        refusal(-code, has_words ? message.attributes(skipped) : AttributeReader({})));
}

Result<bool> Exchange::next(Message& message) {
    while (!is_done_) {
        auto more = reader_.next(message);
        if (!more) is_done_ = true;
        if (!more || !*more) return more;
        if (message.sequence != sequence_ || message.port != port_) continue;
        if ((message.flags & NLM_F_DUMP_INTR) != 0) was_interrupted_ = true;
        switch (message.type) {
            case NLMSG_NOOP:
                continue;
            case NLMSG_DONE:
                return end(message, sizeof(int));
            case NLMSG_ERROR: {
                nlmsgerr head{};
                is_done_ = has_ended_ = true;
                FT_TRY_VOID(message.read(head));
                // Unless it was told not to, the kernel repeats the request behind its head.
                const bool is_repeated = (message.flags & NLM_F_CAPPED) == 0 && head.error != 0;
                const std::size_t repeated = is_repeated && head.msg.nlmsg_len > sizeof head.msg
                                                 ? head.msg.nlmsg_len - sizeof head.msg
                                                 : 0;
                return end(message, sizeof head + NLMSG_ALIGN(repeated));
            }
            case NLMSG_OVERRUN:
                is_done_ = true;
                return std::unexpected(
                    Error::system(ENOBUFS, request_->call()).because("part of the answer is lost"));
            default:
                return true;
        }
    }
    return false;
}

Result<void> drain(Exchange& exchange, Sink& sink) {
    Message message;
    while (true) {
        FT_TRY(const bool is_there, exchange.next(message));
        if (!is_there) return {};
        FT_TRY_VOID(sink.take(message));
    }
}

Error ever_changing(const Request& request) {
    return Error::system(EAGAIN, request.call())
        .because("what was listed changed while it was listed, " + std::to_string(kMostAttempts) +
                 " times in a row");
}

Error no_answer(const char* call) {
    return Error::malformed(call, "the kernel's answer says nothing");
}

}  // namespace fivetuple::netlink

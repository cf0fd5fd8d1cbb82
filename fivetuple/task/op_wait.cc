#include "fivetuple/task/op_wait.h"

#include <utility>

namespace fivetuple {
namespace {

void cancel(Wait& wait) {
    auto& op = static_cast<OpWait&>(wait);
    op.cancel_op();
}

Handle socket(const Wait& wait) { return static_cast<const OpWait&>(wait).handle; }

constexpr Wait::Type named(const char* verb) { return {verb, &cancel, &socket}; }

}  // namespace

const Wait::Type& OpWait::type_of(OpKind what) {
    // In the order of OpKind.
    static constexpr Type kTypes[] = {named("accept"),     named("connect"), named("recv"),
                                      named("send"),       named("sendmsg"), named("recvmmsg"),
                                      named("sendmmsg"),   named("splice"),  named("splice"),
                                      named("sendfile"),   named("poll"),    named("recv"),
                                      named("send, recv"), named("send")};
    return kTypes[std::to_underlying(what)];
}

Error OpWait::error(const char* call) const {
    if (result != -ECANCELED) return Error::system(-result, call);
    return node().is_stopped() ? node().stop_error(call) : Error::cancelled(call);
}

}  // namespace fivetuple

#include "fivetuple/cli/complain.h"

#include "tests/testing/testing.h"
#include <algorithm>
#include <cerrno>

namespace fivetuple {
namespace {

TEST(Complaint, IsTheGoalTheCauseAndTheWayOut) {
    EXPECT_EQ(
        complaint("listen on 127.0.0.1:80", Error::system(EACCES, "bind").about("127.0.0.1:80")),
        "error: cannot listen on 127.0.0.1:80\n"
        "  bind: Permission denied\n"
        "  hint: ports below 1024 need CAP_NET_BIND_SERVICE; take a higher port");
}

TEST(Complaint, NamesTheAddressWhereTheGoalDoesNot) {
    EXPECT_EQ(complaint("run the demo", Error::system(EADDRINUSE, "bind").about("[::1]:7000")),
              "error: cannot run the demo\n"
              "  bind [::1]:7000: Address already in use\n"
              "  hint: another socket holds this address; `ss -ltnp` shows whose it is");
}

TEST(Complaint, EndsWithTheCauseWhereNoWayOutIsKnown) {
    EXPECT_EQ(complaint("echo", Error::system(ECONNRESET, "recv")),
              "error: cannot echo\n  recv: Connection reset by peer");
    EXPECT_EQ(complaint("echo", Error::cancelled("recv")), "error: cannot echo\n  recv: cancelled");
    EXPECT_EQ(
        complaint("read the limit", Error::malformed("size", "write it as 64").about("\"x\"")),
        "error: cannot read the limit\n  size \"x\": write it as 64");
}

TEST(Complaint, OfATimeLimitSaysWhereToLookOnlyWhereItWasConnecting) {
    EXPECT_EQ(complaint("connect to 10.0.0.1:80", Error::deadline("connect").about("10.0.0.1:80")),
              "error: cannot connect to 10.0.0.1:80\n"
              "  connect: the time limit ran out\n"
              "  hint: no answer in time: check the address, then the firewall");
    EXPECT_EQ(hint_for(Error::deadline("recv")), "");
}

TEST(Complaint, I2_TheSameErrnoMeansAnotherThingForAPath) {
    const auto hint = [](int code, const char* call, const char* subject) {
        return std::string(hint_for(Error::system(code, call).about(subject)));
    };
    EXPECT_EQ(hint(EACCES, "bind", "10.0.0.1:80"),
              "ports below 1024 need CAP_NET_BIND_SERVICE; take a higher port");
    EXPECT_EQ(hint(EACCES, "bind", "unix:/run/x"),
              "the permissions of its folder, or of one above, forbid it");
    EXPECT_EQ(hint(ECONNREFUSED, "connect", "10.0.0.1:80"),
              "the host answered, but nobody listens there");
    EXPECT_EQ(hint(ECONNREFUSED, "connect", "unix:/run/x"),
              "nobody listens there; a program that has ended may have left it");
    EXPECT_EQ(hint(EADDRINUSE, "bind", "unix:@name"),
              "the name is taken: `ss -lxp` shows whose socket has it, `ls -l` what else");
}

TEST(Complaint, OfShortagesIsTheSameWhateverWasCalled) {
    const Error no_descriptor = Error::system(EMFILE, "accept");
    EXPECT_EQ(hint_for(no_descriptor),
              "this process has no descriptor left; raise its limit (`ulimit -n`)");
    EXPECT_EQ(hint_for(Error::system(EMFILE, "socket")), hint_for(no_descriptor));
    // But a hint that is about one call is not given for another.
    EXPECT_EQ(hint_for(Error::system(EPERM, "setsockopt")), "");
    EXPECT_NE(hint_for(Error::system(EPERM, "io_uring_setup")), "");
}

TEST(Complaint, F61_EveryWayThatIoUringIsRefusedHasItsHint) {
    for (const int code : {EPERM, ENOSYS, EINVAL, ENOMEM}) {
        const auto hint = hint_for(Error::system(code, "io_uring_setup"));
        EXPECT_FALSE(hint.empty()) << code;
        EXPECT_EQ(std::ranges::count(hint, '\n'), 0);
    }
}

}  // namespace
}  // namespace fivetuple

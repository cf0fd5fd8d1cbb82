#include "fivetuple/server/notify.h"

#include "fivetuple/os/clock.h"
#include "fivetuple/task/first_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/unix_messages.h"

#include <unistd.h>

#include "tests/testing/child.h"
#include "tests/testing/world.h"
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>

// What a service manager hears; the manager is a socket of the test's.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

class Notify : public TaskTest {
protected:
    SocketAddress at() const { return *SocketAddress::unix_path(folder_.path("notify")); }

private:
    TemporaryFolder folder_;
};
FT_IN_KERNEL_WORLDS(Notify);

Task<Result<std::string>> hear(UnixDatagram& manager) {
    std::array<std::byte, 200> room;
    FT_CO_TRY(const UnixMessage message, co_await within(20s, manager.receive(room)));
    co_return std::string(text_of(message.bytes));
}

Task<Result<void>> tell_all(SocketAddress at) {
    FT_CO_TRY(UnixDatagram manager, UnixDatagram::bind(co_await this_loop(), at));
    const Notifier notifier(at);
    EXPECT_TRUE(notifier);
    FT_CO_TRY_VOID(co_await notifier.ready());
    FT_CO_TRY(std::string heard, co_await hear(manager));
    EXPECT_EQ(heard, "READY=1");
    FT_CO_TRY_VOID(co_await notifier.status("serving 7 connections"));
    FT_CO_TRY(heard, co_await hear(manager));
    EXPECT_EQ(heard, "STATUS=serving 7 connections");
    FT_CO_TRY_VOID(co_await notifier.alive());
    FT_CO_TRY(heard, co_await hear(manager));
    EXPECT_EQ(heard, "WATCHDOG=1");
    FT_CO_TRY_VOID(co_await notifier.stopping());
    FT_CO_TRY(heard, co_await hear(manager));
    EXPECT_EQ(heard, "STOPPING=1");
    FT_CO_TRY_VOID(co_await notifier.tell("READY=1\nMAINPID=7"));
    FT_CO_TRY(heard, co_await hear(manager));
    EXPECT_EQ(heard, "READY=1\nMAINPID=7");
    co_return {};
}

TEST_P(Notify, TheManagerHearsWhatItIsTold) {
    const auto done = run(loop(), tell_all(at()));
    EXPECT_TRUE(done) << done.error().message();
}

TEST_P(Notify, AnAbstractNameServesAsWell) {
    const std::string name = "fivetuple-notify-" + std::to_string(::getpid());
    const auto done = run(loop(), tell_all(*SocketAddress::unix_abstract(name)));
    EXPECT_TRUE(done) << done.error().message();
}

Task<Result<void>> reload(SocketAddress at) {
    FT_CO_TRY(UnixDatagram manager, UnixDatagram::bind(co_await this_loop(), at));
    const auto micros = [] {
        return std::chrono::floor<std::chrono::microseconds>(monotonic_now())
            .time_since_epoch()
            .count();
    };
    const auto before = micros();
    FT_CO_TRY_VOID(co_await Notifier(at).reloading());
    const auto after = micros();
    FT_CO_TRY(const std::string heard, co_await hear(manager));
    const std::string front = "RELOADING=1\nMONOTONIC_USEC=";
    EXPECT_TRUE(heard.starts_with(front)) << heard;
    const long long said = std::atoll(heard.c_str() + front.size());
    EXPECT_GE(said, before);
    EXPECT_LE(said, after);
    co_return {};
}

TEST_P(Notify, AReloadSaysWhenItBegan) {
    const auto done = run(loop(), reload(at()));
    EXPECT_TRUE(done) << done.error().message();
}

TEST_P(Notify, WithoutAManagerNothingIsSaidAndAllIsWell) {
    const Notifier nobody;
    EXPECT_FALSE(nobody);
    EXPECT_TRUE(run(loop(), nobody.ready()));
    run(loop(), nobody.keep_watchdog_quiet());
}

TEST_P(Notify, AManagerThatIsGoneIsAnError) {
    const auto told = run(loop(), Notifier(at()).ready());
    ASSERT_FALSE(told);
    EXPECT_TRUE(told.error().is(ENOENT)) << told.error().message();
    const auto status = run(loop(), Notifier(at()).status("two\nlines"));
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().cause(), Cause::malformed);
}

Task<Result<int>> hear_three(UnixDatagram& manager) {
    for (int times = 0; times < 3; ++times) {
        FT_CO_TRY(const std::string heard, co_await hear(manager));
        EXPECT_EQ(heard, "WATCHDOG=1");
    }
    co_return 3;
}

Task<Result<void>> keep_quiet(SocketAddress at) {
    FT_CO_TRY(UnixDatagram manager, UnixDatagram::bind(co_await this_loop(), at));
    const Notifier notifier(at, 20ms);
    auto first = co_await first_of(notifier.keep_watchdog_quiet(), hear_three(manager));
    EXPECT_EQ(first.index(), 1u) << "it goes on until it is cancelled";
    co_return {};
}

TEST_P(Notify, TheWatchdogIsKeptQuiet) {
    const auto done = run(loop(), keep_quiet(at()));
    EXPECT_TRUE(done) << done.error().message();
}

// In a child: the environment is the whole process's.
std::string taken_with(const char* socket, const char* micros, const std::string& process) {
    return in_child([&]() -> std::string {
        if (socket != nullptr) ::setenv("NOTIFY_SOCKET", socket, 1);
        if (micros != nullptr) ::setenv("WATCHDOG_USEC", micros, 1);
        if (!process.empty()) {
            ::setenv("WATCHDOG_PID",
                     process == "self" ? std::to_string(::getpid()).c_str() : process.c_str(), 1);
        }
        const auto notifier = Notifier::take();
        if (!notifier) return notifier.error().message();
        if (std::getenv("NOTIFY_SOCKET") != nullptr || std::getenv("WATCHDOG_USEC") != nullptr) {
            return "it is still in the environment";
        }
        return (*notifier ? "somebody " : "nobody ") + std::to_string(notifier->watchdog().count());
    });
}

TEST(Notifying, IsAsTheEnvironmentSays) {
    EXPECT_EQ(taken_with(nullptr, nullptr, ""), "nobody 0");
    EXPECT_EQ(taken_with("/run/notify", nullptr, ""), "somebody 0");
    EXPECT_EQ(taken_with("@name", "30000000", ""), "somebody 30000000000");
    EXPECT_EQ(taken_with("@name", "30000000", "self"), "somebody 30000000000");
    EXPECT_EQ(taken_with("@name", "30000000", "1"), "somebody 0") << "meant for another process";
}

TEST(Notifying, AnEnvironmentThatMakesNoSenseIsAnError) {
    EXPECT_EQ(taken_with("vsock:2:1234", nullptr, ""),
              "NOTIFY_SOCKET vsock:2:1234: it is neither a path nor an abstract name");
    EXPECT_EQ(taken_with("/x", "soon", ""), "WATCHDOG_USEC: \"soon\" is no number");
    EXPECT_EQ(taken_with("/x", "0", ""), "WATCHDOG_USEC: so long cannot be");
    EXPECT_EQ(taken_with("/x", "18446744073709551615", ""), "WATCHDOG_USEC: so long cannot be");
    EXPECT_EQ(taken_with("/x", "99999999999999999999", ""),
              "WATCHDOG_USEC: \"99999999999999999999\" is no number");
}

}  // namespace
}  // namespace fivetuple::testing_help

#include "fivetuple/io/loop.h"

#include "tests/testing/testing.h"
#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>

namespace fivetuple {
namespace {

// Gives FT_BACKEND another value, or none, and its old one back at the end.
class Environment {
public:
    explicit Environment(const char* value) {
        if (const char* before = std::getenv("FT_BACKEND"); before != nullptr) before_ = before;
        set(value);
    }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;
    ~Environment() { set(before_ ? before_->c_str() : nullptr); }

private:
    static void set(const char* value) {
        if (value == nullptr) {
            ::unsetenv("FT_BACKEND");
        } else {
            ::setenv("FT_BACKEND", value, 1);
        }
    }
    std::optional<std::string> before_;
};

// epoll, poll and select are there on every Linux.
constexpr BackendKind kAlwaysThere[] = {BackendKind::epoll, BackendKind::poll, BackendKind::select};

TEST(Choice, D2_NamesAreReadAsTheyAreWritten) {
    for (const BackendKind kind : kBackendKinds) {
        EXPECT_EQ(parse_backend(to_string(kind)).value(), kind);
    }
    EXPECT_EQ(to_string(BackendKind::io_uring), "io_uring");
}

TEST(Choice, ANameThatIsNoneSaysWhichThereAre) {
    for (const std::string name : {"", "kqueue", "EPOLL", "epoll ", "uring"}) {
        const auto kind = parse_backend(name);
        ASSERT_FALSE(kind.has_value()) << name;
        EXPECT_EQ(kind.error().message(),
                  "backend \"" + name + "\": there are io_uring, epoll, poll and select");
    }
}

TEST(Choice, D2_TheBackendAskedForIsTheOneThatIsHad) {
    const Environment ignored("select");
    for (const BackendKind kind : kAlwaysThere) {
        const auto loop = Loop::open({.backend = kind});
        ASSERT_TRUE(loop.has_value());
        EXPECT_EQ((*loop)->backend().name(), to_string(kind));
        EXPECT_EQ((*loop)->choice().kind, kind);
        EXPECT_EQ((*loop)->choice().because, "asked for");
        EXPECT_TRUE((*loop)->choice().passed_over.empty());
    }
}

TEST(Choice, D2_TheEnvironmentChoosesWhereTheProgramDoesNot) {
    for (const BackendKind kind : kAlwaysThere) {
        const Environment named(std::string(to_string(kind)).c_str());
        const auto loop = Loop::open();
        ASSERT_TRUE(loop.has_value());
        EXPECT_EQ((*loop)->backend().name(), to_string(kind));
        EXPECT_EQ((*loop)->choice().because, "FT_BACKEND");
    }
}

TEST(Choice, AWrongNameInTheEnvironmentIsAnErrorAndNoGuess) {
    const Environment wrong("libevent");
    const auto loop = Loop::open();
    ASSERT_FALSE(loop.has_value());
    EXPECT_EQ(loop.error().message(),
              "FT_BACKEND \"libevent\": there are io_uring, epoll, poll and select");
    EXPECT_TRUE(Loop::open({.backend = BackendKind::poll}).has_value());
}

TEST(Choice, D5_WithoutAWishTheBestThatWorksIsTakenAndTheOthersAreAccountedFor) {
    for (const char* nothing : {static_cast<const char*>(nullptr), ""}) {
        const Environment none(nothing);
        const auto loop = Loop::open();
        ASSERT_TRUE(loop.has_value());
        const BackendChoice& choice = (*loop)->choice();
        EXPECT_EQ(choice.because, "the best that works here");
        EXPECT_EQ((*loop)->backend().name(), to_string(choice.kind));
        // Those passed over are the better ones, each with its reason.
        const auto best = std::ranges::find(kBackendKinds, choice.kind) - kBackendKinds;
        ASSERT_EQ(choice.passed_over.size(), static_cast<std::size_t>(best));
        for (std::size_t at = 0; at < choice.passed_over.size(); ++at) {
            EXPECT_EQ(choice.passed_over[at].kind, kBackendKinds[at]);
            EXPECT_FALSE(choice.passed_over[at].why.message().empty());
        }
    }
}

TEST(Choice, ProbesAgreeWithWhatCanBeOpened) {
    const auto probes = probe_backends();
    ASSERT_EQ(probes.size(), std::size(kBackendKinds));
    for (std::size_t at = 0; at < probes.size(); ++at) {
        const BackendProbe& probe = probes[at];
        EXPECT_EQ(probe.kind, kBackendKinds[at]);
        const auto loop = Loop::open({.backend = probe.kind});
        EXPECT_EQ(loop.has_value(), !probe.unavailable) << to_string(probe.kind);
        EXPECT_EQ(probe.offers.empty(), probe.unavailable.has_value());
    }
}

TEST(Choice, NothingStaysOpen) {
    const testing_help::NoDescriptorLeaks no_leaks;
    for (const BackendKind kind : kBackendKinds) {
        const auto loop = Loop::open({.backend = kind});
        EXPECT_TRUE(loop.has_value() || kind == BackendKind::io_uring);
    }
    probe_backends();
}

}  // namespace
}  // namespace fivetuple

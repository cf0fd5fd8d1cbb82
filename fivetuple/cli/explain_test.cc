#include "fivetuple/cli/explain.h"

#include "fivetuple/base/similar.h"
#include "fivetuple/cli/complain.h"
#include "fivetuple/cli/errno_cases.h"
#include "fivetuple/cli/errno_names.h"
#include "fivetuple/os/option_catalogue.h"

#include "tests/testing/testing.h"
#include <cerrno>
#include <set>
#include <string>

namespace fivetuple {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string page_of(std::string_view word) {
    std::string pages;
    for (const Explanation& each : explain(word)) pages += each.to_string();
    return pages;
}

// All that network code meets, as the handbook lists them, and more.
constexpr int kMet[] = {EADDRINUSE,   EADDRNOTAVAIL, EACCES,          ECONNREFUSED, ECONNRESET,
                        ECONNABORTED, EPIPE,         ETIMEDOUT,       EHOSTUNREACH, ENETUNREACH,
                        EAGAIN,       EINPROGRESS,   EINTR,           EMFILE,       ENFILE,
                        ENOBUFS,      EMSGSIZE,      ENOTCONN,        EISCONN,      EPERM,
                        EBADF,        EINVAL,        ENOMEM,          ENOTSOCK,     EDESTADDRREQ,
                        EPROTOTYPE,   ENOPROTOOPT,   EOPNOTSUPP,      EAFNOSUPPORT, ENETDOWN,
                        ENETRESET,    ESHUTDOWN,     EALREADY,        EHOSTDOWN,    ETOOMANYREFS,
                        ECANCELED,    EPFNOSUPPORT,  EPROTONOSUPPORT, ENOENT,       ENODEV,
                        EEXIST,       ENAMETOOLONG,  ESOCKTNOSUPPORT};

TEST(Explain, A7_EachErrnoOfNetworkCodeHasASentenceAndSomethingToDo) {
    for (const int code : kMet) {
        const std::string name(errno_name(code)->name);
        std::size_t cases = 0;
        for (const ErrnoCase& each : errno_cases()) {
            if (each.code != code) continue;
            ++cases;
            EXPECT_GT(each.meaning.size(), 10u) << name;
            EXPECT_GT(each.remedy.size(), 5u) << name;
        }
        EXPECT_GE(cases, 1u) << name;
        const std::string page = page_of(name);
        EXPECT_THAT(page, HasSubstr("\n  means     ")) << name;
        EXPECT_THAT(page, HasSubstr("\n  do        ")) << name;
        EXPECT_THAT(page, HasSubstr("\n  manual    ")) << name;
    }
}

TEST(Explain, A7_EachErrnoOfLinuxIsFoundByNameNumberAndSentence) {
    std::set<int> codes;
    for (const ErrnoName& each : errno_names()) {
        codes.insert(each.code);
        const std::string sentence = Error::system(each.code, "").reason();
        for (const std::string& way :
             {std::string(each.name), lowered(each.name), std::to_string(each.code), sentence}) {
            const ErrnoName* found = find_errno(way);
            ASSERT_NE(found, nullptr) << way;
            EXPECT_EQ(found->code, each.code) << way;
        }
        EXPECT_THAT(page_of(each.name), HasSubstr(": " + sentence.substr(0, 20)));
    }
    // 41 and 58 are second names of others.
    EXPECT_EQ(codes.size(), 131u);
    EXPECT_EQ(*codes.begin(), 1);
    EXPECT_EQ(*codes.rbegin(), 133);
    EXPECT_EQ(find_errno("0"), nullptr);
    EXPECT_EQ(find_errno("4096"), nullptr);
    EXPECT_EQ(find_errno("EWOULDBLOCK")->name, "EAGAIN");
}

TEST(Explain, A7_EachHintOfTheToolIsToldWithItsErrno) {
    const std::string page = page_of("EADDRINUSE");
    for (const Hint& each : hints_about(EADDRINUSE)) {
        EXPECT_THAT(page, HasSubstr("  hint      " + std::string(each.call)));
    }
    EXPECT_THAT(hints_about(EADDRINUSE), SizeIs(3));
}

TEST(Explain, AWholeMessageIsExplainedByItsReason) {
    EXPECT_EQ(page_of("connect 10.0.0.7:5432: Connection refused"), page_of("ECONNREFUSED"));
    EXPECT_EQ(page_of("connection REFUSED"), page_of("111"));
}

TEST(Explain, EachOptionIsFoundByTheKernelsNameAndByOurs) {
    for (const OptionEntry& each : option_catalogue()) {
        for (const std::string& name : {std::string(each.key.name), std::string(each.type)}) {
            const auto found = explain(name);
            ASSERT_FALSE(found.empty()) << name;
            EXPECT_EQ(found.front().kind, WordKind::option) << name;
        }
    }
    EXPECT_THAT(page_of("TCP_NODELAY"), HasSubstr("\n  type      NoDelay\n"));
}

TEST(Explain, StatesAreFoundHoweverTheyAreWritten) {
    for (const char* name : {"CLOSE-WAIT", "close_wait", "Close-Wait", "close wait"}) {
        const auto found = explain(name);
        ASSERT_THAT(found, SizeIs(1)) << name;
        EXPECT_EQ(found.front().kind, WordKind::state);
        EXPECT_THAT(found.front().to_string(), HasSubstr("a bug of the program"));
    }
    EXPECT_EQ(explain("ESTABLISHED").front().name, "ESTAB");
    EXPECT_EQ(words_of(WordKind::state).size(), 11u) << "as many as RFC 9293 has";
}

TEST(Explain, SettingsAreFoundByPathAndByTheirLastPart) {
    const std::string page = page_of("net.core.somaxconn");
    EXPECT_THAT(page, HasSubstr("wait to be accepted"));
    for (const char* name :
         {"somaxconn", "SOMAXCONN", "net/core/somaxconn", "/proc/sys/net/core/somaxconn"}) {
        EXPECT_EQ(page_of(name), page) << name;
    }
}

TEST(Explain, FlagsAndEventsAndTermsAreThere) {
    for (const char* name :
         {"SYN",     "FIN",         "RST",       "ACK",       "PSH",     "URG",      "ECE",
          "CWR",     "POLLIN",      "EPOLLIN",   "POLLRDHUP", "EPOLLET", "MSG_PEEK", "MSG_NOSIGNAL",
          "AF_INET", "SOCK_STREAM", "MPTCP",     "io_uring",  "epoll",   "poll",     "select",
          "backlog", "lease",       "TIME_WAIT", "SIGPIPE"}) {
        EXPECT_THAT(explain(name), Not(IsEmpty())) << name;
    }
}

TEST(Explain, NoWordIsThereTwiceInAKindAndAllHaveALine) {
    std::size_t words = 0;
    for (const WordKind kind : kWordKinds) {
        std::set<std::string> names;
        for (const Explanation& each : words_of(kind)) {
            EXPECT_FALSE(each.meaning.empty()) << each.name;
            const bool is_new = names.insert(each.name).second;
            // An option for groups is there for IPv4 and for IPv6.
            if (kind != WordKind::option) {
                EXPECT_TRUE(is_new) << each.name;
            }
            ++words;
        }
        EXPECT_GT(names.size(), 5u) << heading_of(kind);
        EXPECT_EQ(kind_named(name_of(kind)), kind);
    }
    EXPECT_GT(words, 360u);
    EXPECT_EQ(kind_named("families"), WordKind::family);
    EXPECT_EQ(kind_named("nothing"), std::nullopt);
}

TEST(Explain, MisspellingsGetUpToThreeSuggestions) {
    EXPECT_EQ(nearest_words("ECONREFUSED").front(), "ECONNREFUSED");
    EXPECT_EQ(nearest_words("conection refused").front(), "ECONNREFUSED");
    EXPECT_EQ(nearest_words("nodlay").front(), "TCP_NODELAY");
    EXPECT_EQ(nearest_words("close_wiat").front(), "CLOSE-WAIT");
    EXPECT_EQ(nearest_words("somaxcon").front(), "net.core.somaxconn");
    EXPECT_THAT(nearest_words("EADDR"), Contains("EADDRINUSE"));
    for (const char* word : {"SO", "tcp", "e", "wait", "MSG"}) {
        EXPECT_LE(nearest_words(word).size(), 3u) << word;
    }
    EXPECT_THAT(nearest_words("qqqqqqqqqqqqqq"), IsEmpty());
    EXPECT_THAT(nearest_words(""), IsEmpty());
    EXPECT_THAT(nearest_words(std::string(10000, 'x')), IsEmpty());
}

TEST(Explain, PagesAreOfEightyColumns) {
    for (const WordKind kind : kWordKinds) {
        for (const Explanation& each : words_of(kind)) {
            const std::string page = each.to_string();
            for (std::size_t begin = 0; begin < page.size();) {
                const std::size_t end = page.find('\n', begin);
                EXPECT_LE(end - begin, 80u) << page;
                begin = end + 1;
            }
        }
    }
}

}  // namespace
}  // namespace fivetuple

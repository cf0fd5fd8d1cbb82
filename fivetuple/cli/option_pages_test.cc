#include "fivetuple/cli/option_pages.h"

#include "tests/testing/testing.h"
#include <filesystem>
#include <fstream>

namespace fivetuple {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(OptionPages, APageTellsAllAboutAnOption) {
    EXPECT_EQ(option_page(*find_option("SO_MARK")),
              "SO_MARK: a number that routing and firewall rules see on all that is sent\n"
              "  type      Mark\n"
              "  value     number\n"
              "  use       set and get\n"
              "  sockets   TCP, UDP, raw IP, MPTCP, packet\n"
              "  needs     CAP_NET_ADMIN or CAP_NET_RAW\n"
              "  since     Linux 2.6\n"
              "  manual    socket(7)\n"
              "  number    SOL_SOCKET (1), 36\n");
    EXPECT_THAT(option_page(*find_option("TCP_KEEPIDLE")),
                HasSubstr("  value     time, 1 to 32767 s\n"));
    EXPECT_THAT(option_page(*find_option("SO_RCVBUF")), HasSubstr("  kept      doubled; "));
    EXPECT_THAT(option_page(*find_option("SO_REUSEADDR")),
                HasSubstr("  since     Linux 2.2 or older\n"));
    EXPECT_THAT(option_page(*find_option("SO_TYPE")), HasSubstr("  use       get only\n"));
    EXPECT_THAT(option_page(*find_option("SO_RCVBUFFORCE")), HasSubstr("  use       set only\n"));
}

TEST(OptionPages, LevelsHaveNames) {
    EXPECT_EQ(level_name(1), "SOL_SOCKET");
    EXPECT_EQ(level_name(41), "IPPROTO_IPV6");
    EXPECT_EQ(level_name(1234), "1234");
}

TEST(OptionPages, TheListHasALineForEach) {
    const std::string list = option_list();
    EXPECT_THAT(list, StartsWith("option"));
    EXPECT_EQ(std::ranges::count(list, '\n'),
              static_cast<std::ptrdiff_t>(option_catalogue().size() + 2));
}

TEST(OptionPages, EveryOptionIsOnTheMarkdownPage) {
    const std::string page = options_markdown();
    for (const OptionEntry& each : option_catalogue()) {
        EXPECT_THAT(page, HasSubstr("\n| `" + std::string(each.key.name) + "` | `" +
                                    std::string(each.type) + "` |"));
    }
}

TEST(OptionPages, TheDocumentationIsWhatIsWritten) {
    const auto root = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
    std::ifstream file(root / "docs" / "options.md");
    const std::string page(std::istreambuf_iterator<char>(file), {});
    EXPECT_EQ(page, options_markdown())
        << "write it anew: build/dev/tools/ft options --markdown > docs/options.md";
}

}  // namespace
}  // namespace fivetuple

#include "fivetuple/os/address.h"

#include <unistd.h>

#include "tests/testing/testing.h"
#include <algorithm>
#include <unordered_set>
#include <vector>

namespace fivetuple {
namespace {

using namespace std::string_view_literals;

SocketAddress address(std::string_view text) {
    auto parsed = SocketAddress::parse(text);
    EXPECT_TRUE(parsed.has_value()) << text;
    return parsed.value_or(SocketAddress());
}

struct GoodText {
    std::string_view text;
    std::string_view printed;
    Family family;
};

TEST(SocketAddress, ReadsGoodTextsAndPrintsThemInTheirOneForm) {
    constexpr GoodText kGood[] = {
        {"127.0.0.1:80", "127.0.0.1:80", Family::ipv4},
        {"0.0.0.0:0", "0.0.0.0:0", Family::ipv4},
        {"255.255.255.255:65535", "255.255.255.255:65535", Family::ipv4},
        {"10.0.0.1:0080", "10.0.0.1:80", Family::ipv4},
        {"localhost:8080", "127.0.0.1:8080", Family::ipv4},
        {"*:80", "[::]:80", Family::ipv6},
        {"[::]:0", "[::]:0", Family::ipv6},
        {"[::1]:65535", "[::1]:65535", Family::ipv6},
        {"[2001:DB8::1]:443", "[2001:db8::1]:443", Family::ipv6},
        {"[::ffff:10.0.0.1]:80", "[::ffff:10.0.0.1]:80", Family::ipv6},
        {"[fe80::1%lo]:22", "[fe80::1%lo]:22", Family::ipv6},
        {"unix:", "unix:", Family::unix_domain},
        {"unix:/run/app.sock", "unix:/run/app.sock", Family::unix_domain},
        {"/run/app.sock", "unix:/run/app.sock", Family::unix_domain},
        {"./app.sock", "unix:./app.sock", Family::unix_domain},
        {"../app.sock", "unix:../app.sock", Family::unix_domain},
        {"unix:app.sock", "unix:app.sock", Family::unix_domain},
        {"unix:a:80", "unix:a:80", Family::unix_domain},
        {"/with blank", "unix:/with blank", Family::unix_domain},
        {"/with\nline", "unix:/with\\x0aline", Family::unix_domain},
        {"/with\\x0aline", "unix:/with\\x0aline", Family::unix_domain},
        {"/del\x7f", "unix:/del\\x7f", Family::unix_domain},
        {"/\xc3\xa4", "unix:/\xc3\xa4", Family::unix_domain},
        {"/back\\slash", "unix:/back\\x5cslash", Family::unix_domain},
        {"/end\\", "unix:/end\\x5c", Family::unix_domain},
        {"/end\\x4", "unix:/end\\x5cx4", Family::unix_domain},
        {"/\\x5cx41", "unix:/\\x5cx41", Family::unix_domain},
        {"/\\x5C\\xg0\\x0g", "unix:/\\x5cx5C\\x5cxg0\\x5cx0g", Family::unix_domain},
        {"unix:\\x40odd", "unix:\\x40odd", Family::unix_domain},
        {"@", "unix:@", Family::unix_domain},
        {"@name", "unix:@name", Family::unix_domain},
        {"unix:@name", "unix:@name", Family::unix_domain},
        {"@@name", "unix:@@name", Family::unix_domain},
        {"@/path", "unix:@/path", Family::unix_domain},
        {"@a\0b"sv, "unix:@a\\x00b", Family::unix_domain},
        {"@a\\x00b\\xff", "unix:@a\\x00b\xff", Family::unix_domain},
    };
    for (const auto& [text, printed, family] : kGood) {
        const SocketAddress parsed = address(text);
        EXPECT_EQ(parsed.to_string(), printed) << text;
        EXPECT_EQ(parsed.family(), family) << text;
        EXPECT_EQ(address(printed), parsed) << text;
        EXPECT_EQ(address(printed).to_string(), printed) << text;
        EXPECT_EQ(parsed.is_unix(), family == Family::unix_domain) << text;
        EXPECT_NE(parsed.is_ip(), parsed.is_unix()) << text;
    }
}

struct BadText {
    std::string_view text;
    std::string_view why;
};

constexpr std::string_view kNotAName =
    "\"example.com\" is a name; write an IP address (names are not looked up)";
constexpr std::string_view kBrackets = "an IPv6 address goes in brackets: [ADDRESS]:PORT";
constexpr std::string_view kNoPort = "it has no port; write it as ADDRESS:PORT";
constexpr std::string_view kNoPortV6 = "it has no port; write it as [ADDRESS]:PORT";
constexpr std::string_view kPortMissing = "the port behind the colon is missing";
constexpr std::string_view kZeroByte = "a path cannot hold a zero byte";

constexpr BadText kBad[] = {
    {"", "it is empty"},
    {"80", kNoPort},
    {"127.0.0.1", kNoPort},
    {"localhost", kNoPort},
    {"none", kNoPort},
    {"app.sock", kNoPort},
    {":80", "the address before the colon is missing"},
    {":", "the address before the colon is missing"},
    {"127.0.0.1:", kPortMissing},
    {"[::1]:", kPortMissing},
    {"127.0.0.1:65536", "port 65536 is over 65535"},
    {"127.0.0.1:99999999999999999999999", "port 99999999999999999999999 is over 65535"},
    {"[::1]:70000", "port 70000 is over 65535"},
    {"127.0.0.1:-1", "the port \"-1\" is not a number"},
    {"127.0.0.1:+80", "the port \"+80\" is not a number"},
    {"127.0.0.1: 80", "the port \" 80\" is not a number"},
    {"127.0.0.1:80 ", "the port \"80 \" is not a number"},
    {"127.0.0.1:0x50", "the port \"0x50\" is not a number"},
    {"127.0.0.1:http", "the port \"http\" is not a number"},
    {"127.0.0.1:99999999999999999999999x", "the port \"99999999999999999999999x\" is not a number"},
    {"127.0.0.1:80\0"sv, "the port \"80\0\" is not a number"sv},
    {"[::1]:1:2", "the port \"1:2\" is not a number"},
    {"::1", kBrackets},
    {"::1:80", kBrackets},
    {"::", kBrackets},
    {"2001:db8::1", kBrackets},
    {"127.0.0.1:80:81", kBrackets},
    {"[::1]", kNoPortV6},
    {"[::1]80", kNoPortV6},
    {"[::1", "the ] is missing"},
    {"[", "the ] is missing"},
    {"[]:80", "there is no address in the brackets"},
    {"[127.0.0.1]:80", "brackets are for IPv6 addresses"},
    {"[::g]:80", "it is not an IPv6 address"},
    {"[::1\0]:80"sv, "it is not an IPv6 address"},
    {"[localhost]:80", "it is neither an IPv4 nor an IPv6 address"},
    {"[fe80::1%nope]:80", "there is no interface \"nope\" behind the %"},
    {"example.com:80", kNotAName},
    {"10.0.0:80", "an IPv4 address has four numbers"},
    {"10.0.0.256:80", "each number of an IPv4 address is 0 to 255, without leading zeros"},
    {"010.0.0.1:80", "each number of an IPv4 address is 0 to 255, without leading zeros"},
    {"tcp://10.0.0.1:80", kBrackets},
    {"unix:\\x00", kZeroByte},
    {"/tmp/\\x00", kZeroByte},
    {"/tmp/\0x"sv, kZeroByte},
};

TEST(SocketAddress, SaysWhatIsWrongWithBadTexts) {
    for (const auto& [text, why] : kBad) {
        const auto parsed = SocketAddress::parse(text);
        ASSERT_FALSE(parsed.has_value()) << text;
        EXPECT_EQ(parsed.error().cause(), Cause::malformed) << text;
        EXPECT_EQ(parsed.error().reason(), why) << text;
        EXPECT_EQ(parsed.error().call(), "address") << text;
    }
    EXPECT_EQ(SocketAddress::parse("127.0.0.1:65536").error().message(),
              "address \"127.0.0.1:65536\": port 65536 is over 65535");
}

TEST(SocketAddress, F114_AUnixNameHas107BytesAndNotOneMore) {
    const std::string longest = "/" + std::string(106, 'p');
    EXPECT_EQ(SocketAddress::unix_path(longest)->unix_name(), longest);
    EXPECT_EQ(SocketAddress::unix_path(longest)->raw_size(), sizeof(sockaddr_un));
    EXPECT_EQ(address(longest).unix_name(), longest);
    EXPECT_EQ(SocketAddress::unix_abstract(longest)->unix_name(), longest);

    const Error path = SocketAddress::unix_path(longest + "p").error();
    EXPECT_EQ(path.cause(), Cause::limit);
    EXPECT_EQ(path.message(), "address \"" + longest +
                                  "p\": a Unix socket's name has at most 107 bytes, this one 108");
    const Error name = SocketAddress::unix_abstract(std::string(200, '\1')).error();
    EXPECT_EQ(name.cause(), Cause::limit);
    EXPECT_EQ(name.reason(), "a Unix socket's name has at most 107 bytes, this one 200");
}

TEST(SocketAddress, AMessageShowsTheBytesThatATerminalWouldNot) {
    const Error path = SocketAddress::unix_path("/\x1b" + std::string(200, 'p')).error();
    EXPECT_TRUE(path.subject().starts_with("\"/\\x1bppp")) << path.subject();
    EXPECT_EQ(SocketAddress::unix_path("/a\0b"sv).error().subject(), "\"/a\\x00b\"");
}

TEST(SocketAddress, APathMayBeginLikeAnAbstractName) {
    const auto path = SocketAddress::unix_path("@odd");
    ASSERT_TRUE(path.has_value());
    EXPECT_FALSE(path->is_abstract());
    EXPECT_EQ(path->unix_name(), "@odd");
    EXPECT_EQ(path->to_string(), "unix:\\x40odd");
    EXPECT_NE(*path, address("@odd"));
}

TEST(SocketAddress, TellsThreeKindsOfUnixAddressApart) {
    const SocketAddress path = address("/p");
    const SocketAddress abstract = address("@p");
    const SocketAddress unnamed = SocketAddress::unix_unnamed();
    EXPECT_FALSE(path.is_abstract() || path.is_unnamed());
    EXPECT_TRUE(abstract.is_abstract());
    EXPECT_FALSE(abstract.is_unnamed());
    EXPECT_TRUE(unnamed.is_unnamed());
    EXPECT_FALSE(unnamed.is_abstract());
    EXPECT_EQ(unnamed.unix_name(), "");
    EXPECT_EQ(address("@"), SocketAddress::unix_abstract("").value());
    EXPECT_NE(address("@"), unnamed);
}

TEST(SocketAddress, APathIsNeverEmpty) {
    EXPECT_EQ(SocketAddress::unix_path("").error().reason(), "a Unix socket's path is empty");
}

TEST(SocketAddress, OneOfNoFamilyIsOnlyItself) {
    const SocketAddress none;
    EXPECT_EQ(none.family(), Family::none);
    EXPECT_FALSE(none.is_ip() || none.is_unix() || none.is_abstract() || none.is_unnamed());
    EXPECT_EQ(none.to_string(), "none");
    EXPECT_EQ(none, SocketAddress());
    EXPECT_NE(none, address("0.0.0.0:0"));
    EXPECT_EQ(none.port(), 0);
    EXPECT_EQ(none.ip(), IpAddress());
    EXPECT_EQ(none.with_port(80), none);
}

TEST(SocketAddress, ItsPortCanBeAnother) {
    EXPECT_EQ(address("10.0.0.1:80").with_port(81), address("10.0.0.1:81"));
    EXPECT_EQ(address("[fe80::1%lo]:80").with_port(0), address("[fe80::1%lo]:0"));
    EXPECT_EQ(address("/path").with_port(80), address("/path"));
    EXPECT_EQ(address("10.0.0.1:258").port(), 258);
    EXPECT_EQ(address("[::1]:258").port(), 258);
    EXPECT_EQ(address("/path").port(), 0);
    EXPECT_EQ(address("/path").ip(), IpAddress());
    EXPECT_EQ(address("10.0.0.1:80").unix_name(), "");
}

TEST(SocketAddress, HasATotalOrder) {
    std::vector<SocketAddress> sorted{SocketAddress()};
    for (const auto* text : {"9.0.0.0:99", "10.0.0.0:1", "10.0.0.0:256", "[::]:0", "[::1]:1",
                             "[::1]:2", "[fe80::1%lo]:1", "unix:", "/a", "/aa", "/b", "@", "@a"}) {
        sorted.push_back(address(text));
    }
    for (std::size_t a = 0; a < sorted.size(); ++a) {
        for (std::size_t b = 0; b < sorted.size(); ++b) {
            EXPECT_EQ(sorted[a] <=> sorted[b], a <=> b)
                << sorted[a].to_string() << " and " << sorted[b].to_string();
            EXPECT_EQ(sorted[a] == sorted[b], a == b);
        }
    }
}

TEST(SocketAddress, EqualAddressesHashAlikeAndOthersDoNot) {
    std::unordered_set<SocketAddress> all;
    for (const auto* text :
         {"10.0.0.1:80", "10.0.0.1:81", "10.0.0.2:80", "[::]:80", "*:80", "localhost:1",
          "127.0.0.1:1", "/a", "unix:/a", "/b", "@/a", "unix:", "unix:@", "@"}) {
        all.insert(address(text));
    }
    EXPECT_EQ(all.size(), 10u);
    EXPECT_EQ(address("*:80").hash(), address("[::]:80").hash());
    EXPECT_EQ(address("/a").hash(), address("unix:/a").hash());
    EXPECT_NE(address("/a").hash(), address("@/a").hash());
}

}  // namespace
}  // namespace fivetuple

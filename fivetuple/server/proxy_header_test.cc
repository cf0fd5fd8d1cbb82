#include "fivetuple/server/proxy_header.h"

#include "fivetuple/base/crc32c.h"

#include "tests/testing/testing.h"

namespace fivetuple {
namespace {

using ::testing::HasSubstr;
using Block = std::vector<std::byte>;

std::string why_not(Bytes bytes, const ProxyLimits& limits = {}) {
    const auto found = find_proxy_header(bytes, limits);
    if (!found) return found.error().message();
    return *found ? "nothing" : "not whole";
}
std::string why_not(std::string_view text) { return why_not(bytes_of(text)); }

SocketAddress address(std::string_view text) { return *SocketAddress::parse(text); }

void add(Block& block, Bytes more) { block.insert(block.end(), more.begin(), more.end()); }

// A block of version 2 by hand: version and command, family and transport, and all behind it.
Block block_of(int command, int family, std::string_view rest) {
    Block block;
    add(block, bytes_of(std::string_view("\r\n\r\n\0\r\nQUIT\n", 12)));
    block.push_back(std::byte(command));
    block.push_back(std::byte(family));
    block.push_back(std::byte(rest.size() >> 8));
    block.push_back(std::byte(rest.size()));
    add(block, bytes_of(rest));
    return block;
}

constexpr std::string_view kV4("\x0a\x00\x00\x01\x0a\x00\x00\x02\x30\x39\x00\x50", 12);

std::string field(int kind, std::string_view value) {
    std::string text;
    text += static_cast<char>(kind);
    text += static_cast<char>(value.size() >> 8);
    text += static_cast<char>(value.size());
    return text + std::string(value);
}
Block v4_with(const std::string& fields) { return block_of(0x21, 0x11, std::string(kV4) + fields); }

// Found whole, and nothing before its last byte has come; nothing behind it is asked for.
ProxyHeader read(Bytes bytes) {
    for (std::size_t count = 0; count < bytes.size(); ++count) {
        const auto found = find_proxy_header(bytes.first(count));
        EXPECT_TRUE(found && !*found) << count << " bytes of " << bytes.size();
        const std::size_t missing = proxy_bytes_missing(bytes.first(count));
        EXPECT_GE(missing, 1u);
        EXPECT_LE(missing, bytes.size() - count) << "with " << count << " of " << bytes.size();
    }
    Block more(bytes.begin(), bytes.end());
    add(more, bytes_of("\r\nwhat comes behind"));
    const auto found = find_proxy_header(more);
    EXPECT_TRUE(found && *found) << why_not(bytes);
    if (!found || !*found) return {};
    EXPECT_EQ((*found)->size, bytes.size());
    return **found;
}

TEST(ProxyHeader, F101_ALineTellsTheClient) {
    ProxyHeader header = read(bytes_of("PROXY TCP4 192.0.2.7 10.0.0.1 56324 443\r\n"));
    EXPECT_EQ(header.version, 1);
    EXPECT_EQ(header.from, address("192.0.2.7:56324"));
    EXPECT_EQ(header.to, address("10.0.0.1:443"));
    header = read(bytes_of("PROXY TCP6 2001:db8::7 ::1 1 65535\r\n"));
    EXPECT_EQ(header.from, address("[2001:db8::7]:1"));
    EXPECT_EQ(header.to, address("[::1]:65535"));
    header = read(bytes_of("PROXY TCP4 1.1.1.1 2.2.2.2 0 0\r\n"));
    EXPECT_EQ(header.from.port(), 0);
    const std::string longest =
        "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n";
    EXPECT_TRUE(read(bytes_of(longest)).knows_client());
}

TEST(ProxyHeader, F101_AnUnknownClientHasNoAddressWhateverIsSaidOfIt) {
    EXPECT_FALSE(read(bytes_of("PROXY UNKNOWN\r\n")).knows_client());
    EXPECT_FALSE(read(bytes_of("PROXY UNKNOWN \r\n")).knows_client());
    const std::string most = "PROXY UNKNOWN " + std::string(107 - 16, 'x') + "\r\n";
    EXPECT_EQ(most.size(), 107u);
    EXPECT_FALSE(read(bytes_of(most)).knows_client());
}

TEST(ProxyHeader, F101_ALineThatIsNoneIsRefusedAsSoonAsThatIsSeen) {
    EXPECT_THAT(why_not("G"), HasSubstr("does not begin as one"));
    EXPECT_THAT(why_not("PROXY  TCP4"), HasSubstr("neither TCP4, TCP6 nor UNKNOWN"));
    EXPECT_THAT(why_not("PROXY TCP5"), HasSubstr("neither TCP4, TCP6 nor UNKNOWN"));
    EXPECT_THAT(why_not("PROXY TCP\r"), HasSubstr("neither TCP4, TCP6 nor UNKNOWN"));
    EXPECT_THAT(why_not("PROXY UNKNOWNS"), HasSubstr("neither TCP4, TCP6 nor UNKNOWN"));
    EXPECT_THAT(why_not("proxy TCP4"), HasSubstr("does not begin as one"));
    EXPECT_THAT(why_not("PROXY UNKNOWN\n"), HasSubstr("does not end with CR LF"));
    EXPECT_THAT(why_not("PROXY UNKNOWN\rx"), HasSubstr("does not end with CR LF"));
    EXPECT_THAT(why_not(std::string_view("PROXY UNKNOWN \0", 15)), HasSubstr("CR LF"));
    const std::string endless = "PROXY UNKNOWN " + std::string(1000, 'x');
    EXPECT_EQ(why_not(endless.substr(0, 106)), "not whole");
    EXPECT_THAT(why_not(endless.substr(0, 107)), HasSubstr("within 107 bytes"));
    EXPECT_THAT(why_not(endless.substr(0, 106) + "\r\n"), HasSubstr("CR LF"));
}

TEST(ProxyHeader, F101_WordsThatDoNotSayWhatTheyShouldAreRefused) {
    for (const char* line :
         {"PROXY TCP4\r\n", "PROXY TCP4 \r\n", "PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n",
          "PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n", "PROXY TCP4 1.1.1.1  2.2.2.2 1 2\r\n",
          "PROXY TCP4 1.1.1.1 2.2.2.2 1 2 \r\n", "PROXY TCP4 1.1.1.1\t2.2.2.2 1 2\r\n"}) {
        EXPECT_THAT(why_not(line), HasSubstr("one space apart")) << line;
    }
    for (const char* line :
         {"PROXY TCP4 ::1 2.2.2.2 1 2\r\n", "PROXY TCP4 01.1.1.1 2.2.2.2 1 2\r\n",
          "PROXY TCP4 1.1.1 2.2.2.2 1 2\r\n", "PROXY TCP4 1.1.1.256 2.2.2.2 1 2\r\n"}) {
        EXPECT_THAT(why_not(line), HasSubstr("is no IPv4 address")) << line;
    }
    for (const char* line : {"PROXY TCP6 ::1 2.2.2.2 1 2\r\n", "PROXY TCP6 fe80::1%1 ::1 1 2\r\n",
                             "PROXY TCP6 ::1 ::g 1 2\r\n"}) {
        EXPECT_THAT(why_not(line), HasSubstr("is no IPv6 address")) << line;
    }
    for (const char* port : {"65536", "01", "-1", "+1", "1x", "0x1", "99999999999"}) {
        const std::string line = "PROXY TCP4 1.1.1.1 2.2.2.2 1 " + std::string(port) + "\r\n";
        EXPECT_THAT(why_not(line), HasSubstr("is no port")) << line;
    }
}

TEST(ProxyHeader, F102_ABlockTellsTheClient) {
    ProxyHeader header = read(block_of(0x21, 0x11, kV4));
    EXPECT_EQ(header.version, 2);
    EXPECT_EQ(header.from, address("10.0.0.1:12345"));
    EXPECT_EQ(header.to, address("10.0.0.2:80"));
    EXPECT_FALSE(header.is_datagram);
    EXPECT_TRUE(read(block_of(0x21, 0x12, kV4)).is_datagram);
    std::string v6(36, '\0');
    v6[15] = 1;
    v6[31] = 2;
    v6[33] = 80;
    header = read(block_of(0x21, 0x21, v6));
    EXPECT_EQ(header.from, address("[::1]:80"));
    EXPECT_EQ(header.to, address("[::2]:0"));
}

TEST(ProxyHeader, F102_UnixClientsHavePathsAbstractNamesOrNone) {
    std::string both(216, '\0');
    both.replace(0, 9, "/run/peer");
    both.replace(109, 4, "name");
    ProxyHeader header = read(block_of(0x21, 0x31, both));
    EXPECT_EQ(header.from, address("/run/peer"));
    EXPECT_EQ(header.to, address("@name"));
    EXPECT_TRUE(read(block_of(0x21, 0x31, std::string(216, '\0'))).from.is_unnamed());
    EXPECT_THAT(why_not(block_of(0x21, 0x31, std::string(216, 'x'))), HasSubstr("107 bytes"));
}

TEST(ProxyHeader, F102_AProxyThatSpeaksForItselfIsBelievedNothingElse) {
    EXPECT_TRUE(read(block_of(0x20, 0x00, "")).is_local);
    const ProxyHeader header = read(block_of(0x20, 0xff, "anything at all"));
    EXPECT_TRUE(header.is_local);
    EXPECT_FALSE(header.knows_client());
    const ProxyHeader unspecified = read(block_of(0x21, 0x00, field(0x02, "host")));
    EXPECT_FALSE(unspecified.is_local);
    EXPECT_FALSE(unspecified.knows_client());
    EXPECT_EQ(unspecified.authority, "host");
}

TEST(ProxyHeader, F102_ABlockThatCannotBeIsRefusedAsSoonAsThatIsSeen) {
    EXPECT_THAT(why_not("\r\n\r\nx"), HasSubstr("does not begin as one"));
    EXPECT_THAT(why_not(Bytes(block_of(0x11, 0x11, kV4)).first(13)), HasSubstr("not 2"));
    EXPECT_THAT(why_not(Bytes(block_of(0x22, 0x11, kV4)).first(13)), HasSubstr("neither LOCAL"));
    for (const int family : {0x41, 0x13, 0x10, 0x01, 0x30, 0xf0, 0xff}) {
        EXPECT_THAT(why_not(Bytes(block_of(0x21, family, kV4)).first(14)),
                    HasSubstr("none that there are"))
            << family;
    }
}

TEST(ProxyHeader, F102_LyingLengthsAreRefused) {
    EXPECT_THAT(why_not(block_of(0x21, 0x11, kV4.substr(0, 11))), HasSubstr("shorter than"));
    EXPECT_THAT(why_not(block_of(0x21, 0x21, kV4)), HasSubstr("shorter than"));
    EXPECT_THAT(why_not(block_of(0x21, 0x31, kV4)), HasSubstr("shorter than"));
    EXPECT_THAT(why_not(v4_with("\x04")), HasSubstr("cut short"));
    EXPECT_THAT(why_not(v4_with(std::string("\x04\x00", 2))), HasSubstr("cut short"));
    EXPECT_THAT(why_not(v4_with(std::string("\x04\x00\x01", 3))), HasSubstr("longer than"));
    EXPECT_THAT(why_not(v4_with("\x02\xff\xffhost")), HasSubstr("longer than"));
    const std::string inner = std::string("\x01\0\0\0\0", 5) + "\x21\xff\xff";
    EXPECT_THAT(why_not(v4_with(field(0x20, inner))), HasSubstr("longer than"));
    EXPECT_THAT(why_not(v4_with(field(0x20, "\x01"))), HasSubstr("TLS field is cut short"));
    const Block huge = block_of(0x21, 0x11, std::string(kV4) + field(0xe0, std::string(5000, 'x')));
    EXPECT_THAT(why_not(Bytes(huge).first(16)), HasSubstr("it has 5031 bytes; the limit is 4096"));
    EXPECT_EQ(why_not(huge, {.bytes_max = 6000}), "nothing");
}

TEST(ProxyHeader, F102_FieldsAreReadAndUnknownOnesKept) {
    const std::string tls = std::string("\x07\0\0\0\0", 5) + field(0x21, "TLSv1.3") +
                            field(0x22, "Some Body") + field(0x23, "AES") + field(0x24, "ECDSA") +
                            field(0x25, "EC256") + field(0x7f, "whatever");
    const ProxyHeader header =
        read(v4_with(field(0x01, "h2") + field(0x02, "www.example.org") + field(0x05, "id-7") +
                     field(0x04, "") + field(0x20, tls) + field(0x30, "blue") +
                     field(0x04, "nothing") + field(0xe0, "ours") + field(0xe0, "again")));
    EXPECT_EQ(header.application_protocol, "h2");
    EXPECT_EQ(header.authority, "www.example.org");
    EXPECT_EQ(text_of(header.unique_id), "id-7");
    EXPECT_EQ(header.network_namespace, "blue");
    ASSERT_EQ(header.others.size(), 2u);
    EXPECT_EQ(header.others[1].kind, 0xe0);
    EXPECT_EQ(text_of(header.others[1].value), "again");
    ASSERT_TRUE(header.tls);
    EXPECT_TRUE(header.tls->is_tls && header.tls->sent_certificate && header.tls->is_verified);
    EXPECT_EQ(header.tls->version, "TLSv1.3");
    EXPECT_EQ(header.tls->common_name, "Some Body");
    EXPECT_EQ(header.tls->key_algorithm, "EC256");
}

TEST(ProxyHeader, F102_ACertificateIsVerifiedOnlyWhereOneCameAndTheProxySaysSo) {
    const auto verified = [](std::string_view value) {
        return read(v4_with(field(0x20, value))).tls->is_verified;
    };
    EXPECT_FALSE(verified(std::string_view("\x01\0\0\0\0", 5))) << "none came";
    EXPECT_FALSE(verified(std::string_view("\x03\0\0\0\x01", 5))) << "it did not hold";
    EXPECT_TRUE(verified(std::string_view("\x03\0\0\0\0", 5)));
    EXPECT_TRUE(verified(std::string_view("\x05\0\0\0\0", 5)));
}

TEST(ProxyHeader, F102_FieldsThatMislead) {
    EXPECT_THAT(why_not(v4_with(field(0x02, "a") + field(0x02, "b"))), HasSubstr("twice"));
    EXPECT_THAT(why_not(v4_with(field(0x02, "a\r\nHost: b"))), HasSubstr("is no name"));
    EXPECT_THAT(why_not(v4_with(field(0x02, ""))), HasSubstr("is no name"));
    EXPECT_THAT(why_not(v4_with(field(0x02, std::string(256, 'a')))), HasSubstr("is no name"));
    EXPECT_THAT(why_not(v4_with(field(0x01, "h 2"))), HasSubstr("is no name"));
    EXPECT_THAT(why_not(v4_with(field(0x05, std::string(129, 'a')))), HasSubstr("128 bytes"));
    const std::string tls = std::string("\x01\0\0\0\0", 5) + field(0x22, "a\nb");
    EXPECT_THAT(why_not(v4_with(field(0x20, tls))), HasSubstr("control characters"));
}

TEST(ProxyHeader, F102_AChecksumIsCheckedWhereverItStands) {
    Block block =
        v4_with(field(0x02, "host") + field(0x03, std::string(4, '\0')) + field(0x04, "x"));
    const std::size_t at = 16 + 12 + 7 + 3;
    put_integer(std::span(block).subspan(at), crc32c(block));
    EXPECT_TRUE(read(block).has_checksum);
    for (std::size_t each : {std::size_t{20}, at, at + 3, block.size() - 1}) {
        Block broken = block;
        broken[each] ^= std::byte{1};
        EXPECT_THAT(why_not(broken), HasSubstr("checksum is wrong")) << each;
    }
    EXPECT_THAT(why_not(v4_with(field(0x03, "abc"))), HasSubstr("has not 4 bytes"));
    EXPECT_THAT(why_not(v4_with(field(0x03, "abcde"))), HasSubstr("has not 4 bytes"));
}

TEST(ProxyHeader, AVersionThatIsNotTakenIsRefusedAtItsBeginning) {
    EXPECT_THAT(why_not(bytes_of("PR"), {.takes_v1 = false}), HasSubstr("version 1 is not taken"));
    EXPECT_THAT(why_not(bytes_of("\r\n"), {.takes_v2 = false}), HasSubstr("version 2 is not"));
    EXPECT_EQ(why_not(bytes_of("PR"), {.takes_v2 = false}), "not whole");
    EXPECT_EQ(why_not(""), "not whole");
}

TEST(ProxyHeader, IsReadAsItIsWritten) {
    ProxyHeader header;
    header.from = address("192.0.2.1:1000");
    header.to = address("192.0.2.2:443");
    EXPECT_EQ(*to_proxy_v1(header), "PROXY TCP4 192.0.2.1 192.0.2.2 1000 443\r\n");
    header.application_protocol = "http/1.1";
    header.authority = "example.org";
    header.unique_id = {std::byte{1}, std::byte{0}, std::byte{255}};
    header.tls = ProxyTls{.is_tls = true,
                          .sent_certificate = true,
                          .is_verified = true,
                          .version = "TLSv1.2",
                          .common_name = "Some Body",
                          .cipher = "X",
                          .signature_algorithm = "Y",
                          .key_algorithm = "Z"};
    header.network_namespace = "blue";
    header.has_checksum = true;
    header.others = {{0xe7, {std::byte{7}}}, {0xe8, {}}};
    for (const char* from : {"192.0.2.1:1000", "[2001:db8::1]:1000"}) {
        header.from = address(from);
        header.to = header.from.with_port(443);
        const auto written = to_proxy_v2(header);
        ASSERT_TRUE(written);
        header.size = written->size();
        EXPECT_EQ(read(*written), header) << from;
    }
    header.from = address("/run/one");
    header.to = address("@two");
    header.is_datagram = true;
    const auto written = to_proxy_v2(header);
    ASSERT_TRUE(written);
    header.size = written->size();
    EXPECT_EQ(read(*written), header);
}

TEST(ProxyHeader, TwoFamiliesAreWrittenAsOne) {
    ProxyHeader header;
    header.from = address("[::ffff:192.0.2.1]:1000");
    header.to = address("[::ffff:192.0.2.2]:443");
    EXPECT_EQ(*to_proxy_v1(header), "PROXY TCP4 192.0.2.1 192.0.2.2 1000 443\r\n")
        << "as a listener for both families sees them";
    header.to = address("[2001:db8::1]:443");
    EXPECT_EQ(*to_proxy_v1(header), "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::1 1000 443\r\n");
    header.from = address("192.0.2.1:1000");
    EXPECT_EQ(read(*to_proxy_v2(header)).from, address("[::ffff:192.0.2.1]:1000"));
}

TEST(ProxyHeader, WhatCannotBeWrittenIsSaid) {
    ProxyHeader header;
    EXPECT_EQ(*to_proxy_v1(header), "PROXY UNKNOWN\r\n");
    EXPECT_FALSE(read(*to_proxy_v2(header)).knows_client());
    header.is_local = true;
    EXPECT_TRUE(read(*to_proxy_v2(header)).is_local);
    header.is_local = false;
    header.from = address("/run/one");
    header.to = address("/run/two");
    EXPECT_EQ(to_proxy_v1(header).error().cause(), Cause::unsupported);
    header.to = address("10.0.0.1:80");
    EXPECT_EQ(to_proxy_v2(header).error().cause(), Cause::unsupported);
    header.from = header.to;
    header.unique_id.resize(129);
    EXPECT_EQ(to_proxy_v2(header).error().cause(), Cause::limit);
    header.unique_id.clear();
    header.others = {{0xe0, Block(40'000)}, {0xe1, Block(40'000)}};
    EXPECT_EQ(to_proxy_v2(header).error().cause(), Cause::limit);
    header.others = {{0xe0, Block(70'000)}};
    EXPECT_EQ(to_proxy_v2(header).error().cause(), Cause::limit);
}

}  // namespace
}  // namespace fivetuple

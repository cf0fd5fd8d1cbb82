#include "fivetuple/server/proxy_protocol.h"

#include "fivetuple/task/run.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/pipe.h"

#include "tests/testing/quiet_loop.h"
#include <array>
#include <string>

namespace fivetuple {
namespace {

using namespace std::chrono_literals;
using ProxyOnStream = testing_help::QuietTest;

constexpr std::string_view kLine = "PROXY TCP4 192.0.2.7 10.0.0.1 56324 443\r\n";

Task<void> write_in_pieces(PipeStream stream, std::string text, std::size_t size) {
    for (std::size_t at = 0; at < text.size(); at += size) {
        auto sent = co_await stream.write_all(bytes_of(std::string_view(text).substr(at, size)));
        if (!sent) co_return;
        static_cast<void>(co_await yield());
    }
}

Task<Result<ProxyHeader>> read_from(Scope& scope, std::string text, std::size_t size,
                                    std::string* behind) {
    Pipe pipe;
    scope.spawn(write_in_pieces, std::move(pipe.left), std::move(text), size);
    auto header = co_await read_proxy_header(pipe.right);
    std::array<std::byte, 64> rest;
    while (header) {
        auto got = co_await pipe.right.read_some(rest);
        if (!got || *got == 0) break;
        *behind += text_of(std::span(rest).first(*got));
    }
    co_return header;
}

TEST_F(ProxyOnStream, NothingBehindTheHeaderIsRead) {
    ProxyHeader header;
    header.from = header.to = *SocketAddress::parse("[2001:db8::1]:443");
    header.authority = "example.org";
    const auto block = *to_proxy_v2(header);
    for (const std::string& text :
         {std::string(kLine), std::string("PROXY UNKNOWN\r\n"),
          std::string("PROXY TCP6 :: :: 0 0\r\n"), std::string(text_of(block))}) {
        for (std::size_t size = 1; size < 20; ++size) {
            std::string behind;
            const auto read =
                run(loop(), with_scope(read_from, text + "the request\r\n", size, &behind));
            ASSERT_TRUE(read) << text;
            EXPECT_EQ(behind, "the request\r\n") << text << " in pieces of " << size;
            EXPECT_EQ(read->size, text.size());
        }
    }
}

TEST_F(ProxyOnStream, F101_AStreamThatEndsBeforeItsHeaderDoesSaysSo) {
    std::string behind;
    const auto read = run(
        loop(), with_scope(read_from, std::string(kLine.substr(0, 20)), std::size_t{7}, &behind));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().message(), "PROXY header: the stream ended after 20 bytes of it");
    EXPECT_EQ(read.error().cause(), Cause::ended);
}

Task<Result<ProxyHeader>> read_slowly_sent(Pipe pipe) {
    auto sent = co_await pipe.left.write_all(bytes_of("PROXY TCP4 "));
    EXPECT_TRUE(sent);
    co_return co_await within(3s, read_proxy_header(pipe.right));
}

TEST_F(ProxyOnStream, F101_AHeaderThatDoesNotComeIsWaitedForAsLongAsItsLimit) {
    const Time before = loop().now();
    const auto read = run(loop(), read_slowly_sent(Pipe()));
    ASSERT_FALSE(read);
    EXPECT_TRUE(read.error().is_deadline());
    EXPECT_GE(loop().now() - before, 3s);
}

Task<Result<ProxyHeader>> write_and_read(Pipe pipe, ProxyHeader header) {
    FT_CO_TRY_VOID(co_await write_proxy_header(pipe.left, header));
    co_return co_await read_proxy_header(pipe.right);
}

TEST_F(ProxyOnStream, WhatIsWrittenIsRead) {
    ProxyHeader header;
    header.from = *SocketAddress::parse("10.0.0.1:1");
    header.to = *SocketAddress::parse("10.0.0.2:2");
    for (const std::uint8_t version : {1, 2}) {
        header.version = version;
        const auto read = run(loop(), write_and_read(Pipe(), header));
        ASSERT_TRUE(read) << read.error().message();
        EXPECT_EQ(read->version, version);
        EXPECT_EQ(read->from, header.from);
        EXPECT_EQ(read->to, header.to);
    }
}

TEST_F(ProxyOnStream, NothingIsWrittenThatCannotBe) {
    ProxyHeader header;
    header.version = 1;
    header.from = header.to = *SocketAddress::unix_abstract("name");
    const auto read = run(loop(), write_and_read(Pipe(), header));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().cause(), Cause::unsupported);
}

}  // namespace
}  // namespace fivetuple

#include "fivetuple/os/netlink/message.h"

#include "fivetuple/os/netlink/exchange.h"

#include <linux/netlink.h>

#include "tests/testing/testing.h"
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

namespace fivetuple::netlink {
namespace {

using ::testing::HasSubstr;

// Bytes as the kernel might send them, with lengths that may be lies.
class Wire {
public:
    Wire& message(std::uint16_t type, std::uint16_t flags, std::uint32_t length,
                  std::uint32_t sequence = 7, std::uint32_t port = 9) {
        nlmsghdr header{};
        header.nlmsg_len = length;
        header.nlmsg_type = type;
        header.nlmsg_flags = flags;
        header.nlmsg_seq = sequence;
        header.nlmsg_pid = port;
        return add(&header, sizeof header);
    }
    Wire& attribute(std::uint16_t type, std::uint16_t length) {
        const nlattr header{length, type};
        return add(&header, sizeof header);
    }
    Wire& number(std::int32_t value) { return add(&value, sizeof value); }
    Wire& text(std::string_view text) {
        add(text.data(), text.size());
        bytes_.resize((bytes_.size() + 3) & ~std::size_t{3});
        return *this;
    }
    // Memory of its own that ends where the bytes do, so that a look behind them is seen.
    Bytes bytes() {
        copy_ = std::make_unique<std::byte[]>(bytes_.size());
        std::memcpy(copy_.get(), bytes_.data(), bytes_.size());
        return {copy_.get(), bytes_.size()};
    }

private:
    Wire& add(const void* data, std::size_t size) {
        const auto* front = static_cast<const std::byte*>(data);
        bytes_.insert(bytes_.end(), front, front + size);
        return *this;
    }

    std::vector<std::byte> bytes_;
    std::unique_ptr<std::byte[]> copy_;
};

std::string why(const Result<bool>& outcome) {
    return outcome ? "no error" : outcome.error().message();
}

TEST(NetlinkMessages, B3_AreWalkedOneByOneWithTheirAttributes) {
    Wire wire;
    wire.message(20, 0, 16 + 8 + 12)
        .attribute(3, 8)
        .number(42)
        .attribute(4 | NLA_F_NESTED, 9)
        .text("name");
    wire.text(std::string_view("\0", 1)).message(21, 0, 16);
    MessageReader reader(wire.bytes());
    Message message;
    ASSERT_TRUE(reader.next(message).value());
    EXPECT_EQ(message.type, 20);
    EXPECT_EQ(message.sequence, 7u);
    EXPECT_EQ(message.port, 9u);
    AttributeReader attributes = message.attributes(0);
    Attribute attribute;
    ASSERT_TRUE(attributes.next(attribute).value());
    EXPECT_EQ(attribute.type, 3);
    std::uint32_t number = 0;
    EXPECT_TRUE(attribute.read(number));
    EXPECT_EQ(number, 42u);
    ASSERT_TRUE(attributes.next(attribute).value());
    EXPECT_EQ(attribute.type, 4) << "without the bit that says that it is nested";
    std::string name;
    EXPECT_TRUE(attribute.read(name));
    EXPECT_EQ(name, "name") << "without its zero byte";
    EXPECT_FALSE(attributes.next(attribute).value());
    ASSERT_TRUE(reader.next(message).value());
    EXPECT_EQ(message.type, 21);
    EXPECT_FALSE(reader.next(message).value());
}

TEST(NetlinkMessages, B3_ALengthThatLiesIsAnErrorThatNamesIt) {
    for (const std::uint32_t length : {0u, 15u, 21u, 1000u, 0xffffffffu}) {
        Wire wire;
        MessageReader reader(wire.message(20, 0, length).number(1).bytes());
        Message message;
        EXPECT_EQ(why(reader.next(message)), "netlink: a message says that it has " +
                                                 std::to_string(length) +
                                                 " bytes, where 20 are left");
        EXPECT_FALSE(reader.next(message).value()) << "it is at its end then";
    }
    Wire cut;
    Message message;
    EXPECT_FALSE(MessageReader(cut.message(20, 0, 16).bytes().first(10)).next(message));
}

TEST(NetlinkMessages, B3_AnAttributesLengthThatLiesIsAnErrorThatNamesIt) {
    for (const int length : {0, 3, 9, 65535}) {
        Wire wire;
        AttributeReader reader(
            wire.attribute(1, static_cast<std::uint16_t>(length)).number(1).bytes());
        Attribute attribute;
        EXPECT_EQ(why(reader.next(attribute)), "netlink: an attribute says that it has " +
                                                   std::to_string(length) +
                                                   " bytes, where 8 are left");
        EXPECT_FALSE(reader.next(attribute).value());
    }
    // The last one may lack the bytes that fill it up, and no more.
    Wire wire;
    AttributeReader reader(wire.attribute(1, 5).number(1).bytes().first(5));
    Attribute attribute;
    EXPECT_TRUE(reader.next(attribute).value());
    EXPECT_EQ(attribute.data.size(), 1u);
    EXPECT_FALSE(reader.next(attribute).value());
}

TEST(NetlinkMessages, B3_AnAttributeOfAnotherSizeIsNotReadAsANumber) {
    Wire wire;
    AttributeReader reader(wire.attribute(5, 6).number(1).bytes());
    Attribute attribute;
    ASSERT_TRUE(reader.next(attribute).value());
    std::uint32_t number = 0;
    std::uint64_t large = 0;
    IpAddress address;
    std::array<std::byte, 3> front{};
    EXPECT_EQ(attribute.read(number).error().message(), "netlink: attribute 5 has 2 bytes, not 4");
    EXPECT_FALSE(attribute.read(large));
    EXPECT_FALSE(attribute.read(address));
    EXPECT_FALSE(attribute.read_front(front));
    EXPECT_EQ(attribute.read_big_endian(number).error().message(),
              "netlink: attribute 5 has 2 bytes, not 4");
    std::uint16_t small = 0;
    EXPECT_TRUE(attribute.read_big_endian(small));
    EXPECT_EQ(small, 0x100);
}

TEST(NetlinkMessages, B3_AMessageWithoutItsHeaderIsAnError) {
    Wire wire;
    MessageReader reader(wire.message(20, 0, 20).number(1).bytes());
    Message message;
    ASSERT_TRUE(reader.next(message).value());
    std::array<std::byte, 8> header{};
    const auto read = message.read(header);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().message(),
              "netlink: a message of type 20 holds 4 bytes, where at least 8 belong");
}

TEST(NetlinkRequest, B3_IsLaidOutAsTheReaderReadsIt) {
    Request request(18, Asks::create, "TEST");
    request.header(std::uint32_t{5}).add(1, std::uint16_t{2}).add_text(2, "v0");
    {
        const auto outer = request.nest(3);
        const auto inner = request.nest(4);
        request.add(5, IpAddress::loopback_v4());
    }
    request.add(6, IpAddress::loopback_v6());
    const Bytes bytes = request.to_send(77).value();
    MessageReader reader(bytes);
    Message message;
    ASSERT_TRUE(reader.next(message).value());
    EXPECT_EQ(message.type, 18);
    EXPECT_EQ(message.flags, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
    EXPECT_EQ(message.sequence, 77u);
    std::string found;
    const auto read = for_each(message.attributes(4), [&](const Attribute& each) -> Result<void> {
        found += std::to_string(each.type) + ":" + std::to_string(each.data.size()) + " ";
        if (each.type != 3) return {};
        return for_each(each.nested(), [&](const Attribute& outer) -> Result<void> {
            return for_each(outer.nested(), [&](const Attribute& inner) -> Result<void> {
                IpAddress address;
                FT_TRY_VOID(inner.read(address));
                found += address.to_string() + " ";
                return {};
            });
        });
    });
    EXPECT_TRUE(read);
    EXPECT_EQ(found, "1:2 2:3 3:12 127.0.0.1 6:16 ");
}

TEST(NetlinkRequest, B3_OneThatIsTooLargeIsRefusedBeforeItIsSent) {
    Request request(18, Asks::answer, "TEST");
    request.about("much").add(1, Bytes(std::vector<std::byte>(70000)));
    const auto bytes = request.to_send(1);
    ASSERT_FALSE(bytes);
    EXPECT_EQ(bytes.error().cause(), Cause::limit);
    EXPECT_EQ(bytes.error().message(),
              "TEST much: the request has 70020 bytes, and may have 65535");
}

class NetlinkExchange : public ::testing::Test {
protected:
    // What a datagram that ends with an error makes of the exchange.
    std::string outcome(Bytes datagram) {
        Exchange exchange(request_, 7, 9);
        exchange.begin(datagram);
        Message message;
        int messages = 0;
        while (true) {
            auto more = exchange.next(message);
            if (!more) return more.error().message();
            if (!*more) break;
            ++messages;
        }
        return std::to_string(messages) + (exchange.is_done() ? " done" : " more") +
               (exchange.was_interrupted() ? " interrupted" : "");
    }

    Request request_{18, Asks::dump, "RTM_GETLINK"};
};

TEST_F(NetlinkExchange, B3_AListEndsWhenTheKernelSaysSo) {
    Wire wire;
    wire.message(16, NLM_F_MULTI, 16).message(16, NLM_F_MULTI, 16);
    EXPECT_EQ(outcome(wire.bytes()), "2 more");
    wire.message(NLMSG_DONE, NLM_F_MULTI, 20).number(0);
    EXPECT_EQ(outcome(wire.bytes()), "2 done");
}

TEST_F(NetlinkExchange, B3_AListThatChangedWhileItWasReadSaysSo) {
    Wire wire;
    wire.message(16, NLM_F_MULTI | NLM_F_DUMP_INTR, 16).message(NLMSG_DONE, NLM_F_MULTI, 20);
    EXPECT_EQ(outcome(wire.number(0).bytes()), "1 done interrupted");
}

TEST_F(NetlinkExchange, B3_AListCanEndInAnError) {
    Wire wire;
    wire.message(NLMSG_DONE, NLM_F_MULTI, 20).number(-EPERM);
    EXPECT_EQ(outcome(wire.bytes()), "RTM_GETLINK: Operation not permitted");
}

TEST_F(NetlinkExchange, B3_WhatAnswersAnotherRequestIsPassedOver) {
    Wire wire;
    wire.message(16, 0, 16, 6).message(16, 0, 16, 7, 10).message(16, 0, 16);
    EXPECT_EQ(outcome(wire.bytes()), "1 more");
    // So is its error.
    Wire stale;
    stale.message(NLMSG_ERROR, NLM_F_CAPPED, 36, 6).number(-EPERM).message(16, 0, 16);
    EXPECT_EQ(outcome(stale.bytes()), "0 more");
}

TEST_F(NetlinkExchange, B3_TheKernelsWordsAreTheErrorsReason) {
    request_.about("v0");
    const std::string said = "Unknown device type";
    Wire wire;
    wire.message(NLMSG_ERROR, NLM_F_CAPPED | NLM_F_ACK_TLVS, 36 + 24 + 8)
        .number(-EOPNOTSUPP)
        .message(18, 0, 100)
        .attribute(NLMSGERR_ATTR_MSG, static_cast<std::uint16_t>(4 + said.size() + 1))
        .text(said + std::string(1, '\0'))
        .attribute(NLMSGERR_ATTR_OFFS, 8)
        .number(52);
    EXPECT_EQ(
        outcome(wire.bytes()),
        "RTM_GETLINK v0: Operation not supported (Unknown device type; at byte 52 of the request)");
}

TEST_F(NetlinkExchange, B3_TheWordsStandBehindTheRequestWhereItIsRepeated) {
    Wire wire;
    wire.message(NLMSG_ERROR, NLM_F_ACK_TLVS, 36 + 8 + 8)
        .number(-EINVAL)
        .message(18, 0, 16 + 6)
        .number(1)
        .number(2)
        .attribute(NLMSGERR_ATTR_MISS_TYPE, 8)
        .number(3);
    EXPECT_EQ(outcome(wire.bytes()), "RTM_GETLINK: Invalid argument (attribute 3 is missing)");
}

TEST_F(NetlinkExchange, B3_LiesInAnErrorLeaveTheErrorItself) {
    // The request's length, and that of the words, reach far beyond the message.
    for (const std::uint32_t length : {0u, 17u, 1000u, 0xffffffffu}) {
        Wire wire;
        wire.message(NLMSG_ERROR, NLM_F_ACK_TLVS, 36 + 8)
            .number(-EINVAL)
            .message(18, 0, length)
            .attribute(NLMSGERR_ATTR_MSG, 400)
            .number(0);
        EXPECT_EQ(outcome(wire.bytes()), "RTM_GETLINK: Invalid argument");
    }
    Wire cut;
    EXPECT_THAT(outcome(cut.message(NLMSG_ERROR, 0, 20).number(-EINVAL).bytes()),
                HasSubstr("holds 4 bytes, where at least 20 belong"));
    Wire none;
    EXPECT_THAT(
        outcome(none.message(NLMSG_ERROR, NLM_F_CAPPED, 36).number(22).message(18, 0, 16).bytes()),
        HasSubstr("the answer's error code is 22"));
}

TEST_F(NetlinkExchange, B3_ALieInTheAnswerEndsIt) {
    Wire wire;
    EXPECT_EQ(outcome(wire.message(16, 0, 16).message(16, 0, 17).bytes()),
              "netlink: a message says that it has 17 bytes, where 16 are left");
}

}  // namespace
}  // namespace fivetuple::netlink

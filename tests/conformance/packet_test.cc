#include "fivetuple/os/netlink/link.h"
#include "fivetuple/os/options.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/packet_capture.h"
#include "fivetuple/transport/packet_socket.h"
#include "fivetuple/transport/udp.h"

#include "tests/testing/own_loop.h"
#include <array>
#include <chrono>
#include <string>
#include <vector>

namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kEthernet = 14;

bool join_v0_and_v1() {
    return Router::command(
               "ip link add v0 address 02:00:00:00:00:01 type veth peer name v1 address "
               "02:00:00:00:00:02 && ip link set v0 up && ip link set v1 up") &&
           Router::command(until_carrying("v0")) && Router::command(until_carrying("v1"));
}

// From v0's card to v1's, of the type for experiments.
std::vector<std::byte> frame_with(std::string_view payload, std::uint8_t to = 2) {
    constexpr std::array<std::uint8_t, kEthernet> kHeader = {2, 0, 0, 0, 0, 2,    2,
                                                             0, 0, 0, 0, 1, 0x88, 0xb5};
    std::vector<std::byte> frame(kEthernet + payload.size());
    std::ranges::copy(std::as_bytes(std::span(kHeader)), frame.begin());
    frame[5] = static_cast<std::byte>(to);
    std::ranges::copy(bytes_of(payload), frame.begin() + kEthernet);
    return frame;
}

std::string payload_of(const LinkFrame& frame) {
    return std::string(text_of(frame.bytes.subspan(std::min(kEthernet, frame.bytes.size()))));
}

PacketOptions testing_on(const char* interface) {
    PacketOptions options;
    options.interface = interface;
    options.protocol = EtherType::testing;
    return options;
}

class PacketTest : public OwnNetworkTest {};
FT_IN_KERNEL_WORLDS(PacketTest);

TEST_P(PacketTest, B3_FramesGoOutByOneInterfaceAndComeInByAnother) {
    in_a_network([](Loop& loop) -> Task<void> {
        EXPECT_TRUE(join_v0_and_v1());
        PacketOptions options = testing_on("v1");
        options.received_at = true;
        auto there = PacketSocket::open(loop, options).value();
        auto here = PacketSocket::open(loop, testing_on("v0")).value();
        const auto frame = frame_with("a frame");
        const auto sent = co_await here.send(frame);
        EXPECT_TRUE(sent) << sent.error().message();
        std::array<std::byte, 2000> room;
        const auto got = co_await within(20s, there.receive(room));
        EXPECT_TRUE(got) << got.error().message();
        if (!got) co_return;
        EXPECT_TRUE(std::ranges::equal(got->bytes, frame));
        EXPECT_EQ(got->size, frame.size());
        EXPECT_EQ(text_of(got->network_bytes()), "a frame");
        EXPECT_EQ(got->from.interface, netlink::interface_index("v1").value());
        EXPECT_EQ(got->from.protocol, EtherType::testing);
        EXPECT_EQ(got->from.kind, PacketKind::to_us);
        EXPECT_EQ(got->from.hardware.to_string(), "02:00:00:00:00:01");
        EXPECT_EQ(got->from.to_string(), "v1 02:00:00:00:00:01 0x88b5 to us");
        EXPECT_TRUE(got->received_at.has_value());
        EXPECT_FALSE(got->vlan.has_value());
        const auto counted = there.take_statistics();
        EXPECT_EQ(counted->received, 1U);
        EXPECT_EQ(counted->dropped, 0U);
        EXPECT_EQ(there.take_statistics()->received, 0U);
    });
}

TEST_P(PacketTest, B3_CookedFramesComeAndGoWithoutTheLinksHeader) {
    in_a_network([](Loop& loop) -> Task<void> {
        EXPECT_TRUE(join_v0_and_v1());
        PacketOptions options = testing_on("v1");
        options.cooked = true;
        auto there = PacketSocket::open(loop, options).value();
        options.interface = "v0";
        auto here = PacketSocket::open(loop, options).value();
        PacketAddress to;
        to.interface = netlink::interface_index("v0").value();
        to.protocol = EtherType::testing;
        to.hardware = HardwareAddress::parse("02:00:00:00:00:02").value();
        const auto sent = co_await here.send_to(bytes_of("cooked"), to);
        EXPECT_TRUE(sent) << sent.error().message();
        std::array<std::byte, 2000> room;
        const auto got = co_await within(20s, there.receive(room));
        EXPECT_TRUE(got) << got.error().message();
        if (!got) co_return;
        EXPECT_EQ(text_of(got->bytes), "cooked");
        EXPECT_EQ(got->network, 0U);
        EXPECT_EQ(got->from.hardware.to_string(), "02:00:00:00:00:01");
    });
}

TEST_P(PacketTest, B3_AFilterAndThePromiscuousModeChooseWhatComes) {
    in_a_network([](Loop& loop) -> Task<void> {
        EXPECT_TRUE(join_v0_and_v1());
        bpf::Assembler code;
        const bpf::Label keep = code.label();
        code.load(bpf::Width::byte, kEthernet);
        code.jump_if(bpf::Is::equal, 'y', keep);
        code.answer(0);
        code.place(keep);
        code.answer(kEthernet + 2);  // And no more of it.
        PacketOptions options = testing_on("v1");
        options.filter = code.finish().value();
        options.promiscuous = true;
        auto there = PacketSocket::open(loop, options).value();
        auto here = PacketSocket::open(loop, testing_on("v0")).value();
        for (const std::string_view text : {"no", "yes"}) {
            const auto frame = frame_with(text, 9);
            const auto sent = co_await here.send(frame);
            EXPECT_TRUE(sent);
        }
        std::array<std::byte, 2000> room;
        const auto got = co_await within(20s, there.receive(room, WhenCut::keep));
        EXPECT_TRUE(got) << got.error().message();
        if (!got) co_return;
        EXPECT_EQ(payload_of(*got), "ye");
        EXPECT_EQ(got->from.kind, PacketKind::to_other);
        EXPECT_TRUE(got->is_truncated());
        EXPECT_EQ(got->size, kEthernet + 3);
    });
}

TEST_P(PacketTest, B3_AVlanTagIsToldOf) {
    in_a_network([](Loop& loop) -> Task<void> {
        EXPECT_TRUE(join_v0_and_v1());
        PacketOptions options = testing_on("v1");
        options.protocol = EtherType::every;
        auto there = PacketSocket::open(loop, options).value();
        auto here = PacketSocket::open(loop, testing_on("v0")).value();
        auto frame = frame_with("");
        constexpr std::array<std::uint8_t, 8> kTagged = {0x81, 0, 0x60, 42, 0x88, 0xb5, 'v', 'x'};
        frame.resize(12);
        const auto tagged = std::as_bytes(std::span(kTagged));
        frame.insert(frame.end(), tagged.begin(), tagged.end());
        const auto sent = co_await here.send(frame);
        EXPECT_TRUE(sent) << sent.error().message();
        std::array<std::byte, 2000> room;
        while (true) {
            const auto got = co_await within(20s, there.receive(room));
            EXPECT_TRUE(got) << got.error().message();
            if (!got) co_return;
            if (!got->vlan) continue;  // The machine's own, as IPv6's.
            EXPECT_EQ(*got->vlan, (VlanTag{42, 3, EtherType::vlan}));
            EXPECT_EQ(payload_of(*got), "vx");
            co_return;
        }
    });
}

TEST_P(PacketTest, B3_ABlockOfTheRingHoldsManyFramesWhereTheyLie) {
    in_a_network([](Loop& loop) -> Task<void> {
        EXPECT_TRUE(join_v0_and_v1());
        auto capture = PacketCapture::open(loop, testing_on("v1")).value();
        auto here = PacketSocket::open(loop, testing_on("v0")).value();
        for (int at = 0; at < 500; ++at) {
            const auto frame = frame_with("frame " + std::to_string(at));
            const auto sent = co_await here.send(frame);
            EXPECT_TRUE(sent) << sent.error().message();
        }
        int seen = 0;
        int blocks = 0;
        while (seen < 500) {
            const auto block = co_await within(20s, capture.next());
            EXPECT_TRUE(block) << block.error().message();
            if (!block) co_return;
            ++blocks;
            auto frames = block->frames();
            LinkFrame frame;
            while (frames.next(frame)) {
                EXPECT_EQ(payload_of(frame), "frame " + std::to_string(seen++));
                EXPECT_EQ(frame.from.hardware.to_string(), "02:00:00:00:00:01");
                EXPECT_TRUE(frame.received_at.has_value());
                EXPECT_FALSE(frame.is_truncated());
            }
            EXPECT_EQ(frames.fault(), nullptr);
            EXPECT_FALSE(frames.is_losing());
        }
        EXPECT_LT(blocks, 500);
        const auto counted = capture.take_statistics();
        EXPECT_EQ(counted->received, 500U);
        EXPECT_EQ(counted->dropped, 0U);
    });
}

TEST_P(PacketTest, B3_ARingWhoseBlocksAreAllLentDropsAndSaysSo) {
    in_a_network([](Loop& loop) -> Task<void> {
        EXPECT_TRUE(join_v0_and_v1());
        RingOptions ring;
        ring.block_size = 4096;
        ring.blocks = 2;
        ring.flush_after = 1ms;
        auto capture = PacketCapture::open(loop, testing_on("v1"), ring).value();
        auto here = PacketSocket::open(loop, testing_on("v0")).value();
        const auto frame = frame_with(std::string(1000, 'x'));
        std::vector<PacketBlock> lent;
        for (int at = 0; at < 2; ++at) {
            const auto sent = co_await here.send(frame);
            EXPECT_TRUE(sent);
            auto block = co_await within(20s, capture.next());
            EXPECT_TRUE(block) << block.error().message();
            if (!block) co_return;
            lent.push_back(*std::move(block));
        }
        const auto none = co_await capture.next();
        EXPECT_FALSE(none);
        EXPECT_EQ(none.error().message(),
                  "ring: all of its blocks are lent; give one back before the next");
        for (int at = 0; at < 20; ++at) {
            const auto sent = co_await here.send(frame);
            EXPECT_TRUE(sent);
        }
        EXPECT_GT(capture.take_statistics()->dropped, 0U);
        // What is lent outlives the capture.
        capture.close();
        LinkFrame read;
        auto frames = lent.back().frames();
        EXPECT_TRUE(frames.next(read));
        EXPECT_EQ(payload_of(read), std::string(1000, 'x'));
    });
}

TEST_P(PacketTest, B3_WaitingForFramesWithABlockInHandDoesNotSpin) {
    in_a_network([](Loop& loop) -> Task<void> {
        EXPECT_TRUE(join_v0_and_v1());
        RingOptions ring;
        ring.flush_after = 20ms;
        auto capture = PacketCapture::open(loop, testing_on("v1"), ring).value();
        auto here = PacketSocket::open(loop, testing_on("v0")).value();
        const auto frame = frame_with("one");
        auto sent = co_await here.send(frame);
        EXPECT_TRUE(sent);
        const auto first = co_await within(20s, capture.next());
        EXPECT_TRUE(first) << first.error().message();
        const std::uint64_t waits = loop.backend().stats().waits;
        const auto late = co_await within(200ms, capture.next());
        EXPECT_FALSE(late);
        EXPECT_TRUE(late.error().is_deadline());
        EXPECT_LT(loop.backend().stats().waits - waits, 100U) << "it spins";
        sent = co_await here.send(frame);
        EXPECT_TRUE(sent);
        const auto second = co_await within(20s, capture.next());
        EXPECT_TRUE(second) << second.error().message();
    });
}

TEST_P(PacketTest, B3_WhatCannotBeHasANamedError) {
    in_a_network([](Loop& loop) -> Task<void> {
        EXPECT_TRUE(join_v0_and_v1());
        const auto nowhere = PacketSocket::open(loop, testing_on("no-such"));
        EXPECT_TRUE(nowhere.error().is(ENODEV)) << nowhere.error().message();
        PacketOptions everywhere;
        everywhere.promiscuous = true;
        const auto heard = PacketSocket::open(loop, everywhere);
        EXPECT_EQ(heard.error().message(),
                  "setsockopt PACKET_ADD_MEMBERSHIP: to hear frames for others an interface must "
                  "be named");
        RingOptions odd;
        odd.block_size = 1000;
        const auto ring = PacketCapture::open(loop, testing_on("v0"), odd);
        EXPECT_TRUE(ring.error().is(EINVAL)) << ring.error().message();
        odd.block_size = 4096;
        odd.blocks = std::size_t{1} << 32;
        const auto large = PacketCapture::open(loop, testing_on("v0"), odd);
        EXPECT_TRUE(large.error().is(EINVAL)) << large.error().message();

        auto here = PacketSocket::open(loop, testing_on("v0")).value();
        const auto giant = frame_with(std::string(1501, 'x'));
        auto sent = co_await here.send(giant);
        EXPECT_EQ(sent.error().message(),
                  "sendmsg: a frame of 1515 bytes is larger than the interface's MTU allows");
        sent = co_await here.send(bytes_of("short"));
        EXPECT_TRUE(sent.error().is(EINVAL)) << sent.error().message();
        auto unbound = PacketSocket::open(loop).value();
        sent = co_await unbound.send(frame_with("whither"));
        EXPECT_FALSE(sent);

        auto there = PacketSocket::open(loop, testing_on("v1")).value();
        sent = co_await here.send(frame_with(std::string(100, 'x')));
        EXPECT_TRUE(sent) << sent.error().message();
        std::array<std::byte, 50> room;
        const auto cut = co_await within(20s, there.receive(room));
        EXPECT_EQ(cut.error().message(),
                  "recvmsg: a frame of 114 bytes came, and the buffer holds 50");
        EXPECT_TRUE(Router::command("ip link set v1 down"));
        const auto down = co_await within(20s, there.receive(room));
        EXPECT_TRUE(down.error().is(ENETDOWN)) << down.error().message();
        EXPECT_TRUE(drop_raw_sockets());
        const auto refused = PacketSocket::open(loop);
        EXPECT_EQ(refused.error().message(),
                  "socket packet: Operation not permitted without CAP_NET_RAW");
    });
}

TEST_P(PacketTest, B3_ACaptureWhoseInterfaceGoesDownSaysSoOnce) {
    in_a_network([](Loop& loop) -> Task<void> {
        EXPECT_TRUE(join_v0_and_v1());
        auto capture = PacketCapture::open(loop, testing_on("v1")).value();
        EXPECT_TRUE(Router::command("ip link set v1 down"));
        const auto down = co_await within(20s, capture.next());
        EXPECT_TRUE(down.error().is(ENETDOWN)) << down.error().message();
        EXPECT_TRUE(Router::command("ip link set v1 up") && Router::command(until_carrying("v1")));
        auto here = PacketSocket::open(loop, testing_on("v0")).value();
        const auto frame = frame_with("back");
        const auto sent = co_await here.send(frame);
        EXPECT_TRUE(sent) << sent.error().message();
        const auto block = co_await within(20s, capture.next());
        EXPECT_TRUE(block) << block.error().message();
    });
}

}  // namespace
}  // namespace fivetuple::testing_help

#include "fivetuple/os/packet_block.h"

#include "fivetuple/os/packet_address.h"

#include <linux/if_packet.h>

#include "tests/testing/testing.h"
#include <cstring>
#include <string>
#include <vector>

namespace fivetuple {
namespace {

constexpr std::size_t kFirst = 48;
constexpr std::size_t kMac = 82;
constexpr std::size_t kStep = 128;

// A block as the kernel writes it, with frames of a few bytes each.
class Block {
public:
    explicit Block(const std::vector<std::string>& payloads)
        : bytes_(kFirst + payloads.size() * kStep) {
        tpacket_block_desc header{};
        header.version = 1;
        header.hdr.bh1.block_status = TP_STATUS_USER;
        header.hdr.bh1.num_pkts = static_cast<unsigned>(payloads.size());
        header.hdr.bh1.offset_to_first_pkt = kFirst;
        put(0, header);
        for (std::size_t at = 0; at < payloads.size(); ++at) add(at, payloads);
    }
    Bytes bytes() const { return bytes_; }
    template <class T>
    void put(std::size_t at, const T& value) {
        std::memcpy(bytes_.data() + at, &value, sizeof value);
    }
    /// Changes a frame's header.
    template <class Change>
    void change(std::size_t frame, Change change) {
        tpacket3_hdr header;
        std::memcpy(&header, bytes_.data() + kFirst + frame * kStep, sizeof header);
        change(header);
        put(kFirst + frame * kStep, header);
    }

private:
    void add(std::size_t number, const std::vector<std::string>& payloads) {
        const std::size_t at = kFirst + number * kStep;
        const std::string& payload = payloads[number];
        tpacket3_hdr header{};
        header.tp_next_offset = number + 1 < payloads.size() ? kStep : 0;
        header.tp_snaplen = header.tp_len = static_cast<unsigned>(payload.size());
        header.tp_mac = kMac;
        header.tp_net = kMac;
        header.tp_sec = 7;
        header.tp_nsec = 9;
        put(at, header);
        sockaddr_ll from{};
        from.sll_family = AF_PACKET;
        from.sll_ifindex = 3;
        from.sll_halen = 6;
        from.sll_addr[5] = static_cast<std::uint8_t>(number);
        put(at + TPACKET_ALIGN(sizeof header), from);
        std::memcpy(bytes_.data() + at + kMac, payload.data(), payload.size());
    }

    std::vector<std::byte> bytes_;
};

struct Seen {
    std::vector<std::string> payloads;
    const char* fault;
};

Seen walk(Bytes block) {
    // Memory that ends where the block does, so that a look behind it is seen.
    const std::vector<std::byte> copy(block.begin(), block.end());
    BlockReader frames(copy);
    Seen seen{{}, nullptr};
    LinkFrame frame;
    while (frames.next(frame)) seen.payloads.emplace_back(text_of(frame.bytes));
    seen.fault = frames.fault();
    return seen;
}

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(BlockReader, HandsOutWhatTheKernelWrote) {
    Block block({"one", "", "three"});
    block.change(2, [](tpacket3_hdr& header) {
        header.tp_len = 1500;
        header.tp_status = TP_STATUS_VLAN_VALID | TP_STATUS_CSUMNOTREADY;
        header.hv1.tp_vlan_tci = 0x602a;
    });
    BlockReader frames(block.bytes());
    EXPECT_EQ(frames.frames(), 3U);
    LinkFrame frame;
    ASSERT_TRUE(frames.next(frame));
    EXPECT_EQ(text_of(frame.bytes), "one");
    EXPECT_EQ(frame.size, 3U);
    EXPECT_EQ(frame.from.interface, 3U);
    EXPECT_EQ(frame.from.hardware.to_string(), "00:00:00:00:00:00");
    EXPECT_EQ(frame.received_at->time_since_epoch().count(), 7000000009);
    EXPECT_FALSE(frame.vlan);
    ASSERT_TRUE(frames.next(frame));
    EXPECT_TRUE(frame.bytes.empty());
    ASSERT_TRUE(frames.next(frame));
    EXPECT_EQ(text_of(frame.bytes), "three");
    EXPECT_TRUE(frame.is_truncated());
    EXPECT_TRUE(frame.lacks_checksum);
    EXPECT_EQ(*frame.vlan, (VlanTag{42, 3, EtherType::vlan}));
    EXPECT_FALSE(frames.next(frame));
    EXPECT_EQ(frames.fault(), nullptr);
}

TEST(BlockReader, LengthsThatLieEndTheWalkWithAReason) {
    EXPECT_STREQ(walk({}).fault, "the block is shorter than its header");
    EXPECT_STREQ(walk(Block({"x"}).bytes().first(47)).fault,
                 "the block is shorter than its header");

    Block lying({"one", "two"});
    lying.change(1, [](tpacket3_hdr& header) { header.tp_snaplen = 1000; });
    EXPECT_STREQ(walk(lying.bytes()).fault, "a frame ends outside of the block");
    EXPECT_THAT(walk(lying.bytes()).payloads, ElementsAre("one"));
    lying.change(1, [](tpacket3_hdr& header) { header.tp_snaplen = UINT32_MAX; });
    EXPECT_STREQ(walk(lying.bytes()).fault, "a frame ends outside of the block");
    lying.change(1, [](tpacket3_hdr& header) { header.tp_mac = UINT16_MAX; });
    EXPECT_STREQ(walk(lying.bytes()).fault, "a frame ends outside of the block");

    Block looping({"one", "two"});
    for (const unsigned offset : {0U, 1U, 47U}) {
        looping.change(0, [&](tpacket3_hdr& header) { header.tp_next_offset = offset; });
        EXPECT_STREQ(walk(looping.bytes()).fault, "a frame has no next one") << offset;
    }
    for (const unsigned offset : {kStep * 2, std::size_t{100000}, std::size_t{UINT32_MAX}}) {
        looping.change(0, [&](tpacket3_hdr& header) { header.tp_next_offset = offset; });
        EXPECT_STREQ(walk(looping.bytes()).fault, "a frame begins outside of the block");
    }

    Block many({"one"});
    tpacket_block_desc header{};
    header.hdr.bh1.num_pkts = UINT32_MAX;
    header.hdr.bh1.offset_to_first_pkt = UINT32_MAX;
    many.put(0, header);
    EXPECT_STREQ(walk(many.bytes()).fault, "a frame begins outside of the block");
    EXPECT_THAT(walk(many.bytes()).payloads, IsEmpty());
}

TEST(PacketAddress, GoesToTheKernelAndBack) {
    PacketAddress address;
    address.interface = 2;
    address.protocol = EtherType::ipv6;
    address.kind = PacketKind::outgoing;
    address.hardware_type = 1;
    address.hardware = HardwareAddress::parse("02:00:5e:10:00:ff").value();
    sockaddr_storage raw{};
    const socklen_t size = address.to_raw(raw);
    const auto back = PacketAddress::from_raw(reinterpret_cast<const sockaddr*>(&raw), size);
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, address);
    // A kernel that tells fewer bytes, and one that is no kernel.
    const auto shorter = PacketAddress::from_raw(reinterpret_cast<const sockaddr*>(&raw), 14);
    ASSERT_TRUE(shorter);
    EXPECT_EQ(shorter->hardware.to_string(), "02:00");
    EXPECT_FALSE(PacketAddress::from_raw(reinterpret_cast<const sockaddr*>(&raw), 11));
    reinterpret_cast<sockaddr_ll&>(raw).sll_halen = 255;
    EXPECT_EQ(PacketAddress::from_raw(reinterpret_cast<const sockaddr*>(&raw), size)
                  ->hardware.to_string(),
              "02:00:5e:10:00:ff:00:00");
    raw.ss_family = AF_INET;
    EXPECT_FALSE(PacketAddress::from_raw(reinterpret_cast<const sockaddr*>(&raw), size));
}

}  // namespace
}  // namespace fivetuple

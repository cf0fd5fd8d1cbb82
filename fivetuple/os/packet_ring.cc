#include "fivetuple/os/packet_ring.h"

#include "fivetuple/base/assert.h"

#include <linux/if_packet.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <string>
#include <vector>

namespace fivetuple {

struct RingMemory {
    RingMemory(std::byte* at, std::size_t size, std::size_t count)
        : base(at), block_size(size), is_lent(count) {}
    RingMemory(const RingMemory&) = delete;
    RingMemory& operator=(const RingMemory&) = delete;
    ~RingMemory() { ::munmap(base, block_size * is_lent.size()); }

    std::byte* block(std::size_t number) const { return base + number * block_size; }
    // Whose a block is. The kernel reads and writes it, too.
    std::atomic_ref<std::uint32_t> owner_of(std::size_t number) const {
        constexpr std::size_t kAt = offsetof(tpacket_block_desc, hdr.bh1.block_status);
        return std::atomic_ref(*reinterpret_cast<std::uint32_t*>(block(number) + kAt));
    }

    std::byte* base;
    std::size_t block_size;
    std::vector<char> is_lent;
    std::size_t lent = 0;
};

namespace {

// What the kernel wants to be told; frames of other sizes fit as well.
constexpr unsigned kFrameSize = 2048;

template <class T>
Bytes raw_bytes(const T& value) {
    return std::as_bytes(std::span(&value, 1));
}

Error wrong_size(const std::string& why) {
    return Error::system(EINVAL, "setsockopt PACKET_RX_RING").because(why);
}

Result<void> check(const RingOptions& options) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    if (options.block_size == 0 || options.block_size % page != 0) {
        return std::unexpected(wrong_size("a block must be a multiple of the page, " +
                                          std::to_string(page) + " bytes, not " +
                                          std::to_string(options.block_size)));
    }
    if (options.blocks == 0 || options.blocks > INT_MAX / options.block_size) {
        return std::unexpected(wrong_size("a ring has one block at least, and below 2 GiB"));
    }
    if (options.flush_after < std::chrono::milliseconds(1)) {
        return std::unexpected(wrong_size("blocks can be flushed after a millisecond at least"));
    }
    return {};
}

}  // namespace

PacketBlock& PacketBlock::operator=(PacketBlock&& other) noexcept {
    give_back();
    ring_ = std::move(other.ring_);
    number_ = other.number_;
    return *this;
}

Bytes PacketBlock::bytes() const {
    if (ring_ == nullptr) return {};
    return {ring_->block(number_), ring_->block_size};
}

void PacketBlock::give_back() {
    if (ring_ == nullptr) return;
    ring_->owner_of(number_).store(TP_STATUS_KERNEL, std::memory_order_release);
    ring_->is_lent[number_] = 0;
    ring_->lent--;
    ring_ = nullptr;
}

Result<PacketRing> PacketRing::map(Socket& socket, const RingOptions& options) {
    FT_TRY_VOID(check(options));
    constexpr int kVersion = TPACKET_V3;
    FT_TRY_VOID(socket.set_option(SOL_PACKET, PACKET_VERSION, raw_bytes(kVersion)));
    tpacket_req3 request{};
    request.tp_block_size = static_cast<unsigned>(options.block_size);
    request.tp_block_nr = static_cast<unsigned>(options.blocks);
    request.tp_frame_size = kFrameSize;
    request.tp_frame_nr = static_cast<unsigned>(options.block_size / kFrameSize * options.blocks);
    request.tp_retire_blk_tov = static_cast<unsigned>(
        std::chrono::ceil<std::chrono::milliseconds>(options.flush_after).count());
    auto done = socket.set_option(SOL_PACKET, PACKET_RX_RING, raw_bytes(request));
    if (!done) {
        return std::unexpected(Error::system(done.error().code(), "setsockopt PACKET_RX_RING"));
    }
    const std::size_t size = options.block_size * options.blocks;
    void* at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, socket.fd().raw(), 0);
    if (at == MAP_FAILED) return std::unexpected(Error::system(errno, "mmap"));
    PacketRing ring;
    ring.ring_ = std::make_shared<RingMemory>(static_cast<std::byte*>(at), options.block_size,
                                              options.blocks);
    ring.flush_after_ = options.flush_after;
    return ring;
}

Result<std::optional<PacketBlock>> PacketRing::take() {
    FT_ASSERT(ring_ != nullptr, "the ring has been mapped");
    if (ring_->is_lent[next_] != 0) {
        return std::unexpected(
            Error::limit("ring", "all of its blocks are lent; give one back before the next"));
    }
    const std::uint32_t owner = ring_->owner_of(next_).load(std::memory_order_acquire);
    if ((owner & TP_STATUS_USER) == 0) return std::nullopt;
    ring_->is_lent[next_] = 1;
    ring_->lent++;
    PacketBlock block(ring_, next_);
    next_ = (next_ + 1) % ring_->is_lent.size();
    return block;
}

std::size_t PacketRing::lent() const { return ring_ == nullptr ? 0 : ring_->lent; }

Result<std::pair<Socket, PacketRing>> open_packet_ring(const PacketOptions& options,
                                                       const RingOptions& ring) {
    FT_TRY(Socket socket, prepare_packet_socket(options));
    FT_TRY(PacketRing mapped, PacketRing::map(socket, ring));
    FT_TRY_VOID(bind_packet_socket(socket, options));
    return std::pair(std::move(socket), std::move(mapped));
}

}  // namespace fivetuple

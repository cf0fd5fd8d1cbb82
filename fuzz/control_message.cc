#include "fivetuple/os/ancillary.h"
#include "fivetuple/os/datagram.h"
#include "fivetuple/os/unix_message.h"

#include "fuzz/input.h"
#include <algorithm>
#include <cstring>
#include <memory>

using namespace fivetuple;

namespace {

void check_inside(Bytes inner, Bytes outer) {
    FT_ASSERT(inner.data() >= outer.data(), "it does not begin before them");
    FT_ASSERT(inner.data() + inner.size() <= outer.data() + outer.size(), "nor ends behind them");
}

void read(Bytes control) {
    ControlReader reader(control);
    ControlMessage message;
    DatagramDetails details;
    std::size_t count = 0;
    while (reader.next(message)) {
        check_inside(message.data, control);
        details.read(message);
        DatagramFailure failure;
        if (failure.read(message)) {
            FT_ASSERT(!failure.to_string().empty(), "a failure has words");
        }
        ++count;
    }
    FT_ASSERT(count <= control.size() / CMSG_LEN(0), "each takes its header at least");
    FT_ASSERT(!reader.next(message), "the end stays the end");
}

// Any descriptor in them would be one of ours, and be closed: so these are all made -1.
void spoil_descriptors(std::byte* control, std::size_t size) {
    ControlReader reader(Bytes(control, size));
    ControlMessage message;
    while (reader.next(message)) {
        const bool has_descriptors = message.level == SOL_SOCKET && message.type != SCM_CREDENTIALS;
        if (!has_descriptors) continue;
        std::memset(control + (message.data.data() - control), 0xff, message.data.size());
    }
}

void take_as_unix_message(Bytes control, bool is_cut, std::size_t bytes, std::size_t room_size) {
    UnixMessageRoom room;
    std::array<std::byte, 16> into{};
    mmsghdr& header = room.prepare(MutableBytes(into).first(std::min(room_size, into.size())));
    const std::size_t size = std::min<std::size_t>(control.size(), header.msg_hdr.msg_controllen);
    auto* raw = static_cast<std::byte*>(header.msg_hdr.msg_control);
    std::memcpy(raw, control.data(), size);
    spoil_descriptors(raw, size);
    header.msg_hdr.msg_controllen = size;
    header.msg_hdr.msg_namelen = 0;
    header.msg_hdr.msg_flags = is_cut ? MSG_CTRUNC : 0;
    header.msg_len = static_cast<unsigned>(bytes);
    const auto message = room.take();
    FT_ASSERT(!(is_cut && message), "what was cut is an error");
    FT_ASSERT(!message || message->bytes.size() == bytes, "it is as long as it was sent");
}

// Read back, what was written is what was to be written.
void write_and_read(Bytes data, int level, int type) {
    alignas(cmsghdr) std::array<std::byte, 256> room{};
    ControlWriter writer(room);
    const bool fits = writer.add(level, type, data);
    FT_ASSERT(fits == (ControlWriter::size_of(data.size()) <= room.size()), "it has all the room");
    if (!fits) return;
    ControlReader reader(writer.written());
    ControlMessage message;
    FT_ASSERT(reader.next(message), "there is one");
    FT_ASSERT(message.level == level && message.type == type, "it is the same one");
    FT_ASSERT(std::ranges::equal(message.data, data), "with the same data");
    FT_ASSERT(!reader.next(message) && !reader.is_malformed(), "and there is no more");
}

}  // namespace

// Control messages such as no kernel sends are passed over or read, and never read beyond.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzzing::Input input(data, size);
    const bool is_cut = input.choose(2) == 1;
    const std::size_t bytes = input.choose(20);
    const std::size_t room = input.choose(17);
    const Bytes rest = input.rest();
    // Memory that ends where they do, so that a look behind them is seen.
    const auto copy = std::make_unique<std::byte[]>(rest.size());
    std::ranges::copy(rest, copy.get());
    const Bytes control(copy.get(), rest.size());
    read(control);
    take_as_unix_message(control, is_cut, bytes, room);
    write_and_read(control, static_cast<int>(bytes), static_cast<int>(room));
    return 0;
}

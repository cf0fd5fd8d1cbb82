#include "fivetuple/os/address.h"

#include "fuzz/input.h"
#include <algorithm>
#include <cstring>
#include <memory>

using namespace fivetuple;

namespace {

// Memory that ends where the address does, so that a look behind it is seen.
Result<SocketAddress> read_exactly(Bytes bytes, std::size_t size) {
    const auto copy = std::make_unique<std::byte[]>(size);
    std::memcpy(copy.get(), bytes.data(), size);
    return SocketAddress::from_raw(reinterpret_cast<const sockaddr*>(copy.get()),
                                   static_cast<socklen_t>(size));
}

void check(const SocketAddress& address) {
    FT_ASSERT(address.is_ip() || address.is_unix() || address.is_vsock(),
              "only these are accepted");
    FT_ASSERT(address.raw_size() <= sizeof(sockaddr_un), "it has a length that the kernel takes");
    const auto returned = SocketAddress::from_raw(address.raw(), address.raw_size());
    FT_ASSERT(returned.has_value() && *returned == address, "it can be handed on");
    FT_ASSERT(returned->hash() == address.hash(), "equal addresses have equal hashes");
    const auto again = SocketAddress::parse(address.to_string());
    FT_ASSERT(again.has_value(), "what is written can be read");
    FT_ASSERT(*again == address, "it is the same address");
}

}  // namespace

// Bytes and lengths such as no kernel gives are refused or make an address as good as any.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzzing::Input input(data, size);
    const Bytes bytes = input.rest().first(std::min<std::size_t>(size, 256));
    for (std::size_t length = sizeof(sa_family_t); length <= bytes.size(); ++length) {
        const auto address = read_exactly(bytes, length);
        if (address) check(*address);
    }
    // Lengths that no address has are refused before anything is looked at.
    const sockaddr* nowhere = nullptr;
    for (const socklen_t length : {0u, 1u, 129u, UINT32_MAX}) {
        FT_ASSERT(!SocketAddress::from_raw(nowhere, length), "no address is so long");
    }
    return 0;
}

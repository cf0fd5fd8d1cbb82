#include "fivetuple/os/netlink/event.h"
#include "fivetuple/os/netlink/exchange.h"
#include "fivetuple/os/netlink/list.h"

#include "fuzz/input.h"
#include <algorithm>
#include <memory>

using namespace fivetuple;

namespace {

constexpr std::size_t kDeepest = 8;

// Whatever the bytes are, what is found in them lies in them.
void check_inside(Bytes inner, Bytes outer) {
    FT_ASSERT(inner.data() >= outer.data(), "it does not begin before them");
    FT_ASSERT(inner.data() + inner.size() <= outer.data() + outer.size(), "nor ends behind them");
}

void read_as_everything(const netlink::Attribute& attribute) {
    std::uint8_t byte = 0;
    std::uint16_t small = 0;
    std::uint32_t number = 0;
    std::uint64_t large = 0;
    std::string text;
    IpAddress address;
    HardwareAddress hardware;
    const std::size_t size = attribute.data.size();
    FT_ASSERT(attribute.read(byte).has_value() == (size == 1), "a byte is one byte");
    FT_ASSERT(attribute.read(small).has_value() == (size == 2), "as many as it takes");
    FT_ASSERT(attribute.read_big_endian(small).has_value() == (size == 2), "in either order");
    FT_ASSERT(attribute.read(number).has_value() == (size == 4), "as many as it takes");
    FT_ASSERT(attribute.read(large).has_value() == (size == 8), "as many as it takes");
    FT_ASSERT(attribute.read(text).has_value() && text.size() <= size, "a text of any length");
    FT_ASSERT(attribute.read(address, 7).has_value() == (size == 4 || size == 16), "IPv4 or IPv6");
    FT_ASSERT(attribute.read(hardware).has_value() == (size <= 32), "32 bytes at most");
}

void walk(netlink::AttributeReader attributes, Bytes all, std::size_t depth) {
    netlink::Attribute each;
    while (true) {
        const auto more = attributes.next(each);
        if (!more || !*more) break;
        check_inside(each.data, all);
        read_as_everything(each);
        if (depth < kDeepest) walk(each.nested(), each.data, depth + 1);
    }
    const auto again = attributes.next(each);
    FT_ASSERT(again.has_value() && !*again, "the end stays the end");
}

template <class T>
void read_as(const netlink::Message& message) {
    const auto found = T::read(message);
    if (found && *found) FT_ASSERT(!(*found)->to_string().empty(), "it can be written");
}

void walk_messages(Bytes bytes) {
    netlink::MessageReader reader(bytes);
    netlink::Message message;
    while (true) {
        const auto more = reader.next(message);
        if (!more || !*more) break;
        check_inside(message.payload, bytes);
        walk(message.attributes(0), message.payload, 0);
        walk(message.attributes(16), message.payload, 0);
        read_as<netlink::Link>(message);
        read_as<netlink::InterfaceAddress>(message);
        read_as<netlink::Route>(message);
        read_as<netlink::Neighbor>(message);
    }
}

// As the answer to a request, whose number and port the input chooses.
void answer(Bytes bytes, std::uint32_t sequence, std::uint32_t port) {
    const netlink::Request request(18, netlink::Asks::dump, "RTM_GETLINK");
    netlink::Exchange exchange(request, sequence, port);
    netlink::Gathered<netlink::Link> links;
    exchange.begin(bytes);
    const auto drained = netlink::drain(exchange, links);
    FT_ASSERT(drained || !drained.error().message().empty(), "an error has words");
    FT_ASSERT(!exchange.has_ended() || exchange.is_done(), "what has ended is done");
}

void observe(Bytes bytes) {
    netlink::Observer observer;
    netlink::Event event;
    observer.begin(bytes);
    while (true) {
        const auto more = observer.next(event);
        if (!more || !*more) break;
        FT_ASSERT(!event.to_string().empty(), "it can be written");
    }
}

}  // namespace

// Datagrams such as no kernel sends are refused by named errors, and are never read beyond.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzzing::Input input(data, size);
    const auto sequence = static_cast<std::uint32_t>(input.choose(4));
    const auto port = static_cast<std::uint32_t>(input.choose(4));
    const Bytes rest = input.rest();
    // Memory that ends where the datagram does, so that a look behind it is seen.
    const auto copy = std::make_unique<std::byte[]>(rest.size());
    std::ranges::copy(rest, copy.get());
    const Bytes bytes(copy.get(), rest.size());
    walk_messages(bytes);
    walk(netlink::AttributeReader(bytes), bytes, 0);
    answer(bytes, sequence, port);
    observe(bytes);
    return 0;
}

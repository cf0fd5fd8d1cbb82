#include "fivetuple/protocol/framing/frame.h"

#include <string>

namespace fivetuple {
namespace {

std::string count_of_bytes(std::uint64_t count) {
    return std::to_string(count) + (count == 1 ? " byte" : " bytes");
}

}  // namespace

Error frame_too_long(std::uint64_t size, std::uint64_t limit) {
    return Error::limit("frame", "a payload of " + count_of_bytes(size) + " is over the limit of " +
                                     std::to_string(limit));
}

Error frame_truncated(std::size_t come, std::uint64_t missing, bool or_more) {
    return Error::ended("frame").because(
        "the stream ended inside a frame: " + count_of_bytes(come) + " had come, " +
        (or_more ? "at least " : "") + std::to_string(missing) +
        (missing == 1 ? " was missing" : " were missing"));
}

}  // namespace fivetuple

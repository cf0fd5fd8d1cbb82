#include "fivetuple/os/ancillary.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace fivetuple {
namespace {

constexpr std::size_t kHeader = CMSG_LEN(0);

constexpr std::size_t aligned(std::size_t size) { return CMSG_ALIGN(size); }

}  // namespace

bool ControlReader::next(ControlMessage& message) {
    if (left_.empty() || malformed_) return false;
    cmsghdr header{};
    if (left_.size() >= kHeader) std::memcpy(&header, left_.data(), sizeof header);
    if (header.cmsg_len < kHeader || header.cmsg_len > left_.size()) {
        malformed_ = true;
        return false;
    }
    message = {header.cmsg_level, header.cmsg_type,
               left_.subspan(kHeader, header.cmsg_len - kHeader)};
    left_ = left_.subspan(std::min(aligned(header.cmsg_len), left_.size()));
    return true;
}

std::size_t ControlWriter::size_of(std::size_t data) { return CMSG_SPACE(data); }

bool ControlWriter::add(int level, int type, Bytes data) {
    if (data.size() > room_.size() || size_of(data.size()) > room_.size() - size_) return false;
    cmsghdr header{};
    header.cmsg_len = kHeader + data.size();
    header.cmsg_level = level;
    header.cmsg_type = type;
    std::byte* at = room_.data() + size_;
    std::memset(at, 0, size_of(data.size()));
    std::memcpy(at, &header, sizeof header);
    if (!data.empty()) std::memcpy(at + kHeader, data.data(), data.size());
    size_ += size_of(data.size());
    return true;
}

}  // namespace fivetuple

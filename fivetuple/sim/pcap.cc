#include "fivetuple/sim/pcap.h"

#include <cerrno>

namespace fivetuple::sim {
namespace {

constexpr std::uint32_t kMagic = 0xa1b23c4d;  // Nanoseconds, in this machine's byte order.
constexpr std::uint32_t kVersion = 2 | (4 << 16);
constexpr std::uint32_t kMostBytes = 262'144;
constexpr std::uint32_t kRawIp = 101;

}  // namespace

Result<Pcap> Pcap::create(const std::string& path) {
    std::FILE* file = std::fopen(path.c_str(), "wbe");
    if (file == nullptr) return std::unexpected(Error::system(errno, "open").about(path));
    Pcap pcap(file);
    for (const std::uint32_t number : {kMagic, kVersion, 0u, 0u, kMostBytes, kRawIp}) {
        pcap.put(number);
    }
    return pcap;
}

void Pcap::put(std::uint32_t number) {
    if (std::fwrite(&number, sizeof number, 1, file_.get()) != 1) failed_ = true;
}

void Pcap::write(Bytes packet, Time at) {
    const auto nanoseconds = at.time_since_epoch().count();
    put(static_cast<std::uint32_t>(nanoseconds / 1'000'000'000));
    put(static_cast<std::uint32_t>(nanoseconds % 1'000'000'000));
    put(static_cast<std::uint32_t>(packet.size()));
    put(static_cast<std::uint32_t>(packet.size()));
    if (std::fwrite(packet.data(), 1, packet.size(), file_.get()) != packet.size()) failed_ = true;
}

Result<void> Pcap::close() {
    const int code = std::fclose(file_.release()) == 0 ? 0 : errno;
    if (code == 0 && !failed_) return {};
    return std::unexpected(Error::system(code == 0 ? EIO : code, "write"));
}

}  // namespace fivetuple::sim

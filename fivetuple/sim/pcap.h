#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/result.h"
#include "fivetuple/base/time.h"

#include <cstdio>
#include <memory>
#include <string>

namespace fivetuple::sim {

/// Writes packets into a file that tcpdump and Wireshark read: LINKTYPE_RAW, times in nanoseconds.
/// pcap-savefile(5)
class Pcap {
public:
    /// Makes the file, or empties it. Errors: those of open(2).
    static Result<Pcap> create(const std::string& path);

    void write(Bytes packet, Time at);
    /// Errors: ENOSPC and the like, where something could not be written.
    Result<void> close();

private:
    struct Close {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    explicit Pcap(std::FILE* file) : file_(file) {}
    void put(std::uint32_t number);

    std::unique_ptr<std::FILE, Close> file_;
    bool failed_ = false;
};

}  // namespace fivetuple::sim

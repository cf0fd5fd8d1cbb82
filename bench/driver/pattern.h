#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bench {

/// The bytes that requests are made of: each request is another excerpt of one random text, so an
/// echo of a neighbour's or of an older request is seen, and no request has to be composed.
class Pattern {
public:
    explicit Pattern(std::size_t request_bytes_max) : bytes_(kStarts + request_bytes_max) {
        std::uint64_t state = 0x9e3779b97f4a7c15u;
        for (char& byte : bytes_) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            byte = static_cast<char>(state >> 56);
        }
    }

    const char* request(std::uint32_t connection, std::uint32_t sequence) const {
        return bytes_.data() + (connection * 2654435761u + sequence * 40503u) % kStarts;
    }

private:
    static constexpr std::size_t kStarts = 32 * 1024;
    std::vector<char> bytes_;
};

}  // namespace bench

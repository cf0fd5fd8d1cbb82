#include "tests/testing/testing.h"

#include "fivetuple/base/random.h"

#include <cstdlib>
#include <filesystem>

namespace fivetuple::testing_help {

std::vector<std::byte> some_bytes(std::size_t size, std::uint64_t seed) {
    Random random(seed);
    std::vector<std::byte> bytes(size);
    for (std::byte& each : bytes) each = static_cast<std::byte>(random.next());
    return bytes;
}

std::string some_text(std::size_t size, std::uint64_t seed) {
    return std::string(text_of(some_bytes(size, seed)));
}

std::size_t open_descriptors() {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) {
        ++count;
    }
    return count - 1;  // The one that reads the folder.
}

NoDescriptorLeaks::~NoDescriptorLeaks() {
    EXPECT_EQ(open_descriptors(), before_) << "descriptors have leaked, or were closed twice";
}

TemporaryFolder::TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "ft-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "no temporary folder";
    path_ = name;
}

TemporaryFolder::~TemporaryFolder() { std::filesystem::remove_all(path_); }

}  // namespace fivetuple::testing_help

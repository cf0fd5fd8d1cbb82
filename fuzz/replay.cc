#include "fuzz/input.h"
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

// Feeds a target every file of the folders and files that are named, in the order of their names:
// what a fuzzer has found once is tried again by every run of the tests.
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> inputs_of(int count, char** names) {
    std::vector<fs::path> inputs;
    for (int at = 1; at < count; ++at) {
        if (!fs::is_directory(names[at])) {
            inputs.emplace_back(names[at]);
            continue;
        }
        for (const auto& entry : fs::directory_iterator(names[at])) inputs.push_back(entry.path());
    }
    std::ranges::sort(inputs);
    return inputs;
}

bool replay(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        std::fprintf(stderr, "error: cannot read %s\n", path.c_str());
        return false;
    }
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    // Should it fail, the last line tells which one it was.
    std::printf("%s\n", path.c_str());
    std::fflush(stdout);
    return LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                  bytes.size()) == 0;
}

}  // namespace

int main(int count, char** names) {
    const auto inputs = inputs_of(count, names);
    if (inputs.empty()) {
        std::fprintf(stderr, "error: there is nothing to replay\n  hint: name files or folders\n");
        return 2;
    }
    return std::ranges::all_of(inputs, &replay) ? 0 : 1;
}

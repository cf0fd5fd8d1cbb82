#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

namespace fivetuple {

inline void PrintTo(const Error& error, std::ostream* out) { *out << error.message(); }

template <class T>
void PrintTo(const Result<T>& result, std::ostream* out) {
    if (result) {
        *out << "a value";
    } else {
        *out << result.error().message();
    }
}

namespace testing_help {

/// `size` bytes that depend on `seed`, so that no two messages look alike.
std::vector<std::byte> some_bytes(std::size_t size, std::uint64_t seed = 1);
std::string some_text(std::size_t size, std::uint64_t seed = 1);

/// Descriptors that this process has open now.
std::size_t open_descriptors();

/// Checks at its end that as many descriptors are open as at its beginning.
class NoDescriptorLeaks {
public:
    NoDescriptorLeaks() : before_(open_descriptors()) {}
    NoDescriptorLeaks(const NoDescriptorLeaks&) = delete;
    NoDescriptorLeaks& operator=(const NoDescriptorLeaks&) = delete;
    ~NoDescriptorLeaks();

private:
    std::size_t before_;
};

/// A folder of its own, gone at the end.
class TemporaryFolder {
public:
    TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder();
    std::string path(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

}  // namespace testing_help
}  // namespace fivetuple

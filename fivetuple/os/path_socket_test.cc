#include "fivetuple/os/path_socket.h"

#include "fivetuple/os/socket.h"

#include "tests/testing/testing.h"
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>

namespace fivetuple {
namespace {

namespace fs = std::filesystem;

class PathSocketTest : public ::testing::Test {
protected:
    std::string path(const std::string& name) const { return folder_.path(name); }
    static bool is_there(const std::string& path) {
        return fs::symlink_status(path).type() != fs::file_type::not_found;
    }

    /// A socket at `path`, open for as long as the test runs.
    SocketAddress bind(const std::string& path) {
        const SocketAddress at = SocketAddress::unix_path(path).value();
        auto listener = Socket::listen_on(at);
        EXPECT_TRUE(listener.has_value());
        if (listener) listeners_.push_back(std::move(*listener));
        return at;
    }

private:
    testing_help::TemporaryFolder folder_;
    std::vector<Socket> listeners_;
};

TEST_F(PathSocketTest, RemovesItsFileAtItsEnd) {
    {
        const PathSocket mine(bind(path("a")));
        EXPECT_TRUE(is_there(path("a")));
    }
    EXPECT_FALSE(is_there(path("a")));
}

TEST_F(PathSocketTest, WhatIsMovedRemovesItsFileOnce) {
    std::optional<PathSocket> first(bind(path("a")));
    std::optional<PathSocket> second(std::in_place, std::move(*first));
    first.reset();
    EXPECT_TRUE(is_there(path("a")));
    std::optional<PathSocket> third(bind(path("b")));
    *third = std::move(*second);
    second.reset();
    EXPECT_FALSE(is_there(path("b")));
    EXPECT_TRUE(is_there(path("a")));
    third.reset();
    EXPECT_FALSE(is_there(path("a")));
}

TEST_F(PathSocketTest, F111_LeavesASocketThatHasTakenItsPlaceAlone) {
    {
        const PathSocket mine(bind(path("a")));
        bind(path("b"));
        fs::rename(path("b"), path("a"));
    }
    EXPECT_TRUE(is_there(path("a")));
}

TEST_F(PathSocketTest, F111_LeavesASocketAloneThatHasGotTheNumberOfItsFile) {
    // Many file systems give the number of a file that has gone to the next one that is made.
    std::optional<Socket> first(
        Socket::listen_on(SocketAddress::unix_path(path("a")).value()).value());
    {
        const PathSocket mine(first->local_address().value());
        first.reset();
        fs::remove(path("a"));
        bind(path("a"));
    }
    EXPECT_TRUE(is_there(path("a")));
}

TEST_F(PathSocketTest, F112_LeavesAFileThatHasTakenItsPlaceAlone) {
    {
        const PathSocket mine(bind(path("a")));
        fs::remove(path("a"));
        std::ofstream(path("a")) << "precious";
    }
    EXPECT_TRUE(is_there(path("a")));
}

TEST_F(PathSocketTest, F112_LeavesASymlinkAloneAndWhatItLeadsTo) {
    bind(path("other"));
    {
        const PathSocket mine(bind(path("a")));
        fs::remove(path("a"));
        fs::create_symlink(path("other"), path("a"));
    }
    EXPECT_TRUE(is_there(path("a")));
    EXPECT_TRUE(is_there(path("other")));
}

TEST_F(PathSocketTest, F112_TakesOnNeitherAFileNorASymlinkForItsOwn) {
    bind(path("other"));
    std::ofstream(path("file")) << "precious";
    fs::create_symlink(path("other"), path("link"));
    {
        const PathSocket file(SocketAddress::unix_path(path("file")).value());
        const PathSocket link(SocketAddress::unix_path(path("link")).value());
    }
    EXPECT_TRUE(is_there(path("file")));
    EXPECT_TRUE(is_there(path("link")));
    EXPECT_TRUE(is_there(path("other")));
}

TEST_F(PathSocketTest, DoesNothingWhenItsFileHasGoneAlready) {
    const PathSocket mine(bind(path("a")));
    fs::remove(path("a"));
}

TEST_F(PathSocketTest, HasNothingToDoWithOtherKindsOfAddress) {
    const PathSocket nothing;
    const PathSocket abstract(SocketAddress::unix_abstract(path("a")).value());
    const PathSocket unnamed(SocketAddress::unix_unnamed());
    const PathSocket ip(SocketAddress(IpAddress::loopback_v4(), 80));
    const PathSocket missing(SocketAddress::unix_path(path("missing")).value());
    bind(path("a"));
    EXPECT_TRUE(is_there(path("a")));
}

}  // namespace
}  // namespace fivetuple

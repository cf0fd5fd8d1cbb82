#include "fivetuple/transport/unix_messages.h"

#include "fivetuple/os/options.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/within.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/testing/world.h"
#include <array>
#include <filesystem>
#include <string>
#include <vector>

namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class UnixMessages : public TaskTest {
protected:
    SocketAddress at(const std::string& name) const {
        return SocketAddress::unix_path(folder_.path(name)).value();
    }
    std::uint32_t mode_of(const std::string& name) const {
        struct stat file{};
        return ::stat(folder_.path(name).c_str(), &file) == 0 ? file.st_mode & 07777 : 0;
    }
    bool is_there(const std::string& name) const { return fs::exists(folder_.path(name)); }

private:
    TemporaryFolder folder_;
};
FT_IN_KERNEL_WORLDS(UnixMessages);

// A pipe with `text` in it.
Fd filled_pipe(std::string_view text) {
    int raw[2];
    if (::pipe2(raw, O_CLOEXEC) != 0) return {};
    Fd reader(raw[0]);
    const Fd writer(raw[1]);
    EXPECT_EQ(::write(writer.raw(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    return reader;
}

std::string read_from(const Fd& fd) {
    std::array<char, 100> room;
    const ssize_t count = ::read(fd.raw(), room.data(), room.size());
    return std::string(room.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
}

TEST_P(UnixMessages, B2_DatagramsByPathKeepTheirBoundsAndNameTheirSender) {
    {
        UnixDatagram here = UnixDatagram::bind(loop(), at("here")).value();
        UnixDatagram there = UnixDatagram::bind(loop(), at("there")).value();
        run(loop(), [&]() -> Task<void> {
            for (const std::string_view text : {"one", "", "three"}) {
                auto sent = co_await here.send_to(bytes_of(text), at("there"));
                EXPECT_EQ(sent.value_or(99), text.size());
            }
            std::array<std::byte, 100> room;
            for (const std::string_view text : {"one", "", "three"}) {
                auto got = co_await there.receive(room);
                EXPECT_TRUE(got);
                EXPECT_EQ(text_of(got->bytes), text);
                EXPECT_EQ(got->from, at("here"));
            }
            auto nobody = co_await here.send_to(bytes_of("x"), at("nobody"));
            EXPECT_FALSE(nobody);
            EXPECT_TRUE(nobody.error().is(ENOENT));
        }());
    }
    EXPECT_FALSE(is_there("here"));
    EXPECT_FALSE(is_there("there"));
}

TEST_P(UnixMessages, B2_DatagramsByAbstractNameAndConnected) {
    const auto name = SocketAddress::unix_abstract("ft-messages-" + std::to_string(::getpid()));
    UnixDatagram there = UnixDatagram::bind(loop(), *name).value();
    run(loop(), [&]() -> Task<void> {
        auto here = co_await UnixDatagram::connect(*name);
        EXPECT_TRUE(here);
        auto sent = co_await here->send(bytes_of("hello"));
        EXPECT_TRUE(sent);
        std::array<std::byte, 3> small;
        auto cut = co_await there.receive(small);
        EXPECT_FALSE(cut);
        EXPECT_EQ(cut.error().message(),
                  "recvmsg: a message of 5 bytes came, and the buffer holds 3");
    }());
}

TEST_P(UnixMessages, B2_ASeqpacketConnectionKeepsMessagesWholeAndEnds) {
    run(loop(), [&]() -> Task<void> {
        auto listener = UnixSeqpacketListener::bind(loop(), at("seq"));
        EXPECT_TRUE(listener);
        auto client = co_await UnixSeqpacket::connect(at("seq"));
        auto server = co_await listener->accept();
        EXPECT_TRUE(client && server);
        for (const std::string_view text : {"one", "two"}) {
            auto sent = co_await client->send(bytes_of(text));
            EXPECT_TRUE(sent);
        }
        std::array<std::byte, 100> room;
        auto got = co_await server->receive(room);
        EXPECT_EQ(text_of(got->bytes), "one");
        got = co_await server->receive(room);
        EXPECT_EQ(text_of(got->bytes), "two");
        client->close();
        got = co_await server->receive(room);
        EXPECT_TRUE(got);
        EXPECT_TRUE(got->bytes.empty());
        auto sent = co_await server->send(bytes_of("late"));
        EXPECT_FALSE(sent);
        EXPECT_TRUE(sent.error().is(EPIPE));
    }());
}

TEST_P(UnixMessages, C5_DescriptorsArePassedAsOwnersAndCloseOnExec) {
    auto pair = UnixSeqpacket::pair(loop()).value();
    run(loop(), [&]() -> Task<void> {
        const Fd first = filled_pipe("first");
        const Fd second = filled_pipe("second");
        const std::array<int, 2> raw{first.raw(), second.raw()};
        auto sent = co_await pair.first.send(bytes_of("two"), raw);
        EXPECT_TRUE(sent) << sent.error().message();
        std::array<std::byte, 100> room;
        auto got = co_await pair.second.receive(room);
        EXPECT_TRUE(got);
        EXPECT_EQ(got->files.size(), 2u);
        if (got->files.size() != 2) co_return;
        EXPECT_EQ(read_from(got->files[0]), "first");
        EXPECT_EQ(read_from(got->files[1]), "second");
        for (const Fd& file : got->files) {
            EXPECT_EQ(::fcntl(file.raw(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        }
    }());
}

TEST_P(UnixMessages, C5_AsManyDescriptorsAsAMessageCarriesAndNotOneMore) {
    auto pair = UnixDatagram::pair(loop()).value();
    run(loop(), [&]() -> Task<void> {
        const Fd file = filled_pipe("x");
        const std::vector<int> most(kMostFiles, file.raw());
        auto sent = co_await pair.first.send(bytes_of("all"), most);
        EXPECT_TRUE(sent) << sent.error().message();
        std::array<std::byte, 100> room;
        auto got = co_await pair.second.receive(room);
        EXPECT_EQ(got->files.size(), kMostFiles);
        const std::vector<int> more(kMostFiles + 1, file.raw());
        sent = co_await pair.first.send(bytes_of("all"), more);
        EXPECT_FALSE(sent);
        EXPECT_EQ(sent.error().cause(), Cause::limit);
    }());
}

TEST_P(UnixMessages, F116_DescriptorsThatDoNotAllArriveAreAnErrorAndNoneLeaks) {
    auto pair = UnixSeqpacket::pair(loop()).value();
    run(loop(), [&]() -> Task<void> {
        const Fd file = filled_pipe("x");
        const std::vector<int> many(100, file.raw());
        auto sent = co_await pair.first.send(bytes_of("many"), many);
        EXPECT_TRUE(sent);
        rlimit before{};
        ::getrlimit(RLIMIT_NOFILE, &before);
        rlimit tight = before;
        tight.rlim_cur = static_cast<rlim_t>(file.raw()) + 20;
        ::setrlimit(RLIMIT_NOFILE, &tight);
        std::array<std::byte, 100> room;
        auto got = co_await pair.second.receive(room);
        ::setrlimit(RLIMIT_NOFILE, &before);
        EXPECT_FALSE(got);
        EXPECT_EQ(got.error().cause(), Cause::limit);
    }());
    // The fixture counts descriptors when it ends.
}

TEST_P(UnixMessages, C5_MessagesThatNobodyTakesLeakNoDescriptor) {
    auto pair = UnixDatagram::pair(loop()).value();
    run(loop(), [&]() -> Task<void> {
        const Fd file = filled_pipe("x");
        const std::array<int, 1> raw{file.raw()};
        auto sent = co_await pair.first.send(bytes_of("x"), raw);
        EXPECT_TRUE(sent);
        std::array<std::byte, 100> room;
        {
            auto got = co_await pair.second.receive(room);
            EXPECT_TRUE(got);
        }
        auto none = co_await within(10ms, pair.second.receive(room));
        EXPECT_FALSE(none);
        EXPECT_TRUE(none.error().is_deadline());
    }());
}

TEST_P(UnixMessages, C5_TheKernelVouchesForTheSenderOfEachMessage) {
    auto pair = UnixDatagram::pair(loop()).value();
    ASSERT_TRUE(set(pair.second, PassCredentials{}));
    const bool tells_process = set(pair.second, PassProcess{}).has_value();
    run(loop(), [&]() -> Task<void> {
        auto sent = co_await pair.first.send(bytes_of("x"));
        EXPECT_TRUE(sent);
        std::array<std::byte, 100> room;
        auto got = co_await pair.second.receive(room);
        EXPECT_TRUE(got);
        const Credentials mine{::getpid(), ::getuid(), ::getgid()};
        EXPECT_EQ(got->sender, mine);
        EXPECT_EQ(static_cast<bool>(got->sender_process), tells_process);
    }());
}

TEST_P(UnixMessages, I3_ThePeerCanBeDemandedInOneLine) {
    auto pair = UnixSeqpacket::pair(loop()).value();
    EXPECT_TRUE(require_peer(pair.first, ::getuid()));
    auto refused = require_peer(pair.first, ::getuid() + 1);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(EACCES));
    EXPECT_EQ(refused.error().message(), "require_peer: the peer belongs to user " +
                                             std::to_string(::getuid()) + " (process " +
                                             std::to_string(::getpid()) + "), not to user " +
                                             std::to_string(::getuid() + 1));
    UnixDatagram alone = UnixDatagram::bind(loop(), at("alone")).value();
    EXPECT_FALSE(require_peer(alone, ::getuid()));
}

TEST_P(UnixMessages, I3_APathHasItsModeAndOwnerBeforeAnybodyCanConnect) {
    UnixListenOptions options;
    options.path.mode = 0666;
    auto listener = UnixListener::bind(loop(), at("stream"), options);
    ASSERT_TRUE(listener) << listener.error().message();
    EXPECT_EQ(mode_of("stream"), 0666u);
    PathOptions narrow;
    narrow.mode = 0600;
    narrow.owner = ::getuid();
    narrow.group = ::getgid();
    auto datagram = UnixDatagram::bind(loop(), at("datagram"), narrow);
    ASSERT_TRUE(datagram);
    EXPECT_EQ(mode_of("datagram"), 0600u);
}

TEST_P(UnixMessages, F111_ADatagramSocketThatWasLeftBehindMakesRoom) {
    {
        Socket left = Socket::open(Family::unix_domain, SocketType::datagram).value();
        ASSERT_TRUE(left.bind(at("left")));
    }
    ASSERT_TRUE(is_there("left"));
    auto bound = UnixDatagram::bind(loop(), at("left"));
    ASSERT_TRUE(bound) << bound.error().message();
    auto again = UnixDatagram::bind(loop(), at("left"));
    ASSERT_FALSE(again);
    EXPECT_NE(again.error().message().find("somebody listens there"), std::string::npos);
}

TEST_P(UnixMessages, AFullQueueMakesTheSenderWait) {
    auto pair = UnixSeqpacket::pair(loop()).value();
    run(loop(), [&]() -> Task<void> {
        const std::string large(10000, 'x');
        int sent_count = 0;
        while (true) {
            auto sent = co_await within(50ms, pair.first.send(bytes_of(large)));
            if (!sent) {
                EXPECT_TRUE(sent.error().is_deadline());
                break;
            }
            ++sent_count;
        }
        EXPECT_GT(sent_count, 1);
        std::vector<std::byte> room(20000);
        for (int count = 0; count < sent_count; ++count) {
            auto got = co_await pair.second.receive(room);
            EXPECT_TRUE(got);
            EXPECT_EQ(got->bytes.size(), large.size());
        }
    }());
}

TEST_P(UnixMessages, StreamsComeInPairsToo) {
    auto pair = UnixStream::pair(loop()).value();
    run(loop(), [&]() -> Task<void> {
        auto sent = co_await pair.first.write_all(bytes_of("x"));
        EXPECT_TRUE(sent);
        auto got = co_await pair.second.read();
        EXPECT_EQ(text_of(got->bytes()), "x");
    }());
}

}  // namespace
}  // namespace fivetuple::testing_help

#include "fivetuple/blocking/tcp.h"
#include "fivetuple/os/clock.h"
#include "fivetuple/server/proxy_protocol.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/tcp.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/testing/testing.h"
#include <array>
#include <csignal>
#include <fstream>
#include <memory>
#include <string>

// The PROXY protocol as haproxy speaks it.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

/// An haproxy between an address of its own and a server, from start to end.
class Haproxy {
public:
    Haproxy(const std::string& bind, const std::string& server) {
        listener_ = Socket::listen_on(*SocketAddress::parse("127.0.0.1:0")).value();
        const std::string file = folder_.path("haproxy.cfg");
        std::ofstream(file) << "defaults\n mode tcp\n timeout connect 20s\n timeout client 60s\n"
                            << " timeout server 60s\n"
                            << "frontend front\n bind fd@10 " << bind << "\n"
                            << " unique-id-format id-%pid\n default_backend behind\n"
                            << "backend behind\n server one " << server << "\n";
        process_ = ::fork();
        if (process_ != 0) return;
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // It is not left behind by a test that dies.
        ::dup2(listener_.fd().raw(), 10);    // Without close-on-exec.
        ::execlp("haproxy", "haproxy", "-db", "-q", "-f", file.c_str(), nullptr);
        ::_exit(127);
    }
    Haproxy(const Haproxy&) = delete;
    Haproxy& operator=(const Haproxy&) = delete;
    ~Haproxy() {
        ::kill(process_, SIGTERM);
        ::waitpid(process_, nullptr, 0);
    }
    SocketAddress address() const { return *listener_.local_address(); }

private:
    TemporaryFolder folder_;
    Socket listener_;
    pid_t process_ = -1;
};

class HaproxyTest : public ::testing::Test {
protected:
    void SetUp() override {
        if (std::system("haproxy -v > /dev/null 2>&1") != 0) {
            GTEST_SKIP() << "haproxy is not installed";
        }
        loop_ = Loop::open().value();
        listener_ = TcpListener::bind(*loop_, *SocketAddress::parse("127.0.0.1:0")).value();
    }
    std::string server() const { return listener_.local_address()->to_string(); }
    blocking::TcpStream connect(const SocketAddress& to) {
        return blocking::TcpStream::connect(to, after(monotonic_now(), 20s)).value();
    }

    /// Whom the next connection comes from; "hello" follows on it.
    Result<KnownClient> next() { return run(*loop_, known_next(listener_)); }

private:
    static Task<Result<KnownClient>> known_next(TcpListener& listener) {
        FT_CO_TRY(TcpStream peer, co_await within(30s, listener.accept()));
        ProxyOptions options;
        options.trusted = *AccessList::parse("allow 127.0.0.0/8");
        options.limit = 30s;
        FT_CO_TRY(KnownClient known, co_await know_client(peer, options));
        std::array<std::byte, 5> hello;
        auto got = co_await within(30s, peer.read_exact(hello));
        EXPECT_TRUE(got);
        EXPECT_EQ(text_of(hello), "hello");
        co_return known;
    }

    std::unique_ptr<Loop> loop_;
    TcpListener listener_;
};

TEST_F(HaproxyTest, ItsHeadersAreUnderstood) {
    for (const std::string& how :
         {std::string(" send-proxy"), std::string(" send-proxy-v2"),
          std::string(" send-proxy-v2 proxy-v2-options crc32c,unique-id,ssl,cert-cn")}) {
        const Haproxy proxy("", server() + how);
        auto client = connect(proxy.address());
        ASSERT_TRUE(client.write_all(bytes_of("hello")));
        const auto known = next();
        ASSERT_TRUE(known) << known.error().message() << how;
        EXPECT_EQ(known->from, *client.local_address()) << how;
        EXPECT_EQ(known->to, proxy.address()) << how;
        ASSERT_TRUE(known->header);
        const bool has_fields = how.ends_with("cert-cn");
        EXPECT_EQ(known->header->version, how == " send-proxy" ? 1 : 2);
        EXPECT_EQ(known->header->has_checksum, has_fields);
        EXPECT_EQ(text_of(known->header->unique_id).starts_with("id-"), has_fields);
    }
}

TEST_F(HaproxyTest, ItUnderstandsOurs) {
    const Haproxy proxy("accept-proxy", server() + " send-proxy-v2");
    for (const std::uint8_t version : {1, 2}) {
        ProxyHeader header;
        header.version = version;
        header.from = *SocketAddress::parse("[2001:db8::7]:1000");
        header.to = *SocketAddress::parse("[2001:db8::8]:443");
        header.has_checksum = version == 2;
        header.authority = version == 2 ? "example.org" : "";
        auto client = connect(proxy.address());
        ASSERT_TRUE(client.write_all(*to_proxy_bytes(header)));
        ASSERT_TRUE(client.write_all(bytes_of("hello")));
        const auto known = next();
        ASSERT_TRUE(known) << known.error().message();
        EXPECT_EQ(known->from, header.from);
        EXPECT_EQ(known->to, header.to);
    }
}

}  // namespace
}  // namespace fivetuple::testing_help

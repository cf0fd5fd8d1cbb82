#include "fivetuple/diag/sock_diag.h"

#include "fivetuple/blocking/tcp.h"
#include "fivetuple/blocking/udp.h"
#include "fivetuple/os/options.h"

#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/testing/eventually.h"
#include "tests/testing/own_network.h"
#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

using namespace fivetuple;
using namespace fivetuple::testing_help;

namespace {

// What a socket is known by after the visit.
struct Noted {
    std::string local;
    std::string peer;
    TcpState state{};
    std::uint32_t inode = 0;
    std::uint64_t cookie = 0;
    std::optional<diag::SeenSocket::AcceptQueue> queue;

    std::string text() const {
        return local + " " + peer + " " + std::string(diag::name_of(state));
    }
};

class Notes : public diag::Visitor {
public:
    Result<void> see(const diag::SeenSocket& socket) override {
        all.push_back({socket.local_text(), socket.peer_text(), socket.state, socket.inode,
                       socket.cookie, socket.accept_queue()});
        return {};
    }
    void keep() override { kept = all.size(); }
    void forget() override { all.resize(kept); }

    std::multiset<std::string> texts() const {
        std::multiset<std::string> sorted;
        for (const Noted& each : all) sorted.insert(each.text());
        return sorted;
    }

    std::vector<Noted> all;
    std::size_t kept = 0;
};

diag::Query everything() {
    diag::Query query;
    query.udp = query.raw = query.unix_domain = query.packet = true;
    query.with_tcp_info = query.with_memory = query.with_congestion = true;
    query.with_service_bytes = true;
    return query;
}

// A listener and some connections to it, of either kind of IP.
struct Some {
    blocking::TcpListener listener;
    std::vector<blocking::TcpStream> ends;

    explicit Some(const IpAddress& at, int count) {
        listener = blocking::TcpListener::bind(SocketAddress(at, 0)).value();
        for (int each = 0; each < count; ++each) {
            ends.push_back(blocking::TcpStream::connect(*listener.local_address()).value());
            ends.push_back(listener.accept().value());
        }
    }
    std::uint16_t port() const { return listener.local_address()->port(); }
};

// The kernel, asked with and without the filter, tells the same.
std::string differences(const std::string& text) {
    const auto filter = diag::Filter::parse(text);
    if (!filter) return text + ": " + filter.error().what + "\n";
    diag::Query query = everything();
    query.filter = &*filter;
    Notes judged_there;
    const auto visit = diag::visit_sockets(query, judged_there);
    if (!visit) return text + ": " + visit.error().message() + "\n";
    query.filter = nullptr;
    class Judge : public Notes {
    public:
        explicit Judge(const diag::Filter& wanted) : wanted_(wanted) {}
        Result<void> see(const diag::SeenSocket& socket) override {
            return wanted_.matches(socket) ? Notes::see(socket) : Result<void>();
        }

    private:
        const diag::Filter& wanted_;
    } judged_here(*filter);
    if (!diag::visit_sockets(query, judged_here)) return text + ": the second visit failed\n";
    if (judged_there.texts() == judged_here.texts()) return {};
    return text + ": " + std::to_string(judged_there.all.size()) + " there, " +
           std::to_string(judged_here.all.size()) + " here\n";
}

std::string judge_on_both_sides() {
    const Some v4(IpAddress::loopback_v4(), 3);
    const Some v6(IpAddress::loopback_v6(), 3);
    // An IPv6 socket that IPv4 comes to.
    auto dual = blocking::TcpListener::bind(*SocketAddress::parse("*:0")).value();
    const auto mapped = blocking::TcpStream::connect(
        SocketAddress(IpAddress::loopback_v4(), dual.local_address()->port()));
    const auto accepted = dual.accept();
    auto udp = blocking::UdpSocket::bind(SocketAddress(IpAddress::loopback_v4(), 0)).value();
    if (!mapped || !accepted) return "no mapped connection";
    const std::string port = std::to_string(v4.port());
    const std::string other = std::to_string(v6.port());
    std::string wrong;
    // A and B stand for the two ports.
    for (const std::string_view pattern : {"sport = A",
                                           "dport = A",
                                           "sport != A",
                                           "sport > A",
                                           "sport <= A",
                                           "dport < A or dport >= B",
                                           "dst 127.0.0.0/8",
                                           "not dst 127.0.0.0/8",
                                           "dst ::1",
                                           "dst 127.0.0.1:A",
                                           "dst [::1]:B",
                                           "dst ::/0",
                                           "dst 0.0.0.0/0",
                                           "dst ::ffff:127.0.0.1",
                                           "not dst ::/0",
                                           "src ::/95",
                                           "state established and ( dport = A or sport = B )",
                                           "( state listening or dport = A ) and not src ::1",
                                           "dev 0",
                                           "dev lo",
                                           "fwmark 0",
                                           "fwmark != 0/0xff",
                                           "uid 0",
                                           "uid != 0 or sport = A",
                                           "exclude listening exclude established",
                                           "state big and not ( sport = A and dst 127.0.0.1 )",
                                           "cgroup 1",
                                           "not cgroup 1",
                                           "inode 0"}) {
        std::string text;
        for (const char each : pattern) {
            if (each == 'A') {
                text += port;
            } else if (each == 'B') {
                text += other;
            } else {
                text += each;
            }
        }
        wrong += differences(text);
    }
    return wrong.empty() ? "the same" : wrong;
}

TEST(SockDiag, H1_WhatTheKernelJudgesIsWhatWeJudge) {
    const std::string told = in_own_network(&judge_on_both_sides);
    if (told == kNoOwnNetwork) GTEST_SKIP() << told;
    EXPECT_EQ(told, "the same");
}

TEST(SockDiag, H1_EachSocketIsTheOneThatItsOwnerKnows) {
    const Some some(IpAddress::loopback_v4(), 1);
    diag::Query query;
    query.with_tcp_info = query.with_memory = query.with_congestion = true;
    const auto filter =
        diag::Filter::parse("sport = " + std::to_string(some.port()) + " and state established");
    ASSERT_TRUE(filter);
    query.filter = &*filter;
    class Check : public diag::Visitor {
    public:
        explicit Check(const blocking::TcpStream& end) : end_(end) {}
        Result<void> see(const diag::SeenSocket& socket) override {
            ++seen;
            EXPECT_EQ(socket.cookie, get<SocketCookie>(end_)->value);
            EXPECT_EQ(socket.local_text(), end_.local_address()->to_string());
            EXPECT_EQ(socket.peer_text(), end_.peer_address()->to_string());
            const auto info = socket.tcp_info();
            const auto own = get<TcpInfo>(end_);
            EXPECT_TRUE(info && own);
            EXPECT_EQ(info->congestion_window, own->congestion_window);
            EXPECT_EQ(info->segments_sent, own->segments_sent);
            EXPECT_EQ(info->send_window_bytes, own->send_window_bytes);
            EXPECT_EQ(socket.memory->receive_buffer, get<MemoryInfo>(end_)->receive_buffer);
            EXPECT_EQ(socket.congestion_control, get<CongestionControl>(end_)->value);
            return {};
        }
        void forget() override { seen = 0; }
        int seen = 0;

    private:
        const blocking::TcpStream& end_;
    } check(some.ends[1]);
    const auto visit = diag::visit_sockets(query, check);
    ASSERT_TRUE(visit) << visit.error().message();
    EXPECT_EQ(check.seen, 1);
    EXPECT_EQ(visit->seen, 1u);
    EXPECT_TRUE(visit->is_filtered_there);
    EXPECT_EQ(visit->passed_over, 0u);
}

TEST(SockDiag, H2_AListenerTellsHowManyWaitAndHowManyMay) {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof name;
    const Fd owned(listener);
    ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&name), size), 0);
    ASSERT_EQ(::listen(listener, 2), 0);
    ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&name), &size), 0);
    const std::string port = std::to_string(ntohs(name.sin_port));
    const auto filter = diag::Filter::parse("state listening and sport = " + port);
    diag::Query query;
    query.filter = &*filter;
    const auto queue = [&query] {
        Notes notes;
        EXPECT_TRUE(diag::visit_sockets(query, notes));
        EXPECT_EQ(notes.all.size(), 1u);
        return notes.all.empty() ? std::nullopt : notes.all.front().queue;
    };
    ASSERT_TRUE(queue());
    EXPECT_EQ(queue()->waiting, 0u);
    EXPECT_EQ(queue()->most, 2u);
    std::vector<blocking::TcpStream> clients;
    // The kernel lets one more wait than it was asked for.
    for (int count = 1; count <= 3; ++count) {
        clients.push_back(blocking::TcpStream::connect(
                              SocketAddress(IpAddress::loopback_v4(), ntohs(name.sin_port)))
                              .value());
        EXPECT_TRUE(eventually([&] { return queue()->waiting == static_cast<unsigned>(count); }));
        EXPECT_EQ(queue()->is_full(), count == 3);
    }
}

std::string end_a_connection() {
    Some some(IpAddress::loopback_v4(), 1);
    blocking::TcpStream& client = some.ends[0];
    blocking::TcpStream& server = some.ends[1];
    class Ending : public diag::Visitor {
    public:
        Result<void> see(const diag::SeenSocket& socket) override {
            diag::SeenSocket another = socket;
            another.cookie ^= 0xffff0000;
            const auto wrong = diag::destroy(another);
            if (wrong) told += "another socket was ended; ";
            const auto done = diag::destroy(socket);
            if (!done) told += done.error().message();
            return {};
        }
        void forget() override {}
        std::string told;
    } ending;
    const auto filter =
        diag::Filter::parse("state established and sport = " + std::to_string(some.port()));
    diag::Query query;
    query.filter = &*filter;
    if (!diag::visit_sockets(query, ending)) return "no visit";
    if (!ending.told.empty()) return ending.told;
    const auto here = server.read();
    const auto there = client.read();
    return (here ? "read" : here.error().message()) + "; " +
           (there ? "read" : there.error().message());
}

TEST(SockDiag, ASocketCanBeEndedFromOutside) {
    const std::string told = in_own_network(&end_a_connection);
    if (told == kNoOwnNetwork) GTEST_SKIP() << told;
    if (told.find("CONFIG_INET_DIAG_DESTROY") != std::string::npos) GTEST_SKIP() << told;
    EXPECT_NE(told.find("Software caused connection abort; "), std::string::npos) << told;
    EXPECT_NE(told.find("Connection reset by peer"), std::string::npos) << told;
}

TEST(SockDiag, OnlyConnectionsAndDatagramsCanBeEnded) {
    diag::SeenSocket socket;
    socket.kind = diag::Kind::unix_stream;
    EXPECT_EQ(diag::destroy(socket).error().cause(), Cause::unsupported);
}

// As a user who may do nothing.
std::string as_nobody() {
    const Some some(IpAddress::loopback_v4(), 1);
    const auto marked = diag::Filter::parse("fwmark != 7");
    if (::setresuid(65534, 65534, 65534) != 0) return "not root";
    const auto owners = diag::Owners::read();
    if (!owners) return owners.error().message();
    std::string told =
        owners->unseen_processes() > 0 ? "some processes are not seen; " : "all seen";
    diag::Query query;
    query.filter = &*marked;
    Notes notes;
    const auto visit = diag::visit_sockets(query, notes);
    if (!visit) return visit.error().message();
    for (const std::string& each : visit->limits) told += each + "; ";
    class Ending : public diag::Visitor {
    public:
        Result<void> see(const diag::SeenSocket& socket) override { return diag::destroy(socket); }
        void forget() override {}
    } ending;
    query.filter = nullptr;
    query.states = diag::StateSet(TcpState::established);
    const auto ended = diag::visit_sockets(query, ending);
    return told + (ended ? "ended" : ended.error().reason());
}

TEST(SockDiag, WhatAUserMayNotSeeIsSaid) {
    const std::string told = in_own_network(&as_nobody);
    if (told == kNoOwnNetwork || told == "not root") GTEST_SKIP() << told;
    EXPECT_EQ(told,
              "some processes are not seen; marks are shown to who has CAP_NET_ADMIN only; "
              "Operation not permitted");
}

TEST(SockDiag, H1_TheOwnerOfASocketIsFoundWithItsDescriptor) {
    const auto udp = blocking::UdpSocket::bind(SocketAddress(IpAddress::loopback_v4(), 0)).value();
    const auto owners = diag::Owners::read();
    ASSERT_TRUE(owners) << owners.error().message();
    const auto filter =
        diag::Filter::parse("sport = " + std::to_string(udp.local_address()->port()) + " and pid " +
                            std::to_string(::getpid()));
    diag::Query query;
    query.tcp = false;
    query.udp = true;
    query.filter = &*filter;
    query.owners = &*owners;
    Notes notes;
    ASSERT_TRUE(diag::visit_sockets(query, notes));
    ASSERT_EQ(notes.all.size(), 1u);
    int found = 0;
    owners->for_each(notes.all.front().inode, [&](const diag::Owner& each) {
        ++found;
        EXPECT_EQ(each.pid, static_cast<std::uint32_t>(::getpid()));
        EXPECT_EQ(each.descriptor, static_cast<std::uint32_t>(udp.fd().raw()));
        EXPECT_FALSE(each.process.empty());
    });
    EXPECT_EQ(found, 1);
    EXPECT_TRUE(owners->knows(notes.all.front().inode));
    EXPECT_FALSE(owners->knows(0));
}

TEST(SockDiag, AVisitorCanEndTheVisit) {
    const Some some(IpAddress::loopback_v4(), 20);
    class Impatient : public diag::Visitor {
    public:
        Result<void> see(const diag::SeenSocket&) override {
            ++seen;
            return std::unexpected(Error::limit("test", "enough"));
        }
        void forget() override {}
        int seen = 0;
    } impatient;
    const auto visit = diag::visit_sockets(diag::Query(), impatient);
    ASSERT_FALSE(visit);
    EXPECT_EQ(visit.error().reason(), "enough");
    EXPECT_EQ(impatient.seen, 1);
}

std::string list_while_they_change() {
    std::atomic<bool> is_over = false;
    // Bounded, as each leaves its port in time-wait.
    std::thread churn([&is_over] {
        for (int round = 0; round < 300 && !is_over; ++round) {
            const Some some(IpAddress::loopback_v4(), 5);
        }
    });
    std::string wrong;
    for (int round = 0; round < 10; ++round) {
        Notes notes;
        const auto visit = diag::visit_sockets(everything(), notes);
        if (!visit) wrong.append(visit.error().message()).append("\n");
        const auto owners = diag::Owners::read();
        if (!owners) wrong.append(owners.error().message()).append("\n");
    }
    is_over = true;
    churn.join();
    return wrong.empty() ? "well" : wrong;
}

TEST(SockDiag, SocketsMayComeAndGoWhileTheyAreListed) {
    const std::string told = in_own_network(&list_while_they_change);
    if (told == kNoOwnNetwork) GTEST_SKIP() << told;
    EXPECT_EQ(told, "well");
}

class CountRestarts : public netlink::NoSink {
public:
    void restart() override { ++restarts; }
    int restarts = 0;
};

TEST(SockDiag, AListThatIsLostIsAskedForAgain) {
    CountRestarts sink;
    int attempts = 0;
    const auto lost = std::unexpected(Error::system(ENOBUFS, "recvmsg"));
    const auto third_time = diag::until_nothing_is_lost(
        [&]() -> Result<void> {
            if (++attempts < 3) return lost;
            return {};
        },
        sink);
    EXPECT_TRUE(third_time);
    EXPECT_EQ(attempts, 3);
    EXPECT_EQ(sink.restarts, 2);
    attempts = sink.restarts = 0;
    const auto never = diag::until_nothing_is_lost(
        [&]() -> Result<void> {
            ++attempts;
            return lost;
        },
        sink);
    EXPECT_TRUE(never.error().is(ENOBUFS));
    EXPECT_EQ(attempts, 10);
    EXPECT_EQ(sink.restarts, 9);
    const auto other = diag::until_nothing_is_lost(
        []() -> Result<void> { return std::unexpected(Error::system(EPERM, "recvmsg")); }, sink);
    EXPECT_TRUE(other.error().is(EPERM));
    EXPECT_EQ(sink.restarts, 9);
}

}  // namespace

#include "fivetuple/server/activation.h"

#include "fivetuple/os/listening.h"
#include "fivetuple/os/socket.h"
#include "fivetuple/task/all_of.h"
#include "fivetuple/task/run.h"

#include <fcntl.h>
#include <unistd.h>

#include "tests/testing/child.h"
#include "tests/testing/testing.h"
#include <cstdlib>
#include <string>

namespace fivetuple {
namespace {

using ::testing::HasSubstr;

// What `work` returns in a child, of which the descriptors from 3 on may be taken away.
template <class Work>
std::string in_child(Work work) {
    std::vector<Fd> low;
    while (low.empty() || low.back().raw() < 60) {
        low.emplace_back(::open("/dev/null", O_RDWR | O_CLOEXEC));
        if (!low.back()) return "no descriptors";
    }
    return testing_help::in_child(work);
}

Socket listen_on(std::string_view where) {
    return Socket::listen_on(*SocketAddress::parse(where)).value();
}

// What whoever starts a program does: descriptors from 3 on, and three variables. Only in a child
// of the tests'.
void give(const std::vector<int>& fds, const std::string& names, int process = ::getpid()) {
    std::vector<int> high;
    high.reserve(fds.size());
    for (const int fd : fds) high.push_back(::fcntl(fd, F_DUPFD, 100));
    for (std::size_t at = 0; at < high.size(); ++at) ::dup2(high[at], 3 + static_cast<int>(at));
    ::setenv("LISTEN_PID", std::to_string(process).c_str(), 1);
    ::setenv("LISTEN_FDS", std::to_string(fds.size()).c_str(), 1);
    if (!names.empty()) ::setenv("LISTEN_FDNAMES", names.c_str(), 1);
}

std::string why_not() {
    const auto taken = take_inherited_listeners();
    return taken ? "nothing" : taken.error().message();
}

TEST(Activation, ListenersAreTakenOverWithTheirNames) {
    EXPECT_EQ(in_child([]() -> std::string {
                  const Socket tcp = listen_on("127.0.0.1:0");
                  const Socket local =
                      listen_on("@fivetuple-activation-" + std::to_string(::getpid()));
                  give({tcp.fd().raw(), local.fd().raw()}, "http:control");
                  auto taken = take_inherited_listeners();
                  if (!taken) return taken.error().message();
                  if (taken->size() != 2) return "not two";
                  if ((*taken)[0].name != "http" || (*taken)[1].name != "control") return "names";
                  if ((*taken)[0].at != *tcp.local_address()) return "address";
                  if ((*taken)[0].socket.fd().raw() != 3) return "number";
                  if ((::fcntl(3, F_GETFD) & FD_CLOEXEC) == 0) return "a child would inherit it";
                  if ((::fcntl(3, F_GETFL) & O_NONBLOCK) == 0) return "it blocks";
                  for (const char* each : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) {
                      if (std::getenv(each) != nullptr) return each;
                  }
                  return take_inherited_listeners()->empty() ? "ok" : "taken twice";
              }),
              "ok");
}

Task<Result<void>> serve_both(Loop& loop, std::vector<InheritedSocket>& sockets) {
    FT_CO_TRY(InheritedSocket local, take_named(sockets, "control"));
    FT_CO_TRY(InheritedSocket tcp, take_named(sockets, "http"));
    const SocketAddress tcp_at = tcp.at;
    const SocketAddress local_at = local.at;
    FT_CO_TRY(auto tcp_listener, adopt_tcp_listener(loop, std::move(tcp)));
    FT_CO_TRY(auto local_listener, adopt_unix_listener(loop, std::move(local)));
    FT_CO_TRY_VOID(co_await all_of(TcpStream::connect(tcp_at), tcp_listener.accept()));
    FT_CO_TRY_VOID(co_await all_of(UnixStream::connect(local_at), local_listener.accept()));
    co_return {};
}

TEST(Activation, WhatIsInheritedAccepts) {
    for (const char* backend : {"io_uring", "epoll"}) {
        EXPECT_EQ(in_child([&]() -> std::string {
                      const Socket tcp = listen_on("127.0.0.1:0");
                      const Socket local =
                          listen_on("@fivetuple-activation-" + std::to_string(::getpid()));
                      give({tcp.fd().raw(), local.fd().raw()}, "http:control");
                      ::setenv("FT_BACKEND", backend, 1);
                      auto taken = take_inherited_listeners();
                      auto loop = Loop::open();
                      if (!loop) return "ok";  // No such backend here.
                      const auto served = run(**loop, serve_both(**loop, *taken));
                      return served ? "ok" : served.error().message();
                  }),
                  "ok");
    }
}

TEST(Activation, WithoutAServiceManagerThereIsNothing) {
    EXPECT_EQ(in_child([] { return std::to_string(take_inherited_listeners()->size()); }), "0");
    EXPECT_EQ(in_child([] {
                  const Socket tcp = listen_on("127.0.0.1:0");
                  give({tcp.fd().raw()}, "http", ::getppid());
                  return std::to_string(take_inherited_listeners()->size());
              }),
              "0")
        << "they are for another process";
}

TEST(Activation, ANameThatWasNotGivenIsSaidWithThoseThatWere) {
    std::vector<InheritedSocket> sockets;
    EXPECT_EQ(take_named(sockets, "http").error().message(), "inherit http: no socket was given");
    sockets.push_back({"one", listen_on("127.0.0.1:0"), {}, SocketType::stream, true});
    sockets.push_back({"two", listen_on("127.0.0.1:0"), {}, SocketType::stream, true});
    EXPECT_EQ(take_named(sockets, "http").error().message(),
              "inherit http: the sockets given are one, two");
}

TEST(Activation, F19_ADescriptorThatIsNoListenerIsRefused) {
    EXPECT_THAT(in_child([] {
                    const Socket bound = *Socket::open(Family::ipv4, SocketType::stream);
                    give({bound.fd().raw()}, "http");
                    return why_not();
                }),
                HasSubstr("it does not listen"));
    EXPECT_THAT(in_child([] {
                    const Socket datagrams = *Socket::open(Family::ipv4, SocketType::datagram);
                    give({datagrams.fd().raw()}, "dns");
                    return why_not();
                }),
                HasSubstr("inherit dns (0.0.0.0:0): it is no socket for streams"));
    EXPECT_THAT(in_child([] {
                    give({::open("/dev/null", O_RDWR | O_CLOEXEC)}, "");
                    return why_not();
                }),
                HasSubstr("descriptor 3 (unknown)"));
}

TEST(Activation, F19_AnEnvironmentThatLiesIsAnError) {
    EXPECT_THAT(in_child([] {
                    const Socket tcp = listen_on("127.0.0.1:0");
                    give({tcp.fd().raw()}, "");
                    ::setenv("LISTEN_FDS", "20", 1);
                    ::close(7);
                    return why_not();
                }),
                HasSubstr("descriptor 7: it should be open and is not; of 20 descriptors 19 are"));
    const auto with = [](const char* variable, const char* value) {
        return in_child([&] {
            const Socket tcp = listen_on("127.0.0.1:0");
            give({tcp.fd().raw()}, "http");
            ::setenv(variable, value, 1);
            return why_not();
        });
    };
    EXPECT_EQ(with("LISTEN_FDNAMES", "http:https"),
              "LISTEN_FDNAMES: it has 2 names for 1 descriptors");
    EXPECT_EQ(with("LISTEN_FDS", "one"), "LISTEN_FDS: \"one\" is no number");
    EXPECT_EQ(with("LISTEN_FDS", "-1"), "LISTEN_FDS: \"-1\" is no number");
    EXPECT_THAT(with("LISTEN_FDS", "99999999"), HasSubstr("cannot be"));
    EXPECT_THAT(with("LISTEN_PID", ""), HasSubstr("is no number"));
}

TEST(Activation, WhatIsOfAnotherKindIsNotAdopted) {
    const auto loop = Loop::open({.backend = BackendKind::poll});
    const auto inherited = [](std::string_view where) {
        Socket socket = listen_on(where);
        const SocketAddress at = *socket.local_address();
        return InheritedSocket{"it", std::move(socket), at, SocketType::stream, true};
    };
    EXPECT_THAT(adopt_unix_listener(**loop, inherited("127.0.0.1:0")).error().message(),
                HasSubstr("no socket of the Unix domain"));
    const std::string name = "@fivetuple-activation-" + std::to_string(::getpid());
    EXPECT_THAT(adopt_tcp_listener(**loop, inherited(name)).error().message(),
                HasSubstr("no socket of TCP"));
}

}  // namespace
}  // namespace fivetuple

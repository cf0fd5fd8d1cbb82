#include "fivetuple/diag/sock_diag.h"

#include "fivetuple/diag/bytecode.h"
#include "fivetuple/diag/reading.h"
#include "fivetuple/os/netlink/socket.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace fivetuple::diag {
namespace {

using netlink::Asks;
using netlink::Message;
using netlink::Request;

constexpr const char* kCall = "SOCK_DIAG_BY_FAMILY";

// One list of the kernel's.
struct Part {
    Kind kind = Kind::tcp;
    std::uint8_t family = AF_INET;
    const char* name = "";
};

// Hands on what the filter passes.
class Sieve : public netlink::Sink {
public:
    Sieve(const Query& query, Visitor& visitor, Visit& visit)
        : query_(query), visitor_(visitor), visit_(visit) {}

    void begin(const Part& part, bool is_judged) {
        part_ = part;
        is_judged_ = is_judged;
        seen_before_ = visit_.seen;
        passed_over_before_ = visit_.passed_over;
        visitor_.keep();
    }
    Result<void> take(const Message& message) override {
        if (message.type != SOCK_DIAG_BY_FAMILY) return {};
        FT_TRY(const SeenSocket socket, read(message));
        return take(socket);
    }
    Result<void> take(const SeenSocket& socket) {
        // The kernel looks at the states of most kinds, not of all.
        const bool is_wanted = query_.states.contains(socket.state);
        const bool is_passed =
            is_judged_ || query_.filter == nullptr || query_.filter->matches(socket, query_.owners);
        if (!is_wanted || !is_passed) {
            ++visit_.passed_over;
            return {};
        }
        ++visit_.seen;
        return visitor_.see(socket);
    }
    void restart() override {
        ++visit_.asked_again;
        visit_.seen = seen_before_;
        visit_.passed_over = passed_over_before_;
        visitor_.forget();
    }

private:
    Result<SeenSocket> read(const Message& message) const {
        if (is_internet(part_.kind)) return read_internet(message, part_.kind);
        return is_unix(part_.kind) ? read_unix(message) : read_packet(message);
    }

    const Query& query_;
    Visitor& visitor_;
    Visit& visit_;
    Part part_;
    bool is_judged_ = false;
    std::size_t seen_before_ = 0;
    std::size_t passed_over_before_ = 0;
};

constexpr std::uint8_t bit_of(int extension) {
    return static_cast<std::uint8_t>(1u << (extension - 1));
}

Request internet_request(const Part& part, const Query& query, StateSet states,
                         const Bytecode& code) {
    constexpr std::array<std::uint8_t, 3> kProtocols{IPPROTO_TCP, IPPROTO_UDP, IPPROTO_RAW};
    inet_diag_req_v2 head{};
    head.sdiag_family = part.family;
    head.sdiag_protocol = kProtocols[static_cast<std::size_t>(part.kind)];
    head.idiag_states = states.bits();
    if (query.with_tcp_info && part.kind == Kind::tcp) {
        head.idiag_ext |= bit_of(INET_DIAG_INFO) | bit_of(INET_DIAG_VEGASINFO);
    }
    if (query.with_memory) head.idiag_ext |= bit_of(INET_DIAG_SKMEMINFO);
    if (query.with_congestion && part.kind == Kind::tcp) head.idiag_ext |= bit_of(INET_DIAG_CONG);
    if (query.with_service_bytes) {
        head.idiag_ext |= bit_of(INET_DIAG_TOS) | bit_of(INET_DIAG_TCLASS);
    }
    Request request(SOCK_DIAG_BY_FAMILY, Asks::dump, kCall);
    request.about(part.name).header(head);
    if (!code.bytes.empty()) request.add(INET_DIAG_REQ_BYTECODE, Bytes(code.bytes));
    return request;
}

Request unix_request(const Part& part, const Query& query, StateSet states) {
    unix_diag_req head{};
    head.sdiag_family = AF_UNIX;
    head.udiag_states = states.bits();
    head.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_VFS | UDIAG_SHOW_PEER | UDIAG_SHOW_RQLEN |
                      UDIAG_SHOW_ICONS | UDIAG_SHOW_UID;
    if (query.with_memory) head.udiag_show |= UDIAG_SHOW_MEMINFO;
    Request request(SOCK_DIAG_BY_FAMILY, Asks::dump, kCall);
    request.about(part.name).header(head);
    return request;
}

Request packet_request(const Part& part) {
    packet_diag_req head{};
    head.sdiag_family = AF_PACKET;
    head.pdiag_show = PACKET_SHOW_INFO | PACKET_SHOW_MEMINFO;
    Request request(SOCK_DIAG_BY_FAMILY, Asks::dump, kCall);
    request.about(part.name).header(head);
    return request;
}

std::vector<Part> parts_of(const Query& query) {
    std::vector<Part> parts;
    const auto add = [&](Kind kind, const char* v4, const char* v6) {
        if (query.ipv4) parts.push_back({kind, AF_INET, v4});
        if (query.ipv6) parts.push_back({kind, AF_INET6, v6});
    };
    if (query.tcp) add(Kind::tcp, "TCP over IPv4", "TCP over IPv6");
    if (query.udp) add(Kind::udp, "UDP over IPv4", "UDP over IPv6");
    if (query.raw) add(Kind::raw, "raw sockets of IPv4", "raw sockets of IPv6");
    if (query.unix_domain) parts.push_back({Kind::unix_stream, AF_UNIX, "Unix sockets"});
    if (query.packet) parts.push_back({Kind::packet_raw, AF_PACKET, "packet sockets"});
    return parts;
}

class Visiting {
public:
    Visiting(const Query& query, Visitor& visitor, Time deadline)
        : query_(query), deadline_(deadline), sieve_(query, visitor, visit_) {
        states_ = query.states;
        if (query.filter == nullptr) return;
        states_ = states_ & query.filter->states();
        code_ = compile(*query.filter);
    }

    Result<Visit> run() {
        FT_TRY(socket_, netlink::open_socket(netlink::Protocol::sock_diag));
        for (const Part& part : parts_of(query_)) {
            if (!states_.empty()) FT_TRY_VOID(visit(part));
        }
        return std::move(visit_);
    }

private:
    Result<void> visit(const Part& part) {
        auto done = is_internet(part.kind)
                        ? visit_internet(part)
                        : ask(part,
                              is_unix(part.kind) ? unix_request(part, query_, states_)
                                                 : packet_request(part),
                              query_.filter == nullptr);
        if (done || !is_not_listed(done.error())) return done;
        if (part.kind == Kind::raw) return read_raw_table(part);
        visit_.limits.push_back(std::string(part.name) + ": this kernel does not list them (" +
                                done.error().reason() + ")");
        return {};
    }

    // ENOENT: the part of the kernel that lists them is missing; EINVAL: so is all of it.
    static bool is_not_listed(const Error& error) {
        return error.call() == kCall &&
               (error.is(ENOENT) || error.is(EINVAL) || error.is(EOPNOTSUPP));
    }

    // A condition that this kernel does not know, or that this user may not ask for, is judged
    // here.
    Result<void> visit_internet(const Part& part) {
        auto done = ask(part, internet_request(part, query_, states_, code_), code_.is_exact);
        const bool is_refused =
            !done && !code_.bytes.empty() && (done.error().is(EINVAL) || done.error().is(EPERM));
        if (!is_refused) {
            if (done && !code_.bytes.empty()) visit_.is_filtered_there = true;
            return done;
        }
        if (done.error().is(EPERM) && query_.filter->needs_marks()) {
            visit_.limits.emplace_back("marks are shown to who has CAP_NET_ADMIN only");
        }
        code_ = {{}, query_.filter == nullptr};
        return ask(part, internet_request(part, query_, states_, code_), false);
    }

    Result<void> ask(const Part& part, Request request, bool is_judged) {
        sieve_.begin(part, is_judged);
        return until_nothing_is_lost(
            [&] { return netlink::converse(socket_, room_, request, sieve_, deadline_); }, sieve_);
    }

    Result<void> read_raw_table(const Part& part) {
        const bool is_v6 = part.family == AF_INET6;
        const char* path = is_v6 ? "/proc/thread-self/net/raw6" : "/proc/thread-self/net/raw";
        const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path, "re"),
                                                                   &std::fclose);
        if (file == nullptr) {
            visit_.limits.push_back(std::string(part.name) + ": this kernel does not list them");
            return {};
        }
        sieve_.begin(part, query_.filter == nullptr);
        std::array<char, 512> line;
        bool is_head = true;
        while (std::fgets(line.data(), line.size(), file.get()) != nullptr) {
            if (std::exchange(is_head, false)) continue;
            FT_TRY(const SeenSocket socket, read_raw_line(line.data(), is_v6));
            if (states_.contains(socket.state)) FT_TRY_VOID(sieve_.take(socket));
        }
        return {};
    }

    const Query& query_;
    Time deadline_;
    StateSet states_;
    Bytecode code_;
    Visit visit_;
    Sieve sieve_;
    netlink::OpenSocket socket_;
    netlink::ReceiveRoom room_;
};

}  // namespace

Result<void> until_nothing_is_lost(const std::function<Result<void>()>& attempt,
                                   netlink::Sink& sink) {
    for (int left = netlink::kMostAttempts; true; --left) {
        auto done = attempt();
        if (done || !done.error().is(ENOBUFS) || left == 1) return done;
        sink.restart();
    }
}

Result<Visit> visit_sockets(const Query& query, Visitor& visitor, Time deadline) {
    return Visiting(query, visitor, deadline).run();
}

Result<void> destroy(const SeenSocket& socket, Time deadline) {
    if (socket.kind != Kind::tcp && socket.kind != Kind::udp) {
        return std::unexpected(
            Error::unsupported("SOCK_DESTROY", "only TCP and UDP sockets can be ended from outside")
                .about(name_of(socket.kind)));
    }
    inet_diag_req_v2 head{};
    const bool is_v4 = socket.local.ip.is_v4();
    head.sdiag_family = is_v4 ? AF_INET : AF_INET6;
    head.sdiag_protocol = socket.kind == Kind::tcp ? IPPROTO_TCP : IPPROTO_UDP;
    head.idiag_states = StateSet::all().bits();
    head.id.idiag_sport = htons(socket.local.port);
    head.id.idiag_dport = htons(socket.peer.port);
    const std::size_t size = is_v4 ? 4 : 16;
    std::memcpy(head.id.idiag_src, socket.local.ip.v6_bytes().data(), size);
    std::memcpy(head.id.idiag_dst, socket.peer.ip.v6_bytes().data(), size);
    head.id.idiag_if = socket.interface;
    head.id.idiag_cookie[0] = static_cast<std::uint32_t>(socket.cookie);
    head.id.idiag_cookie[1] = static_cast<std::uint32_t>(socket.cookie >> 32);
    Request request(SOCK_DESTROY, Asks::answer, "SOCK_DESTROY");
    request.about(socket.local_text() + " <-> " + socket.peer_text()).header(head);
    FT_TRY(netlink::OpenSocket asking, netlink::open_socket(netlink::Protocol::sock_diag));
    netlink::ReceiveRoom room;
    netlink::NoSink nothing;
    auto done = netlink::converse(asking, room, request, nothing, deadline);
    if (!done && done.error().is(EOPNOTSUPP)) {
        return std::unexpected(std::move(done).error().because(
            "this kernel was made without CONFIG_INET_DIAG_DESTROY, "
            "or has no way to end this kind of socket"));
    }
    return done;
}

}  // namespace fivetuple::diag
